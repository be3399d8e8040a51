"""The headers that a request needs, and the SDK's that has them all."""

import httpx2
import pytest
from anthropic import BadRequestError, NotFoundError

from tests.kit.calling import AGENT, HEADERS, SAY_GO, new_session, serving, strict
from utilities.replay.http.headers import AGENT_MEMORY, require
from utilities.replay.http.requests import MANAGED_AGENTS

VERSION = {"anthropic-version": "2023-06-01"}
BETA_ROUTES = (
    "/v1/agents", "/v1/environments", "/v1/sessions", "/v1/vaults", "/v1/deployments", "/v1/deployment_runs",
)  # fmt: skip


@pytest.fixture(scope="module")
def server():
    with serving() as served:
        yield served


def told(server, path, **headers):
    """The status of a GET, and of an error its message."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx2.get(server.base_url + path, headers=named)
    body = answer.json()
    assert answer.headers["request-id"].startswith("req_01")
    if answer.status_code == 400:
        assert body["error"]["type"] == "invalid_request_error"
    return answer.status_code, body["error"]["message"] if "error" in body else ""


@pytest.mark.rule(
    "without `anthropic-version`, or with one that there isn't, a request is 400",
    topic="requests", evidence="doc",
    note="that it must be sent is documented; the words are those that others have met, and which versions "
    "are refused is ours: those that are neither known nor newer",
)  # fmt: skip
@pytest.mark.parametrize("path", [*BETA_ROUTES, "/v1/memory_stores", "/v1/files", "/v1/nothing"])
def test_a_request_needs_a_version(server, path):
    assert told(server, path, anthropic_beta=MANAGED_AGENTS) == (400, "anthropic-version: header is required")
    wrong = {"anthropic_version": "2023-06-02", "anthropic_beta": MANAGED_AGENTS}
    assert "'2023-06-02' is not a valid version" in told(server, path, **wrong)[1]


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21", "2031-01-01"])
def test_versions_that_are_taken(version):
    require("/v1/agents", version, {MANAGED_AGENTS})


@pytest.mark.rule(
    "without the header `anthropic-beta: managed-agents-2026-04-01` the routes of agents, environments, "
    "sessions, vaults and deployments don't exist: 404",
    topic="requests", evidence="doc",
    note="the page on events says so of threads' routes, the one on beta headers that all of them need it",
)  # fmt: skip
@pytest.mark.parametrize("path", BETA_ROUTES)
def test_a_route_in_beta_needs_its_beta(server, path):
    for betas in ({}, {"anthropic_beta": AGENT_MEMORY}):
        status, message = told(server, path, anthropic_version="2023-06-01", **betas)
        assert status == 404 and f"`anthropic-beta: {MANAGED_AGENTS}`" in message
    assert told(server, path, anthropic_version="2023-06-01", anthropic_beta=MANAGED_AGENTS)[0] == 200


@pytest.mark.rule("several betas stand in one header, with commas between", topic="requests", evidence="doc")
def test_several_betas(server):
    both = {"anthropic_beta": f"context-management-2025-06-27, {MANAGED_AGENTS}"}
    assert told(server, "/v1/agents", anthropic_version="2023-06-01", **both)[0] == 200


@pytest.mark.rule(
    "a beta that there isn't is 400, in the hosted words",
    topic="requests", evidence="doc",
    note="there are those that the installed SDK and the documentation name; a newer one is taken, which is "
    "ours",
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/agents", "/v1/files"])
def test_an_unknown_beta(server, path):
    betas = f"{MANAGED_AGENTS},invalid-beta-name,other-2020-01-01"
    status, message = told(server, path, anthropic_version="2023-06-01", anthropic_beta=betas)
    named = "Unexpected value(s) `invalid-beta-name`, `other-2020-01-01` for the `anthropic-beta` header."
    assert status == 400 and message.startswith(named)
    newer = f"{MANAGED_AGENTS},something-new-2031-01-01"
    assert told(server, path, anthropic_version="2023-06-01", anthropic_beta=newer)[0] == 200


@pytest.mark.rule(
    "routes of memory stores take `agent-memory-2026-07-22` or `managed-agents-2026-04-01`; both are 400",
    topic="memory", evidence="doc",
)  # fmt: skip
@pytest.mark.parametrize(
    ("betas", "expected"),
    [("", 404), (AGENT_MEMORY, 200), (MANAGED_AGENTS, 200), (f"{AGENT_MEMORY},{MANAGED_AGENTS}", 400)],
)
def test_the_betas_of_memory_stores(server, betas, expected):
    assert (
        told(server, "/v1/memory_stores", anthropic_version="2023-06-01", anthropic_beta=betas)[0] == expected
    )


@pytest.mark.rule("files, skills and messages need no beta header", topic="requests", evidence="doc")
def test_what_is_generally_available(server):
    for path in ("/v1/files", "/v1/skills"):
        assert told(server, path, **VERSION)[0] == 200
    asked = {"model": "claude-sonnet-4-6", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx2.post(f"{server.base_url}/v1/messages", json=asked, headers=VERSION)
    assert "no recordings of POST /v1/messages" in answer.json()["error"]["message"]


@pytest.mark.rule(
    "what the client sends by itself is enough for every route but files by session",
    topic="requests", evidence="sdk", source="run against the client",
)  # fmt: skip
def test_the_client_has_all_of_them(server):
    client = strict(server)
    session = new_session(client, initial_events=SAY_GO["events"])
    beta = client.beta
    store = beta.memory_stores.create(name="s")
    beta.memory_stores.memories.create(store.id, path="/a", content="x")
    for lists in (
        beta.agents.list(), beta.environments.list(), beta.sessions.list(), beta.vaults.list(),
        beta.memory_stores.list(), beta.memory_stores.memories.list(store.id), client.beta.files.list(),
        beta.sessions.events.list(session), beta.sessions.threads.list(session),
    ):  # fmt: skip
        assert lists.data is not None
    with pytest.raises(BadRequestError, match="can't be combined"):
        beta.memory_stores.list(betas=[MANAGED_AGENTS])
    with pytest.raises(NotFoundError, match="anthropic-beta"):
        client.get("/v1/agents", cast_to=object)


@pytest.mark.rule(
    "answers have `anthropic-organization-id` and `anthropic-workspace-id`, those that webhooks name; not so "
    "if the key is refused",
    topic="requests", evidence="doc",
)  # fmt: skip
def test_whose_key_it_is():
    with serving(key="right") as server:
        url = f"{server.base_url}/v1/agents"
        answers = [
            httpx2.get(url, headers={**HEADERS, "x-api-key": "right"}),
            httpx2.post(url, json=AGENT, headers={**HEADERS, "x-api-key": "right"}),
            httpx2.get(url, headers={"x-api-key": "right"}),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 400]
        (workspace,) = {answer.headers["anthropic-workspace-id"] for answer in answers}
        assert workspace.startswith("wrkspc_01") and "anthropic-organization-id" in answers[0].headers
        assert "anthropic-workspace-id" not in httpx2.get(url, headers=HEADERS).headers
