"""Wrong requests: each gets the hosted error shape, a message that names the field, and does no harm."""

import json

import pytest

from tests.kit.calling import AGENT, SAY_GO

TOOL = {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}}


@pytest.fixture(autouse=True)
def _still_serves(call):
    """After every test here, the server answers as if nothing had been."""
    yield
    session = call.session(initial_events=SAY_GO["events"])
    assert len(call.get(f"/sessions/{session['id']}/events")["data"]) == 8
    for path in ("/agents", "/environments", "/files", "/sessions"):
        json.dumps(call.get(path), allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "model: Field required; name: Field required"),
        ({"name": "a"}, "model: Field required"),
        ({**AGENT, "name": 5}, "name: "),
        ({**AGENT, "name": " "}, "name: must not be empty"),
        ({**AGENT, "nmae": "x"}, "nmae: Extra inputs"),
        ({**AGENT, "betas": ["x"]}, "betas: Extra inputs"),
        ({**AGENT, "tools": {"type": "custom"}}, "tools: "),
        ({**AGENT, "tools": [{"type": "custm"}]}, "tools.0.type: 'custm' is unknown, expected "),
        ({**AGENT, "tools": [{}]}, "tools.0.type: Field required"),
        ({**AGENT, "tools": [{**TOOL, "name": None}]}, "tools.0.name: "),
        ({**AGENT, "tools": [TOOL, {**TOOL, "colour": "red"}]}, "tools.1.colour: Extra inputs"),
        ({**AGENT, "tools": [{"type": "x" * 10**6}]}, "tools.0.type: 'xxx"),
        ({**AGENT, "metadata": {"a": 1}}, "metadata.a: "),
        ({**AGENT, "metadata": {"a" * 65: ""}}, "metadata: at most 16 pairs"),
        ({**AGENT, "metadata": {str(n): "" for n in range(17)}}, "metadata: at most 16 pairs"),
    ],
)
def test_an_agent_that_is_wrong(call, body, told):
    message = call.post("/agents", body, 400)
    assert told in message
    assert len(message) < 500
    assert call.get("/agents")["data"] == []


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (None, "events: Field required"),
        ([], "events: at least one"),
        ("go", "events: "),
        ([{"type": "user.mesage"}], "events.0.type: 'user.mesage' is unknown"),
        ([{"type": "agent.message", "content": []}], "events.0.type: "),
        ([{"type": "user.message"}], "events.0.content: Field required"),
        ([{"type": "user.message", "content": "go"}], "events.0.content: "),
        (
            [{"type": "user.message", "content": [{"type": "text"}]}],
            "events.0.content.0.text: Field required",
        ),
        (
            [{"type": "user.message", "content": [{"type": "txt", "text": "go"}]}],
            "events.0.content.0.type: 'txt'",
        ),
        ([{"type": "user.tool_confirmation", "tool_use_id": "x", "result": "maybe"}], "events.0.result: "),
        (
            [{"type": "user.custom_tool_result", "is_error": True}],
            "events.0.custom_tool_use_id: Field required",
        ),
        ([*SAY_GO["events"], {"type": "user.message", "content": [5]}], "events.1.content.0: "),
    ],
)
def test_events_that_are_wrong(call, events, told):
    path = f"/sessions/{call.session()['id']}/events"
    assert told in call.post(path, {} if events is None else {"events": events}, 400)
    assert call.get(path)["data"] == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"environment_id": 5}, "environment_id: "),
        ({"resources": [{"type": "file"}]}, "resources.0.file_id: Field required"),
        ({"resources": [{"type": "github_repository"}]}, "resources.0.url: Field required"),
        ({"resources": [{"type": "s3_bucket", "url": "https://x.y/z"}]}, "resources.0.type: "),
        ({"title": ["x"]}, "title: "),
        ({"agent": {"type": "agent"}}, "agent.id: Field required"),
        ({"initial_events": [{"type": "user.message", "content": 5}]}, "initial_events.0.content: "),
    ],
)
def test_a_session_that_is_wrong(call, fields, told):
    agent, environment = (call.post(path, AGENT if path == "/agents" else {"name": "e"})["id"]
                          for path in ("/agents", "/environments"))  # fmt: skip
    assert told in call.post("/sessions", {"agent": agent, "environment_id": environment, **fields}, 400)
    assert call.get("/sessions")["data"] == []


@pytest.mark.parametrize("body", [[], None, "x", 5])
def test_a_body_that_is_no_object(call, body):
    assert "the body must be a JSON object" in call.send("POST", "/agents", json.dumps(body).encode(), 400)


@pytest.mark.parametrize(
    "body", [b"{", b"nothing", b"\xff\xfe\x00", b'{"name": "a",}', b"1" * 5000, b"[" * 50_000]
)
def test_a_body_that_is_no_json(call, body):
    assert "not valid JSON" in call.send("POST", "/agents", body, 400)


def agent_with(schema):
    """An agent whose tool has this JSON text in its schema, where the SDK's types allow anything."""
    tool = {**TOOL, "input_schema": {"type": "object", "properties": {"x": "HERE"}}}
    return json.dumps({**AGENT, "tools": [tool]}).replace('"HERE"', schema).encode()


@pytest.mark.parametrize("poison", ["NaN", "Infinity", "1e999", '"\\ud800"', '{"\\udfff": 1}'])
def test_what_could_not_be_sent_back_is_not_taken(call, poison):
    assert "not valid JSON" in call.send("POST", "/agents", agent_with('{"type": ' + poison + "}"), 400)


@pytest.mark.parametrize(("depth", "status"), [(10, 200), (190, 200), (195, 400), (980, 400), (50_000, 400)])
def test_deep_nesting_is_taken_or_refused(call, depth, status):
    call.send("POST", "/agents", agent_with('{"a": ' * depth + "1" + "}" * depth), status)


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/agents", {"limit": "101"}, "limit: must be a whole number from 0 to 100, not '101'"),
        ("/agents", {"limit": "many"}, "limit: "),
        ("/agents", {"limit": "²"}, "limit: "),
        ("/agents", {"limit": "9" * 5000}, "limit: "),
        ("/agents", {"page": "page_xyz"}, "page: 'page_xyz' is not a cursor"),
        ("/agents", {"page": "page_LTU"}, "page: "),
        ("/agents", {"page": "ü"}, "page: "),
        ("/agents", {"include_archived": "yes"}, "include_archived: must be true or false"),
        ("/agents", {"created_at[gte]": "today"}, "created_at[gte]: 'today' is not an RFC 3339 time"),
        ("/sessions", {"order": "up"}, "order: must be asc or desc"),
        ("/sessions", {"include_archived": "1"}, "include_archived: "),
        ("/sessions", {"created_at[lt]": ""}, "created_at[lt]: "),
        ("/sessions", {"agent_id": "x", "agent_version": "-1"}, "agent_version: "),
        ("/sessions/ID/events", {"limit": "1001"}, "limit: "),
        ("/sessions/ID/events", {"order": "up"}, "order: "),
        ("/sessions/ID/events", {"created_at[gt]": "x"}, "created_at[gt]: "),
        ("/files", {"limit": "-1"}, "limit: "),
    ],
)
def test_a_wrong_query_names_its_parameter(call, path, query, told):
    """Also when the list is empty, and there is nothing to compare or to page."""
    path = path.replace("ID", call.session()["id"]) if "ID" in path else path
    assert told in call.get(path, 400, **query)


def test_a_page_whose_rows_are_gone_is_empty(call):
    made = [call.post("/environments", {"name": name})["id"] for name in ("first", "second")]
    cursor = call.get("/environments", limit="1")["next_page"]
    for id in made:
        call.delete(f"/environments/{id}")
    assert call.get("/environments", page=cursor) == {"data": [], "next_page": None}


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/nothing", 404, "GET /v1/nothing: there is no such route"),
        ("POST", "/sessions/x/y/z", 404, "no such route"),
        ("GET", "/agents/../files/x", 404, "no such route"),
        ("PUT", "/agents", 405, "use POST or GET"),
        ("DELETE", "/agents/agent_x", 405, "use GET or POST"),
        ("PATCH", "/sessions/x", 405, "use GET or POST or DELETE"),
        ("GET", "/agents/agent_x", 404, "Agent `agent_x` was not found"),
        ("GET", "/sessions/sesn_x/events", 404, "Session `sesn_x` was not found"),
        ("POST", "/sessions/sesn_x/archive", 404, "Session `sesn_x`"),
        ("GET", "/files/file_x/content", 404, "File `file_x`"),
        ("DELETE", "/environments/env_x", 404, "Environment `env_x`"),
    ],
)
def test_unknown_routes_methods_and_ids(call, method, path, status, told):
    assert told in call.send(method, path, status=status)


def test_a_message_about_many_fields_is_short(call):
    told = call.post("/agents", {**AGENT, **dict.fromkeys("abcdefgh", 1)}, 400)
    assert told.endswith("(and 5 more)")
