"""The server on a real socket: the unmodified, strict SDK client, and raw requests that are wrong."""

import asyncio

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import FileNotDownloadableError

from tests.kit.calling import AGENT, HEADERS, SAY_GO, TURN, new_session, serving, strict
from tests.kit.scripts import asking
from tests.kit.sessions import message
from utilities.replay.http.errors import TYPES
from utilities.replay.http.requests import MANAGED_AGENTS
from utilities.replay.server.app import MAX_BODY, MAX_UPLOAD, largest


@pytest.fixture(scope="module")
def server():
    with serving() as server:
        yield server


@pytest.fixture
def client(server):
    return strict(server)


def test_faults_may_be_given_as_their_spec():
    with serving(faults="status=529") as server, pytest.raises(anthropic.InternalServerError, match="529"):
        strict(server).beta.agents.list()
    with pytest.raises(ValueError, match="there is no fault 'dorp'"):
        serving(faults="dorp=3")


# -- every route, as the strict client sees it -------------------------------------------------------------


@pytest.mark.rule(
    "every answer is complete: the client accepts it with `_strict_response_validation`",
    topic="requests",
    evidence="sdk",
    source="run against the client",
)
def test_the_strict_client_accepts_every_route():
    with serving() as server:
        ask_every_route(strict(server).beta)


def ask_every_route(beta):
    tools = [
        {"type": "agent_toolset_20260401", "configs": [{"name": "bash", "enabled": False}]},
        {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}},
    ]
    agent = beta.agents.create(**AGENT, tools=tools, metadata={"a": "b"})
    agent = beta.agents.update(agent.id, version=agent.version, system="brief")
    assert beta.agents.retrieve(agent.id, version=1).version == 1
    assert [a.version for a in beta.agents.versions.list(agent.id)] == [2, 1]
    assert [a.id for a in beta.agents.list()] == [agent.id]
    limited = {"type": "cloud", "networking": {"type": "limited", "allowed_hosts": ["x.y"]}}
    environment = beta.environments.create(name="e", config=limited)
    assert beta.environments.update(environment.id, name="f").name == "f"
    assert [e.id for e in beta.environments.list()] == [beta.environments.retrieve(environment.id).id]
    file = beta.files.upload(file=("in/a.py", b"a = 1\n", "text/x-python"))
    assert beta.files.retrieve_metadata(file.id).filename == "a.py"
    resource = {"type": "file", "file_id": file.id, "mount_path": "a.py"}
    session = beta.sessions.create(agent=agent.id, environment_id=environment.id, resources=[resource]).id
    more = beta.sessions.resources.add(session, type="file", file_id=file.id, mount_path="b.py")
    assert beta.sessions.resources.retrieve(more.id, session_id=session) == more
    assert [r.mount_path[-4:] for r in beta.sessions.resources.list(session)] == ["a.py", "b.py"]
    beta.sessions.resources.delete(more.id, session_id=session)
    (queued,) = beta.sessions.events.send(session, events=SAY_GO["events"]).data
    assert queued.processed_at is None
    assert [e.type for e in beta.sessions.events.list(session, limit=3, order="desc")] == TURN[::-1]
    assert len(list(beta.sessions.events.list(session, types=["agent.message"]))) == 2
    assert beta.sessions.update(session, title="t").title == "t"
    assert [s.id for s in beta.sessions.list(agent_id=agent.id, statuses=["idle"])] == [session]
    while beta.sessions.retrieve(session).status != "idle":
        pass
    output, mounted = (
        f for f in beta.files.list(scope_id=session, betas=[MANAGED_AGENTS]) if f.id != more.file_id
    )
    assert beta.files.download(output.id).read() == b"x = 1\n"
    for input_file in (file.id, mounted.id):
        with pytest.raises(FileNotDownloadableError):
            beta.files.download(input_file)
    assert beta.sessions.archive(session).status == "terminated"
    assert beta.sessions.delete(session).type == "session_deleted"
    assert beta.files.delete(file.id).type == "file_deleted"
    assert beta.agents.archive(agent.id).archived_at
    assert beta.environments.archive(environment.id).archived_at
    assert beta.environments.delete(environment.id).type == "environment_deleted"
    for exception, call in {
        anthropic.NotFoundError: lambda: beta.sessions.retrieve(session),
        anthropic.ConflictError: lambda: beta.agents.update(agent.id, version=1, name="x"),
        anthropic.BadRequestError: lambda: beta.agents.create(name="", model="claude-opus-5"),
    }.items():
        with pytest.raises(exception) as caught:
            call()
        assert caught.value.request_id == caught.value.body["request_id"]


@pytest.mark.rule(
    "every answer is complete: the client accepts it with `_strict_response_validation`",
    topic="requests",
    evidence="sdk",
    source="run against the client",
)
def test_the_async_client_sees_the_same(server):
    async def turn():
        async with strict(server, AsyncAnthropic) as client:
            agent = await client.beta.agents.create(**AGENT)
            environment = await client.beta.environments.create(name="e")
            session = await client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
            async with await client.beta.sessions.events.stream(session.id) as stream:
                await client.beta.sessions.events.send(session.id, events=SAY_GO["events"])
                return [event.type async for event, _ in _zip(stream, range(len(TURN)))]

    async def _zip(stream, numbers):
        for number in numbers:
            yield await anext(stream), number

    assert asyncio.run(turn()) == TURN


@pytest.mark.rule(
    "an accepted event is echoed with its id and `processed_at: null`, and stamped later under the same id",
    topic="sending",
    evidence="doc",
)
def test_answers_of_a_client_and_queued_events_are_complete():
    with serving(asking("deny", "deny", deny_message="no")) as server:
        client = strict(server)
        session = new_session(client)
        events = client.beta.sessions.events
        events.send(session, events=[message("clean up")])
        call = next(e.id for e in events.list(session) if e.type == "agent.tool_use")
        answer = {
            "type": "user.tool_confirmation",
            "tool_use_id": call,
            "result": "deny",
            "deny_message": "no",
        }
        assert events.send(session, events=[answer]).data[0].deny_message == "no"
        assert [e.processed_at for e in events.list(session) if e.type == "user.tool_confirmation"] != [None]
    with serving(speed=1e-9) as server:  # a microsecond takes a quarter of an hour
        client = strict(server)
        session = new_session(client, initial_events=SAY_GO["events"])
        assert [e.processed_at is None for e in client.beta.sessions.events.list(session)] == [False, True]


# -- raw requests: whatever comes, the hosted error shape, and the server goes on ----------------------------


def chunks(size):
    yield from (b" " * 2**20 for _ in range(size // 2**20))


MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


@pytest.mark.rule(
    "an error is `{type: error, error: {type, message}, request_id}`, its id in the header `request-id` too",
    topic="requests",
    evidence="sdk",
    source="errors are parsed so",
)
@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/", {}, 404),
        ("OPTIONS", "/v1/agents", {}, 405),
        ("BREW", "/v1/agents", {}, 405),
        ("POST", "/v1/agents", {"content": chunks(MAX_BODY + 2**21)}, 413),
        ("POST", "/v1/files", {"content": b"no form"}, 400),
        ("POST", "/v1/files", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400),
        ("POST", "/v1/files", {"content": b"garbage", "headers": MULTIPART}, 400),
        ("POST", "/v1/files", {"data": {"file": "text"}, "files": {"o": b""}}, 400),
        ("GET", "/v1/sessions/%ff%00/events?limit=%ff", {}, 404),
    ],
)
def test_a_wrong_request_gets_the_hosted_error_shape(server, client, method, path, options, status):
    with httpx2.Client(headers=HEADERS) as http:
        answer = http.request(method, server.base_url + path, **options)
    body = answer.json()
    assert answer.status_code == status
    assert (body["type"], body["request_id"]) == ("error", answer.headers["request-id"])
    assert body["error"]["message"] and body["error"]["type"] in TYPES.values()
    assert client.beta.agents.create(**AGENT)


@pytest.mark.slow
@pytest.mark.rule(
    "a body of more than 32 MB is 413 `request_too_large`; a form with a file may have 500 MB",
    topic="requests",
    evidence="doc",
)
def test_a_body_that_says_it_is_too_large(server):
    with pytest.raises(anthropic.APIStatusError) as caught:
        strict(server).beta.agents.create(**AGENT, system="x" * MAX_BODY)
    assert caught.value.status_code == 413
    assert caught.value.body["error"]["type"] == "request_too_large"
    file = strict(server).beta.files.upload(file=("big", bytes(MAX_BODY + 1)))
    assert file.size_bytes == MAX_BODY + 1
    form = [(b"content-type", MULTIPART["content-type"].encode())]
    assert largest({"path": "/v1/files", "headers": form}) == MAX_UPLOAD == 500 * 2**20
    assert largest({"path": "/v1/agents", "headers": form}) == MAX_BODY


@pytest.mark.rule("what goes wrong in the server is 500 `api_error`", topic="requests", evidence="doc")
def test_a_bug_of_the_server_is_an_error_in_that_shape_too(server, client, monkeypatch, caplog):
    monkeypatch.setattr(server.api.agents, "get", lambda id: 1 / 0)
    with pytest.raises(anthropic.InternalServerError, match="ZeroDivisionError"):
        client.beta.agents.retrieve("agent_x")
    assert "Traceback" in caplog.text


def test_no_two_requests_have_the_same_id():
    """Those that are refused before they are looked at, and streams, among them."""
    with serving() as server, httpx2.Client(base_url=f"{server.base_url}/v1", headers=HEADERS) as client:
        session = new_session(strict(server))
        wrong = {"x-replay-faults": "nothing of the kind"}
        answers = [client.get("/agents", headers=wrong) for _ in range(2)]
        for _ in range(2):
            with client.stream("GET", f"/sessions/{session}/events/stream") as stream:
                answers += [stream, client.get("/agents"), client.get("/nowhere")]
    assert len({answer.headers["request-id"] for answer in answers}) == len(answers)


@pytest.mark.rule(
    "a key comes as `Authorization: Bearer`, or as `x-api-key`; a wrong one is 401 `authentication_error`",
    topic="requests",
    evidence="sdk",
    source="the client's headers",
    note="the documentation of August 2026 has `x-api-key` only",
)
@pytest.mark.parametrize("key", ["wrong", "ünicode", ""])
def test_a_wrong_key_is_refused(key):
    with serving(key="right") as server:
        header = {"authorization": f"Bearer {key}".encode()} if key else {}
        answer = httpx2.get(f"{server.base_url}/v1/agents", headers=header)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
        assert list(strict(server, key="right").beta.agents.list()) == []
        by_hand = {**HEADERS, "x-api-key": "right"}
        assert httpx2.get(f"{server.base_url}/v1/agents", headers=by_hand).status_code == 200
