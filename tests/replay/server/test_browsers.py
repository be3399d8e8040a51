"""What a web page can do with a server on the loopback address: nothing, unless it was named."""

import json
import socket

import pytest
from anthropic import Anthropic

from tests.kit.calling import AGENT, HEADERS, SAY_GO, new_session, serving, strict
from utilities.replay import ReplayServer

PAGE = "https://page.example"
JSON = "application/json"


def sent(server, method, path, body=b"", **headers):
    """The status, headers and body that a request made by hand gets, header for header as given."""
    host, port = server.base_url.removeprefix("http://").split(":")
    head = {"host": f"{host}:{port}", **HEADERS, "connection": "close", "content-length": str(len(body))}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items() if value)]
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    top, _, rest = received.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), named, json.loads(rest or b"{}")


@pytest.fixture
def server():
    with serving() as served:
        yield served


def refused(answer, status, told):
    assert answer[0] == status and told in answer[2]["error"]["message"]
    assert not [name for name in answer[1] if name.startswith("access-control-")]


@pytest.mark.rule(
    "pages may not use the server: a request with another `Origin` is 403, unless --allow-origin names it",
    topic="requests", evidence="ours",
)  # fmt: skip
@pytest.mark.parametrize("origin", [PAGE, "null", "http://127.0.0.1:8888", "http://localhost", "file://"])
def test_a_page_from_elsewhere_neither_reads_nor_sends(server, origin):
    client = strict(server)
    session = new_session(client)
    events = f"/v1/sessions/{session}/events"
    refused(sent(server, "GET", "/v1/agents", origin=origin), 403, "--allow-origin")
    body = json.dumps(SAY_GO).encode()
    for kind in ("text/plain", JSON):
        refused(sent(server, "POST", events, body, origin=origin, content_type=kind), 403, "--allow-origin")
    refused(sent(server, "DELETE", f"/v1/sessions/{session}", origin=origin), 403, "--allow-origin")
    asked = {"origin": origin, "access_control_request_method": "POST"}
    refused(sent(server, "OPTIONS", events, **asked), 403, "--allow-origin")
    assert list(client.beta.sessions.events.list(session)) == []


def test_what_a_page_can_send_without_saying_where_it_is_from(server):
    """An image, a script: no header of its own, so no version."""
    refused(sent(server, "GET", "/v1/agents", anthropic_version=""), 400, "anthropic-version")


@pytest.mark.rule("a body that isn't sent as `application/json` is 415", topic="requests", evidence="ours")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""]
)
def test_a_body_has_to_be_sent_as_json(server, kind):
    body = json.dumps(AGENT).encode()
    answer = sent(server, "POST", "/v1/agents", body, content_type=kind)
    refused(answer, 415, "must be application/json")
    assert answer[2]["error"]["type"] == "invalid_request_error"
    assert sent(server, "POST", "/v1/agents", body, content_type="Application/JSON; charset=utf-8")[0] == 200


@pytest.mark.rule(
    "a request for another host than this machine is 403 (a page can make a name of its own lead here); not "
    "if the server has a key, which the page doesn't know",
    topic="requests", evidence="ours",
)  # fmt: skip
@pytest.mark.parametrize(
    "host", ["page.example", "127.0.0.1.page.example", "localhost.page.example:80", "10.0.0.1", "[", "0x7f.1"]
)
def test_a_rebound_name(server, host):
    refused(sent(server, "GET", "/v1/agents", host=host), 403, "Use 127.0.0.1 or localhost")
    refused(sent(server, "GET", "/v1/agents", host=host, origin=f"http://{host}"), 403, "Host: ")
    with serving(key="secret") as keyed:
        refused(sent(keyed, "GET", "/v1/agents", host=host), 401, "invalid key")
        assert sent(keyed, "GET", "/v1/agents", host=host, x_api_key="secret")[0] == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.2:80", "[::1]:80"])
def test_names_of_this_machine(server, host):
    assert sent(server, "GET", "/v1/agents", host=host)[0] == 200


def test_a_page_that_was_named():
    with serving(allow_origins=[PAGE]) as server:
        session = new_session(strict(server))
        asked = {
            "origin": PAGE, "access_control_request_method": "POST",
            "access_control_request_headers": "anthropic-beta,anthropic-version,content-type",
        }  # fmt: skip
        status, told, _ = sent(server, "OPTIONS", f"/v1/sessions/{session}/events", **asked)
        assert status == 204
        assert told["access-control-allow-origin"] == PAGE and told["vary"] == "origin"
        assert told["access-control-allow-headers"] == asked["access_control_request_headers"]
        assert "POST" in told["access-control-allow-methods"]
        body = json.dumps(SAY_GO).encode()
        posted = sent(server, "POST", f"/v1/sessions/{session}/events", body, origin=PAGE, content_type=JSON)
        lost = sent(server, "GET", "/v1/sessions/sesn_none", origin=PAGE)
        assert (posted[0], lost[0]) == (200, 404)
        for _, told, _ in (posted, lost):
            assert told["access-control-allow-origin"] == PAGE
            assert "request-id" in told["access-control-expose-headers"]
        refused(sent(server, "GET", "/v1/agents", origin="https://other.example"), 403, "Origin: ")


@pytest.mark.parametrize(
    "origin", ["*", "page.example", "https://page.example/", "ftp://x", "https://", "null"]
)
def test_what_is_no_origin(origin):
    with pytest.raises(ValueError, match="is no origin"):
        ReplayServer(serving().api.sessions.library, allow_origins=[origin])


@pytest.mark.slow
@pytest.mark.rule(
    "ids of `python -m utilities.replay` are other ones in each run, unless --seed is given; those of "
    "`connect()`, tests and `ReplayServer` are the same",
    topic="requests", evidence="ours",
)  # fmt: skip
def test_ids_of_another_run_lead_nowhere():
    def first(**options):
        with serving(**options) as server, Anthropic(api_key="x", base_url=server.base_url) as client:
            return new_session(client), client.beta.agents.list().data[0].id

    assert first() == first() == first(seed="")
    assert first(seed="a") == first(seed="a")
    assert not {*first(seed="a")} & {*first(seed="b"), *first()}
