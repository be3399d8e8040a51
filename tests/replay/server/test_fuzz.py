"""Whatever comes, the answer is one of the hosted API's, and the server goes on serving.

10,000 random requests go to the routes that `Api` itself lists, so that new ones are among them.
`COOKBOOK_REQUESTS=100000` sends more, `COOKBOOK_SEED=2` other ones; `-s` shows the counts.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections import Counter
from typing import Any

import httpx2
import pytest

from tests.kit.calling import (
    HEAD,
    JSON_HEAD,
    JSON_HEADERS,
    SAY_GO,
    TURN,
    Caller,
    new_session,
    serving,
    strict,
)
from tests.kit.fuzzing import Fuzzer, routes
from tests.kit.scripts import asking, going, windowed
from utilities.replay.http import validation
from utilities.replay.http.errors import LONGEST, TYPES
from utilities.replay.resources.sessions import Subscription
from utilities.replay.server.app import MAX_BODY

REQUESTS = int(os.environ.get("COOKBOOK_REQUESTS", "10000"))
SEED = int(os.environ.get("COOKBOOK_SEED", "1"))


def scripts():
    return [going(), windowed("abcdefg", window=5), asking("allow", "allow"), asking("deny", "deny")]


def checked(answer, now):
    """The status and the content of an answer that is as all answers have to be."""
    if isinstance(answer, Subscription):
        events, _, _ = answer.poll(now)
        return 200, events
    assert answer.status in (200, 400, 404, 405, 409, 413), answer.content
    if answer.status != 200:
        check_error(answer.status, answer.content, answer.headers)
    content = None if isinstance(answer.content, bytes) else answer.content
    json.dumps(content, allow_nan=False, ensure_ascii=False).encode()
    return answer.status, content


def check_error(status, content, headers):
    assert content.keys() == {"type", "error", "request_id"} and content["type"] == "error"
    assert content["error"]["type"] == TYPES[status] or content["error"]["type"].endswith("_error")
    assert 0 < len(content["error"]["message"]) <= LONGEST + 3
    assert content["request_id"] == headers["request-id"]


@pytest.mark.slow
@pytest.mark.rule(
    "whatever is sent to any route: an answer of 2xx or 4xx in the hosted shape, and it goes on serving",
    topic="requests", evidence="ours",
)  # fmt: skip
def test_random_requests_to_every_route(monkeypatch):
    call = Caller(*scripts(), strict=False, speed=1.0)
    fuzzer = Fuzzer(SEED, routes(call.api))
    route = fuzzer.routes[0]
    validate = validation.validate

    def noted(params: type, body: Any) -> dict[str, Any]:
        fuzzer.types[route] = params  # so the next body for this route is made from it
        return validate(params, body)

    monkeypatch.setattr(validation, "validate", noted)
    statuses: Counter[int] = Counter()
    succeeded: Counter[tuple[str, str]] = Counter()
    for number in range(REQUESTS):
        if number % 50 == 0:
            fuzzer.learn(call.session())  # there is always one that hasn't ended
        route, request = fuzzer.request(number)
        call.now += fuzzer.random.choice([0.0, 0.0, 0.1, 3.0])
        status, content = checked(call.api.handle(request, call.now), call.now)
        statuses[status] += 1
        if status == 200:
            succeeded[route] += 1
            fuzzer.learn(content)
    print(f"\n{REQUESTS} random requests to {len(fuzzer.routes)} routes:", dict(sorted(statuses.items())))
    print(f"{len(succeeded)} of the routes answered 200; not: {sorted(set(fuzzer.routes) - set(succeeded))}")
    assert min(fuzzer.counts.values()) >= REQUESTS // len(fuzzer.routes)
    assert len(succeeded) > len(fuzzer.routes) / 2  # what is only ever refused is not tried
    serves_a_turn(call)


def serves_a_turn(call):
    session = call.session(initial_events=SAY_GO["events"])
    call.now += 60.0
    events = call.get(f"/sessions/{session['id']}/events")["data"]
    assert [event["type"] for event in events] == TURN


# -- on a socket ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    with serving(*scripts(), strict=False) as server:
        yield server


@pytest.fixture(autouse=True)
def _still_serves(request):
    """After each test on the socket: the unmodified client gets a whole turn."""
    yield
    if "server" in request.fixturenames:
        client = strict(request.getfixturevalue("server"))
        session = new_session(client, initial_events=SAY_GO["events"])
        assert [event.type for event in client.beta.sessions.events.list(session)] == TURN


@pytest.mark.slow
def test_random_requests_over_http(server):
    """Fewer than above, through uvicorn and Starlette, with odd headers."""
    call = Caller()
    fuzzer = Fuzzer(SEED, routes(call.api))
    statuses: Counter[int] = Counter()
    odd = (
        "",
        "a" * 8000,
        "ü",
        "text/event-stream",
        "multipart/form-data",
        "application/json; charset=utf-16",
    )
    names = ("accept", "content-type", "anthropic-version", "authorization", "x-api-key", "expect", "range")
    with httpx2.Client(base_url=server.base_url, timeout=20) as client:
        for number in range(600):
            _, request = fuzzer.request(number)
            headers = {fuzzer.random.choice(names): fuzzer.random.choice(odd).encode() for _ in range(2)}
            headers = {**JSON_HEADERS, **(headers if number % 2 else {})}
            upload = request.form.file
            files = {"file": (upload.filename, upload.content)} if upload else None
            try:
                url = httpx2.URL(server.base_url).copy_with(raw_path=raw_path(request.path))
                made = client.build_request(
                    request.method, url, params=list(request.query) or None, headers=headers,
                    content=None if files else request.body, files=files,
                )  # fmt: skip
                answer = client.send(made, stream=True)
            except (httpx2.LocalProtocolError, httpx2.InvalidURL):
                continue  # the client itself refuses to send this
            statuses[answer.status_code] += 1
            if answer.headers["content-type"].startswith("text/event-stream"):
                answer.close()
            elif answer.status_code == 200:
                fuzzer.learn(answer.read().decode("latin-1"))
            elif request.method != "HEAD":
                answer.read()
                assert 400 <= answer.status_code < 500, answer.text
                check_error(answer.status_code, answer.json(), answer.headers)
    print("\nover HTTP:", dict(sorted(statuses.items())))
    assert statuses.total() > 400 and statuses[200] > 20


def raw_path(path):
    """The path as a client would put it on the wire that escapes only what it can't send."""
    return "".join(
        c if 32 < ord(c) < 127 else "".join(f"%{b:02x}" for b in c.encode()) for c in path or "/"
    ).encode()


def connect(server):
    host, port = server.base_url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def post(path, length, more=""):
    head = HEAD if "content-type" in more else JSON_HEAD
    return f"POST {path} HTTP/1.1\r\n{head}content-length: {length}\r\n{more}\r\n".encode()


@pytest.mark.rule("requests that never end hold nobody up", topic="requests", evidence="ours")
def test_requests_that_never_end_hold_nobody_up(server):
    """Half a head, half a body, half an upload, and a stream that nobody reads: all left open."""
    form = "content-type: multipart/form-data; boundary=b\r\n"
    halves = [
        b"POST /v1/agents HTT",
        b"GET /v1/agents HTTP/1.1\r\nhost: localhost\r\n",
        post("/v1/agents", 100) + b'{"name": ',
        post("/v1/files", 10**6, form) + b"--b\r\nContent-Disp",
    ]
    client = strict(server)
    unread = f"GET /v1/sessions/{new_session(client)}/events/stream HTTP/1.1\r\n{HEAD}\r\n".encode()
    waiting = [connect(server) for _ in range(40)]
    for number, raw in enumerate(waiting):
        raw.sendall([*halves, unread][number % 5])
    session = new_session(client, initial_events=SAY_GO["events"])
    assert [event.type for event in client.beta.sessions.events.list(session)] == TURN
    before = threading.active_count()
    for raw in waiting:
        raw.close()  # aborted, the uploads among them
    assert threading.active_count() <= before


def test_a_slow_body_is_waited_for(server):
    body = json.dumps({"name": "slow", "model": "claude-opus-5"}).encode()
    with connect(server) as raw:
        raw.sendall(post("/v1/agents", len(body), "connection: close\r\n"))
        for at in range(len(body)):
            raw.sendall(body[at : at + 1])
            time.sleep(0.002)
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200") and b'"name":"slow"' in answer


@pytest.mark.parametrize("kind", ["", "content-type: multipart/form-data; boundary=b\r\n"])
def test_a_body_that_is_too_large_is_not_read_to_its_end(server, kind):
    with connect(server) as raw:
        raw.sendall(post("/v1/files", 10**12, kind))
        sent = 0
        try:
            while sent <= MAX_BODY + 2**20:
                raw.sendall(bytes(2**20))
                sent += 2**20
            answer = raw.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            answer = b""
    assert not answer or answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
