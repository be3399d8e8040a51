"""The bytes of a stream, older clients, and what a repeated request does."""

import json

import httpx2
import pytest

from tests.kit.calling import HEADERS, SAY_GO, TURN, new_session, serving, strict
from tests.kit.scripts import going
from utilities.replay.http import requests
from utilities.replay.http.errors import ApiError
from utilities.replay.server import app, writing


def streamed(url, session_id, until, **headers):
    """A stream's bytes up to some that have to come."""
    headers |= HEADERS
    request = {"url": f"{url}/v1/sessions/{session_id}/events/stream", "headers": headers}
    with httpx2.stream("GET", timeout=10, **request) as response:  # type: ignore[arg-type]
        assert response.headers["content-type"].startswith("text/event-stream")
        httpx2.post(f"{url}/v1/sessions/{session_id}/events", json=SAY_GO, headers=HEADERS)
        wire = b""
        for piece in response.iter_raw():
            wire += piece
            if until in wire:
                return wire
    raise AssertionError(f"the stream ended before {until!r}: {wire!r}")


@pytest.mark.rule(
    "each event is one SSE message, named by its type, in one `data:` line, ended by a blank line",
    topic="streams", evidence="sdk", source="its decoder, and older ones' list of names",
)  # fmt: skip
@pytest.mark.rule(
    "a stream is opened by its path: `Accept: application/json` is what the client sends",
    topic="streams", evidence="sdk", source="run against the client",
)  # fmt: skip
def test_events_on_the_wire():
    with serving() as served:
        client = strict(served)
        session_id = new_session(client)
        wire = streamed(
            served.base_url, session_id, b'status_idle", "processed_at', Accept="application/json"
        )
        wire += b"" if wire.endswith(b"\n\n") else b"\n\n"
        log = [event.to_dict(mode="json") for event in client.beta.sessions.events.list(session_id)]
    messages = [message.split("\n") for message in wire.decode().removesuffix("\n\n").split("\n\n")]
    assert [name for name, _ in messages] == [f"event: {kind}" for kind in TURN]
    assert [json.loads(data.removeprefix("data: "))["id"] for _, data in messages] == [e["id"] for e in log]


@pytest.mark.rule(
    "a silent stream carries comments, which the client skips",
    topic="streams", evidence="sdk", source="run against the client",
    note="that a comment comes every 15 seconds is ours",
)  # fmt: skip
def test_a_silent_stream_says_that_it_is_alive(monkeypatch):
    monkeypatch.setattr(app, "PING_SECONDS", 0.02)
    with serving(speed=20.0) as served:  # five recorded seconds of silence are a quarter of one
        client = strict(served)
        session_id = new_session(client)
        wire = streamed(served.base_url, session_id, b"agent.message")
        assert b"\n\n: still here\n\n" in wire
        with client.beta.sessions.events.stream(session_id) as stream:
            assert next(iter(stream)).type == "agent.message"


@pytest.mark.rule("`?beta=true` of older clients is ignored", topic="requests", evidence="sdk")
@pytest.mark.rule(
    "every answer has a header `request-id`", topic="requests", evidence="sdk", source="it reads it"
)
def test_older_and_other_clients():
    with serving() as served:
        answer = httpx2.get(f"{served.base_url}/v1/agents?beta=true&limit=5", headers=HEADERS)
        assert (answer.status_code, answer.json()) == (200, {"data": [], "next_page": None})
        assert answer.headers["request-id"].startswith("req_01")


@pytest.mark.rule(
    "there is no idempotency: a message whose response was lost and that the client repeats arrives twice",
    topic="requests", evidence="sdk", source="it retries POSTs without a key",
)  # fmt: skip
def test_a_repeated_post_counts_twice():
    script = going()
    script.message("go")
    script.idle()
    with serving(script) as served:
        session_id = new_session(strict(served))
        url = f"{served.base_url}/v1/sessions/{session_id}/events"
        for count in "01":
            answer = httpx2.post(url, json=SAY_GO, headers={**HEADERS, "x-stainless-retry-count": count})
            assert answer.status_code == 200
        events = list(strict(served).beta.sessions.events.list(session_id))
    assert len({event.id for event in events if event.type == "user.message"}) == 2


def test_a_large_answer_is_the_same_json(monkeypatch):
    """It is written in pieces, so that the other clients get their turn."""
    monkeypatch.setattr(writing, "AT_ONCE", 7)
    text = 'ü"\\\n\x01😀 ' * 100
    body = {"events": [{"type": "user.message", "content": [{"type": "text", "text": text}] * 2}]}
    with serving(strict=False) as served:
        client = strict(served)
        url = f"{served.base_url}/v1/sessions/{new_session(client)}/events"
        answer = httpx2.post(url, json=body, headers=HEADERS)
        listed = httpx2.get(url, headers=HEADERS)
    for whole in (answer, listed):
        assert int(whole.headers["content-length"]) == len(whole.content)
        assert whole.headers["content-type"] == "application/json"
        assert any(event.get("content") == body["events"][0]["content"] for event in whole.json()["data"])
        compact = json.dumps(whole.json(), ensure_ascii=False, separators=(",", ":"))
        assert whole.content == compact.encode()


def test_a_body_that_is_no_json_is_read_once(monkeypatch):
    """To read one again takes as long as the first time, and nobody else is answered meanwhile."""
    reads = []
    monkeypatch.setattr(requests.Request, "_parsed", lambda request: reads.append(request) or refuse())
    with serving() as served:
        url, body = f"{served.base_url}/v1/agents", "[" * (app.LARGE + 1)
        headers = {**HEADERS, "content-type": "application/json"}
        assert httpx2.post(url, content=body, headers=headers).status_code == 400
    assert len(reads) == 1


def refuse():
    raise ApiError(400, "the body is not valid JSON")
