"""What a list can be asked for, and which cursors it takes."""

import pytest
from anthropic import BadRequestError

from utilities.replay.http.headers import AGENT_MEMORY
from utilities.replay.http.requests import MANAGED_AGENTS


@pytest.mark.rule(
    "a cursor of memories that was made without the header `agent-memory-2026-07-22` isn't valid with it",
    topic="memory", evidence="doc", source="the release notes of July 2026",
)  # fmt: skip
def test_a_cursor_from_before_the_beta_of_memory(client):
    store = client.beta.memory_stores.create(name="notes").id
    for path in ("/a", "/b"):
        client.beta.memory_stores.memories.create(store, path=path, content="x")

    def page(beta, **query):
        headers = {"anthropic-beta": beta}
        return client.beta.memory_stores.memories.list(store, limit=1, extra_headers=headers, **query)

    cursor = page(MANAGED_AGENTS).next_page
    assert page(MANAGED_AGENTS, page=cursor).data[0].path == "/b"
    with pytest.raises(BadRequestError, match="not a cursor of this list"):
        page(AGENT_MEMORY, page=cursor)


@pytest.mark.rule(
    "sessions and threads are listed by statuses that there are; another is 400",
    topic="lists", evidence="ours",
)  # fmt: skip
def test_a_status_that_there_is_not(call):
    for path in ("/sessions", f"/sessions/{call.session()['id']}/threads"):
        told = call.get(path, 400, **{"statuses[]": ["idle", "done"]})
        assert told == "statuses: 'done' is unknown, expected rescheduling, running, idle, terminated"
