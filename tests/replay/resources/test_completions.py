"""POST /v1/messages from recordings: matching, the SDK's shapes, streams, and how recordings are made."""

import json

import anthropic
import pytest
from anthropic import beta_tool
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.kit.calling import Caller, strict
from tests.kit.messages import MODEL, TEA, asks, exchanges, says, server_of, text_of
from utilities.replay.http.requests import Request
from utilities.replay.ids import make_id
from utilities.replay.resources.completion_stream import stream


class Model:
    """The API without a socket."""

    def __init__(self, recorded, **options):
        self.call = Caller(**options)
        self.call.api.completions.exchanges = list(recorded)

    def ask(self, body, status=200):
        answer = self.call.send("POST", "/messages", body, status)
        return answer if status >= 400 else answer["content"][0]["text"]


# -- matching ---------------------------------------------------------------------------------


def test_the_recorded_answer_to_the_same_question():
    model = Model(TEA)
    assert model.ask(TEA[1].request) == "Coffee, black."
    assert model.ask(TEA[0].request) == "Tea."


ID, OTHER = make_id("mem", 1), make_id("mem", 2)
CACHE = {"cache_control": {"type": "ephemeral"}}
CACHED = {"type": "text", "text": "hi", **CACHE}
DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "facts"}}


@pytest.mark.parametrize(
    ("recorded", "sent", "same"),
    [
        (asks("hi"), asks([{"type": "text", "text": "hi"}]), True),
        (asks("hi"), asks([CACHED]), True),
        (asks([DOCUMENT]), asks([{**DOCUMENT, **CACHE}]), True),
        (asks("hi", system="be brief"), asks("hi", system=[{"type": "text", "text": "be brief"}]), True),
        (asks(f"see {ID}"), asks(f"see {OTHER}"), True),
        (asks('{"score": 0.123}'), asks('{"score": 0.9}'), True),
        (asks("hi"), {**asks("hi", speed="fast"), "model": "another-model", "max_tokens": 7}, True),
        (asks("hi"), asks("hi "), False),
        (asks("hi", system="be brief"), asks("hi"), False),
        (asks("hi"), {**asks("hi"), "messages": asks("hi")["messages"] * 2}, False),
        (asks("hi"), asks("hi", tools=[{"name": "t", "input_schema": {"type": "object"}}]), False),
    ],
    ids=[
        *("blocks", "cached", "document", "system", "ids", "scores", "sampling"),
        *("text", "no system", "again", "tools"),
    ],
)
@pytest.mark.rule(
    "a request to the model is recognised by its system prompt, messages and tool names",
    topic="messages",
    evidence="ours",
)
def test_what_makes_two_requests_the_same(recorded, sent, same):
    model = Model(exchanges((recorded, says("yes"))))
    told = model.ask(sent, 200 if same else 400)
    assert told == "yes" if same else "no recording has this request" in told


@pytest.mark.rule(
    "the same request again gets the next recorded answer, then the last one for ever",
    topic="messages",
    evidence="ours",
)
def test_the_same_question_asked_again_gets_the_next_recorded_answer_then_the_last():
    model = Model(exchanges(*[(asks("roll"), says(str(number))) for number in (4, 2)]))
    assert [model.ask(asks("roll")) for _ in range(4)] == ["4", "2", "2", "2"]


def test_strict_shows_the_difference():
    told = Model(TEA).ask(asks("What does Ada eat?", system="Answer from the facts."), 400)
    assert "Ada drink?" in told and "Ada eat?" in told and "reflect" in told


def test_lenient_gives_the_closest_and_says_so():
    call = Caller(strict=False)
    call.api.completions.exchanges = TEA
    body = json.dumps(asks("What does Bob drink, please?", system="Answer from the facts.")).encode()
    answer = call.api.handle(Request("POST", "/v1/messages", body=body), 0.0)
    assert answer.content["content"][0]["text"] == "Coffee, black."
    assert "no recording has this request to the model, going on with" in answer.headers["x-replay-note"]
    assert "x-replay-note" not in call.api.handle(
        Request("POST", "/v1/messages", body=json.dumps(TEA[0].request).encode()), 0.0
    ).headers  # fmt: skip


def test_a_long_prompt_is_told_apart_by_its_end():
    rules = "Follow the rules. " * 1000
    recorded = exchanges(*[(asks(f"{rules}{name}?"), says(name)) for name in ("Ada", "Bob", "Cyd")])
    assert Model(recorded, strict=False).ask(asks(f"{rules}Bob??")) == "Bob"


@pytest.mark.parametrize("strict", [True, False])
def test_without_recordings_it_says_how_to_make_some(strict):
    assert "utilities.replay.recorder" in Model([], strict=strict).ask(asks("hi"), 400)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "Field required"),
        ([], "JSON object"),
        ({**asks("hi"), "messages": []}, "at least one"),
        ({**asks("hi"), "messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({**asks("hi"), "messages": [{"role": "user"}]}, "messages.0.content"),
        ({**asks("hi"), "stream": "yes"}, "stream"),
        ({**asks("hi"), "sytem": "typo"}, "sytem"),
        ({**asks("hi"), "betas": ["x"]}, "betas"),
        ({**asks("hi"), "max_tokens": "many"}, "max_tokens"),
    ],
)
def test_a_malformed_request_is_refused_and_names_the_field(body, told):
    assert told in Model(TEA).ask(body, 400)


@pytest.mark.rule(
    "POST /v1/messages/count_tokens is a 404: a tokenizer can't be made up", topic="messages", evidence="ours"
)
def test_tokens_are_not_counted():
    """What a tokenizer says can't be made up."""
    with server_of(TEA) as server, pytest.raises(anthropic.NotFoundError):
        strict(server).messages.count_tokens(model=MODEL, messages=TEA[0].request["messages"])


# -- the real, strict client ------------------------------------------------------------------

CITATION = {
    "type": "char_location", "cited_text": "tea", "document_index": 0, "document_title": None,
    "start_char_index": 0, "end_char_index": 3, "file_id": None,
}  # fmt: skip
ANSWERS = {
    "text": says("Ada drinks tea, and Bob drinks coffee.\n\nBoth like cake."),
    "empty": says(""),
    "nothing": says(),
    "tool use": says(
        "Let me look.",
        {"type": "tool_use", "id": "toolu_1", "name": "recall", "input": {"query": "a & b", "k": [1, {}]}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        stop_reason="tool_use",
    ),
    "thinking": says({"type": "thinking", "thinking": "Which of them was it?", "signature": "c2ln"}, "Ada."),
    "redacted": says({"type": "redacted_thinking", "data": "eHh4"}, "Ada."),
    "cited": says({"type": "text", "text": "tea", "citations": [CITATION]}),
    "stopped": says("one, two", stop_reason="stop_sequence", stop_sequence="three"),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(ANSWERS))
@pytest.mark.rule(
    "a recorded message comes whole or as a stream, in the SDK's shapes",
    topic="messages",
    evidence="sdk",
    source="anthropic/types/raw_message_stream_event.py",
)
def test_the_strict_client_gets_the_recorded_message_whole_or_streamed(kind):
    with server_of(exchanges((asks("hi"), ANSWERS[kind]))) as server:
        client, told = strict(server), []
        for messages in (client.messages, client.beta.messages):
            told.append(messages.create(**asks("hi")))
            with messages.stream(**asks("hi")) as stream:
                told.append(stream.get_final_message())
    wanted = _without_none({key: value for key, value in ANSWERS[kind].items() if key != "id"})
    for message in told:
        got = message.to_dict(mode="json", exclude_unset=False, exclude_none=True)
        assert {key: _without_none(got[key]) for key in wanted} == wanted
        assert message.id.startswith("msg_01")
    assert len({message.id for message in told}) == len(told)


def _without_none(value):
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def test_a_stream_has_the_events_of_the_sdk_in_order():
    with server_of(TEA) as server:
        events = list(strict(server).messages.create(**TEA[1].request, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert (events[0].message.content, events[0].message.stop_reason) == ([], None)
    assert (events[-2].delta.stop_reason, events[-2].usage.output_tokens) == ("end_turn", 20)


SHAPE = TypeAdapter(RawMessageStreamEvent)


class Whole:
    """What a client puts together from the events of a stream."""

    def __init__(self):
        self.texts, self.arguments = {}, {}

    def take(self, event):
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "text":
            self.texts[event["index"]] = event["content_block"]["text"]
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
            self.texts[event["index"]] += event["delta"]["text"]
        if event["type"] == "content_block_delta" and event["delta"]["type"] == "input_json_delta":
            parts = self.arguments.get(event["index"], "")
            self.arguments[event["index"]] = parts + event["delta"]["partial_json"]


@pytest.mark.slow
@given(st.lists(st.text(max_size=80), max_size=3), st.dictionaries(st.text(max_size=5), st.text(max_size=30)))
def test_whatever_was_said_comes_out_of_the_stream_again(texts, arguments):
    call = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": arguments}
    whole = Whole()
    for event in stream(says(*texts, call)):
        SHAPE.validate_python(event)
        whole.take(event)
    assert list(whole.texts.values()) == texts
    assert json.loads(whole.arguments.get(len(texts), "{}")) == arguments


@beta_tool
def recall(query: str) -> str:
    """Look something up.

    Args:
        query: what.
    """
    return f"{query}: tea"


CALL = {"type": "tool_use", "id": make_id("toolu", 1), "name": "recall", "input": {"query": "Ada"}}
RESULT = {"type": "tool_result", "tool_use_id": make_id("toolu", 2), "content": "Ada: tea"}


@pytest.mark.parametrize("held", [True, False], ids=["the server holds the conversation", "sent whole"])
@pytest.mark.rule(
    "a conversation can be held under the id of a response, and gone on with",
    topic="messages",
    evidence="sdk",
    source="anthropic/types/beta/beta_thread_continue_params.py",
)
def test_a_tool_loop_of_the_sdk_runs_on_recordings(held):
    first = asks("What does Ada drink?", tools=[recall.to_dict()])
    turns = [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
    second = {**first, "messages": [*first["messages"], *turns]}
    recorded = exchanges((first, says(CALL, stop_reason="tool_use")), (second, says("Tea.")))
    with server_of(recorded) as server:
        runner = strict(server).beta.messages.tool_runner(
            model=MODEL, max_tokens=100, messages=first["messages"], tools=[recall],
            **({} if held else {"thread": False}),
        )  # fmt: skip
        assert text_of(runner.until_done()) == "Tea."
        assert bool(server.api.completions.held.requests) == held


@pytest.mark.rule(
    "going on with a conversation that is not held is a 404 thread_not_found",
    topic="messages",
    evidence="ours",
)
def test_a_conversation_that_is_not_held_is_said_to_be_lost():
    lost = asks("and?", thread={"type": "continue", "previous_message_id": "msg_lost"})
    with server_of(TEA) as server, pytest.raises(anthropic.NotFoundError) as caught:
        strict(server).beta.messages.create(**lost)
    assert caught.value.error_code == "thread_not_found"
