"""Dreams, through the client: what they read, how they go on, what they leave behind."""

import anthropic
import pytest

from tests.kit.calling import AGENT, serving, strict
from tests.kit.scripts import going
from utilities.replay.http.requests import NOTE_HEADER
from utilities.replay.resources import dreams as module

pytestmark = pytest.mark.slow

MODEL = "claude-sonnet-4-6"


@pytest.fixture(scope="module")
def beta():
    with serving(going()) as server:
        yield strict(server).beta


@pytest.fixture(scope="module")
def new_session(beta):
    agent, environment = beta.agents.create(**AGENT), beta.environments.create(name="e")
    return lambda: beta.sessions.create(agent=agent.id, environment_id=environment.id).id


@pytest.fixture
def store(beta):
    store = beta.memory_stores.create(name="Notes", description="what we know").id
    beta.memory_stores.memories.create(store, path="/todo.md", content="milk")
    return store


@pytest.fixture
def dream(beta, store, new_session):
    """Creates a dream of the store and one session; `keep` names another store, or sessions."""

    def dream(store=store, sessions=(), **fields):
        inputs = [
            {"type": "memory_store", "memory_store_id": store},
            {"type": "sessions", "session_ids": list(sessions) or [new_session()]},
        ]
        return beta.dreams.create(**{"inputs": inputs, "model": MODEL, **fields})

    return dream


def refused(status=400):
    return pytest.raises(anthropic.APIStatusError, match=f"^Error code: {status}")


def looks(beta, id, count=4):
    return [beta.dreams.retrieve(id) for _ in range(count)]


@pytest.mark.rule(
    "a dream is pending, then running with a session, soon with its output store, at last completed",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
@pytest.mark.rule(
    "a dream goes a step further with each retrieve; a list or the passing of time moves none",
    topic="dreams", evidence="ours",
)  # fmt: skip
def test_the_life_of_a_dream(beta, dream, store):
    made = dream(instructions="keep it short")
    assert (made.status, made.outputs, made.session_id, made.ended_at) == ("pending", [], None, None)
    assert (made.model.id, made.model.speed, made.instructions) == (MODEL, "standard", "keep it short")
    assert (made.output_behavior.type, made.error, made.usage.input_tokens) == ("create_new", None, 0)
    running, writing, done, same = looks(beta, made.id)
    assert (running.status, running.outputs, writing.status) == ("running", [], "running")
    assert done.status == "completed" and done.ended_at and done == same
    assert running.session_id == done.session_id and writing.outputs == done.outputs
    assert beta.dreams.list(limit=1).data == [done]


@pytest.mark.rule(
    "the output of a dream is a new store that begins as a copy of its input, which stays as it is",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
@pytest.mark.rule(
    "a dream's output is an unchanged copy, and the answer that creates it says so in a note: what a dream "
    "makes of memories is in no recording; its usage stays zero",
    topic="dreams", evidence="ours",
)  # fmt: skip
def test_the_output_of_a_dream(beta, dream, store, new_session):
    done = looks(beta, dream().id)[-1]
    copy = beta.memory_stores.retrieve(done.outputs[0].memory_store_id)
    assert copy.id != store and (copy.name, copy.description) == ("Notes", "what we know")
    memories = [list(beta.memory_stores.memories.list(id, view="full")) for id in (store, copy.id)]
    assert [[(each.path, each.content) for each in of] for of in memories] == [[("/todo.md", "milk")]] * 2
    version = beta.memory_stores.memory_versions.list(copy.id).data[0]
    assert version.created_by.session_id == done.session_id
    inputs = [
        {"type": "memory_store", "memory_store_id": store},
        {"type": "sessions", "session_ids": [new_session()]},
    ]
    raw = beta.dreams.with_raw_response.create(inputs=inputs, model=MODEL)
    assert f"{raw.parse().id} changes none of them" in raw.headers[NOTE_HEADER]


@pytest.mark.rule(
    "with `update_existing` a dream's output is the store that it reads; a second such dream of it is 409 "
    "while the first has not ended, another store 400",
    topic="dreams", evidence="sdk", source="the docstring of `output_behavior`",
)  # fmt: skip
def test_a_dream_that_updates_its_store(beta, dream, store):
    behavior = {"type": "update_existing", "memory_store_id": store}
    first = dream(output_behavior=behavior)
    with refused(409):
        dream(output_behavior=behavior)
    dream()  # one that makes a new store is none of its business
    assert looks(beta, first.id)[-1].outputs[0].memory_store_id == store
    dream(output_behavior=behavior)
    with refused():
        dream(output_behavior={**behavior, "memory_store_id": "memstore_1"})


@pytest.mark.rule(
    "a dream's session can be read and streamed; it is archived, with its events, when the dream ends",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
@pytest.mark.rule(
    "nothing happens in a dream's session but that it runs and ends; its agent "
    "and environment are in no list",
    topic="dreams", evidence="ours",
)  # fmt: skip
def test_the_session_of_a_dream(beta, dream):
    id = looks(beta, dream().id, 1)[0].session_id
    session = beta.sessions.retrieve(id)
    assert (session.status, session.archived_at, session.agent.model.id) == ("running", None, MODEL)
    assert id in [each.id for each in beta.sessions.list()]
    dream_id = beta.dreams.list(limit=1).data[0].id
    with beta.sessions.events.stream(id) as stream:
        looks(beta, dream_id, 2)
        streamed = [event.type for event in stream]
    session = beta.sessions.retrieve(id)
    assert session.status == "terminated" and session.archived_at
    events = [event.type for event in beta.sessions.events.list(id)]
    assert streamed == events[2:] and events == [
        *("session.status_running", "session.thread_status_running"),
        *("session.thread_status_idle", "session.usage", "session.status_idle"),
        *("session.thread_status_terminated", "session.status_terminated"),
    ]
    assert session.agent.id not in [agent.id for agent in beta.agents.list()]
    assert session.environment_id not in [each.id for each in beta.environments.list()]


@pytest.mark.rule(
    "cancelling a dream that waits or runs ends it where it is; again it is a no-op; of one that is "
    "completed or failed it is 400",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
def test_cancelling(beta, dream, store):
    waiting, running = dream(), dream()
    canceled = beta.dreams.cancel(waiting.id)
    assert (canceled.status, canceled.outputs) == ("canceled", []) and canceled.ended_at
    assert beta.dreams.cancel(waiting.id) == canceled == beta.dreams.retrieve(waiting.id)
    output = looks(beta, running.id, 2)[-1].outputs[0].memory_store_id
    canceled = beta.dreams.cancel(running.id)
    assert canceled.outputs[0].memory_store_id == output == beta.memory_stores.retrieve(output).id
    assert beta.sessions.retrieve(canceled.session_id).archived_at
    done = looks(beta, dream().id)[-1]
    with refused():
        beta.dreams.cancel(done.id)


@pytest.mark.rule(
    "a dream that has ended can be archived, again as a no-op: it keeps its status and is in no list but on "
    "request; before that it is 400",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
def test_archiving(beta, dream):
    made = dream()
    with refused():
        beta.dreams.archive(made.id)
    done = looks(beta, made.id)[-1]
    archived = beta.dreams.archive(made.id)
    assert archived.archived_at and archived.status == "completed" and archived.outputs == done.outputs
    assert beta.dreams.archive(made.id) == archived == beta.dreams.retrieve(made.id)
    assert made.id not in [each.id for each in beta.dreams.list()]
    assert made.id in [each.id for each in beta.dreams.list(include_archived=True)]


@pytest.mark.rule(
    "a dream whose store is archived or deleted before it ends fails with `input_memory_store_unavailable`, "
    "one whose session is deleted with `input_session_unavailable`",
    topic="dreams", evidence="doc", source="the page about dreams",
)  # fmt: skip
@pytest.mark.parametrize("how", ["archive", "delete", "session"])
def test_inputs_that_go_away(beta, dream, store, new_session, how):
    session = new_session()
    made = dream(sessions=[session])
    output = looks(beta, made.id, 2)[-1].outputs[0].memory_store_id
    if how == "session":
        beta.sessions.delete(session)
    else:
        getattr(beta.memory_stores, how)(store)
    failed = beta.dreams.retrieve(made.id)
    kind = "input_session_unavailable" if how == "session" else "input_memory_store_unavailable"
    assert (failed.status, failed.error.type) == ("failed", kind) and failed.ended_at
    assert beta.memory_stores.retrieve(output).id == output == failed.outputs[0].memory_store_id
    with refused():
        beta.dreams.cancel(made.id)
    assert beta.dreams.archive(made.id).status == "failed"


@pytest.mark.rule(
    "a dream reads exactly one memory store, not archived, and 1 to 100 sessions, none twice, which are "
    "shown sorted; its instructions have 1 to 4,096 characters",
    topic="dreams", evidence="sdk", source="the docstrings of `inputs` and `instructions`",
)  # fmt: skip
@pytest.mark.rule(
    "what runs a dream is one of the six models of the documentation, at the standard speed; else 400",
    topic="dreams", evidence="doc", source="the page about dreams; speed: sdk",
)  # fmt: skip
def test_what_a_dream_takes(beta, dream, store, new_session, monkeypatch):
    sessions = [new_session() for _ in range(3)]
    shown = dream(
        sessions=sessions, model={"id": "claude-opus-5", "speed": "standard"}, instructions="x" * 4096
    )
    assert shown.inputs[1].session_ids == sorted(sessions) and shown.model.id == "claude-opus-5"
    monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    archived = beta.memory_stores.create(name="old").id
    beta.memory_stores.archive(archived)
    of_store, of_sessions = shown.to_dict()["inputs"]
    for wrong in (
        {"inputs": [of_store]},
        {"inputs": [of_store, of_store, of_sessions]},
        {"inputs": [of_store, {"type": "sessions", "session_ids": []}]},
        {"sessions": sessions},
        {"sessions": [sessions[0], sessions[0]]},
        {"store": archived},
        {"model": "claude-haiku-4-5"},
        {"model": {"id": MODEL, "speed": "fast"}},
        {"instructions": ""},
        {"instructions": "x" * 4097},
    ):
        with refused():
            dream(**wrong)
    for unknown in ({"store": "memstore_1"}, {"sessions": ["sesn_1"]}):
        with refused(404):
            dream(**unknown)


@pytest.mark.rule(
    "dreams are listed newest first, 20 on a page of at most 100, by status and by time",
    topic="dreams", evidence="doc", source="the page about dreams; the filters: sdk",
)  # fmt: skip
def test_the_list_of_dreams(beta, dream):
    first, second = dream(), dream()
    beta.dreams.cancel(first.id)
    assert [each.id for each in beta.dreams.list(limit=2)][:2] == [second.id, first.id]
    canceled = list(beta.dreams.list(statuses=["canceled", "failed"]))
    assert first.id in [each.id for each in canceled] and second.id not in [each.id for each in canceled]
    assert [each.id for each in beta.dreams.list(created_at_gt=first.created_at)] == [second.id]
    assert first.id not in [each.id for each in beta.dreams.list(created_at_lt=first.created_at)]
    for wrong in ({"limit": 0}, {"limit": 101}, {"statuses": ["asleep"]}):
        with refused():
            beta.dreams.list(**wrong)


@pytest.mark.rule(
    "routes of dreams need the beta `dreaming-2026-04-21`; that of managed agents isn't enough (404)",
    topic="requests", evidence="doc", source="the page about dreams",
)  # fmt: skip
def test_the_beta_of_dreams(beta):
    for betas in ("", "managed-agents-2026-04-01"):
        with refused(404):
            beta.dreams.list(extra_headers={"anthropic-beta": betas})
    beta.dreams.list(extra_headers={"anthropic-beta": "managed-agents-2026-04-01,dreaming-2026-04-21"})
