"""The recorder of messages: what it keeps, as what, and what it refuses."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.calling import strict
from tests.kit.messages import TEA, asks, says, server_of, text_of
from utilities.replay import Library, ReplayServer
from utilities.replay.recorder import Recorder, by_hand


def test_a_held_conversation_is_recorded_and_played(tmp_path):
    """The recording has the pieces as they were sent, and the ids of another run."""

    def answer(request):
        return "Tea." if request["thread"]["type"] == "create" else "Black."

    def talk(client):
        first = client.beta.messages.create(**asks("Ada?", thread={"type": "create"}))
        more = {"type": "continue", "previous_message_id": first.id}
        return [text_of(first), text_of(client.beta.messages.create(**asks("How?", thread=more)))]

    http = httpx2.Client(transport=by_hand(answer))
    with Anthropic(api_key="x", http_client=http, middleware=[Recorder(tmp_path / "x.jsonl")]) as client:
        assert talk(client) == ["Tea.", "Black."]
    with ReplayServer(Library.load(tmp_path), strict=True) as server:
        assert talk(strict(server)) == ["Tea.", "Black."]


def hand(request):
    return {"What?": "This.", "And?": "That.\u2028"}[request["messages"][0]["content"]]


def test_answers_written_by_hand_are_recorded_as_scripted_and_played(tmp_path):
    path = tmp_path / "by_hand.jsonl"
    recorder = Recorder(path, recorded_at="2026-11-21T09:00:00Z")
    http = httpx2.Client(transport=by_hand(hand))
    with Anthropic(api_key="none", http_client=http, middleware=[recorder]) as client:
        said = [text_of(client.messages.create(**asks(text))) for text in ("What?", "And?")]
        with pytest.raises(anthropic.NotFoundError):
            client.models.list()

    async def more():
        http = httpx2.AsyncClient(transport=by_hand(hand))
        async with AsyncAnthropic(api_key="none", http_client=http, middleware=[recorder]) as client:
            return text_of(await client.beta.messages.create(**asks("What?", system="again")))

    said.append(asyncio.run(more()))
    assert said == ["This.", "That.\u2028", "This."]
    header, *lines = path.read_text("utf-8").rstrip("\n").split("\n")
    assert json.loads(header)["provenance"] == "scripted"
    assert (json.loads(header)["name"], len(lines)) == ("by_hand", 3)
    with ReplayServer(Library.load(tmp_path), strict=True) as server:
        client = strict(server)
        assert text_of(client.messages.create(**asks("And?"))) == "That.\u2028"
        assert text_of(client.messages.create(**asks("What?", system="again"))) == "This."


def test_the_same_hand_makes_the_same_bytes(tmp_path):
    def made(name):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "x.jsonl"
        http = httpx2.Client(transport=by_hand(hand))
        recorder = Recorder(path, recorded_at="2026-11-21T09:00:00Z")
        with Anthropic(api_key="none", http_client=http, middleware=[recorder]) as client:
            client.messages.create(**asks("What?"))
        return path.read_bytes()

    assert made("a") == made("b")


def answering(status, **headers):
    body = (
        says("live") if status == 200 else {"type": "error", "error": {"type": "api_error", "message": "x"}}
    )
    return httpx2.MockTransport(lambda request: httpx2.Response(status, json=body, headers=headers))


def test_an_answer_that_no_replay_server_gave_counts_as_live_and_is_kept_apart(tmp_path):
    path = tmp_path / "x.jsonl"
    middleware = [Recorder(path)]
    with Anthropic(
        api_key="k-e-y", http_client=httpx2.Client(transport=answering(200)), middleware=middleware
    ) as c:
        c.messages.create(**asks("hi"))
    assert json.loads(path.read_text().split("\n")[0])["provenance"] == "live"
    assert "k-e-y" not in path.read_text()
    with server_of(TEA) as server:
        client = Anthropic(api_key="x", base_url=server.base_url, middleware=middleware)
        with pytest.raises(ValueError, match="is live, this answer is scripted"):
            client.messages.create(**TEA[0].request)
    assert len(path.read_text().splitlines()) == 2


def test_errors_other_requests_and_streams_are_not_recorded(tmp_path):
    path = tmp_path / "x.jsonl"
    http = httpx2.Client(transport=answering(500))
    with Anthropic(api_key="k", http_client=http, middleware=[Recorder(path)], max_retries=0) as client:
        with pytest.raises(anthropic.InternalServerError):
            client.messages.create(**asks("hi"))
        with pytest.raises(anthropic.InternalServerError):
            client.beta.agents.list()
        with pytest.raises(ValueError, match="stream"):
            client.messages.create(**asks("hi"), stream=True)
    assert not path.exists()
