"""POST /v1/messages from recordings: matching, the SDK's shapes, streams, and how recordings are made."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_tool
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.kit.calling import Caller, serving, strict
from tests.kit.scripts import going
from utilities.replay import Library, RecordingError, ReplayServer
from utilities.replay.http.requests import Request
from utilities.replay.ids import make_id
from utilities.replay.recorder import Recorder, by_hand
from utilities.replay.recordings.exchanges import Exchange, asked
from utilities.replay.resources.completion_stream import stream
from utilities.replay.testing import ManagedAgentsApi

MODEL = "claude-sonnet-4-6"
HEADER = {
    "recording": 1, "kind": "messages", "name": "reflect", "provenance": "scripted", "note": "for a test",
    "recorded_at": "2026-11-21T09:00:00Z", "sdk": "0",
}  # fmt: skip


def asks(text, **fields):
    messages = [{"role": "user", "content": text}]
    return {"model": MODEL, "max_tokens": 100, "messages": messages, **fields}


def says(*blocks, **fields):
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {
        "id": "msg_recorded", "type": "message", "role": "assistant", "model": MODEL, "content": content,
        "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 3}, **fields,
    }  # fmt: skip


def exchanges(*pairs):
    return [Exchange("reflect", request, response, asked(request)) for request, response in pairs]


TEA = exchanges(
    (asks("What does Ada drink?", system="Answer from the facts."), says("Tea.")),
    (asks("What does Bob drink?", system="Answer from the facts."), says("Coffee, black.")),
)


def server_of(recorded, **options):
    return ReplayServer(Library([going().recording()], recorded), **{"strict": True, **options})


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


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
    assert "not the recorded one" in answer.headers["x-replay-note"]
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
@pytest.mark.parametrize("beta", [False, True])
@pytest.mark.rule(
    "a recorded message comes whole or as a stream, in the SDK's shapes",
    topic="messages",
    evidence="sdk",
    source="anthropic/types/raw_message_stream_event.py",
)
def test_the_strict_client_gets_the_recorded_message_whole_or_streamed(kind, beta):
    with server_of(exchanges((asks("hi"), ANSWERS[kind]))) as server:
        client = strict(server)
        messages = client.beta.messages if beta else client.messages
        whole = messages.create(**asks("hi"))
        with messages.stream(**asks("hi")) as stream:
            streamed = stream.get_final_message()
    expected = {key: value for key, value in ANSWERS[kind].items() if key != "id"}
    for message in (whole, streamed):
        got = message.to_dict(mode="json", exclude_unset=False, exclude_none=True)
        wanted = _without_none(expected)
        assert {key: _without_none(got[key]) for key in wanted} == wanted
    assert whole.id.startswith("msg_01") and streamed.id.startswith("msg_01")
    assert whole.id != streamed.id


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


@given(st.lists(st.text(max_size=80), max_size=3), st.dictionaries(st.text(max_size=5), st.text(max_size=30)))
def test_whatever_was_said_comes_out_of_the_stream_again(texts, arguments):
    shape = TypeAdapter(RawMessageStreamEvent)
    call = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": arguments}
    whole = Whole()
    for event in stream(says(*texts, call)):
        shape.validate_python(event)
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


# -- the file ---------------------------------------------------------------------------------


def written(folder, *lines, header=HEADER):
    path = folder / "reflect.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)), "utf-8")
    return path


GOOD = {"request": asks("hi"), "response": says("hello")}


@pytest.mark.parametrize("named", ["the folder", "the file"])
def test_recordings_of_messages_are_served_to_tests_of_other_programs_too(tmp_path, named):
    """And what the program asked the model for that is not recorded counts as not recorded."""
    path = written(tmp_path, GOOD)
    with ManagedAgentsApi(tmp_path if named == "the folder" else path) as api:
        assert text_of(api.client.messages.create(**asks("hi"))) == "hello"
        api.assert_recorded()
        with pytest.raises(anthropic.BadRequestError):
            api.client.messages.create(**asks("ho"))
        with pytest.raises(AssertionError, match="no recording has this request"):
            api.assert_recorded()


def test_both_kinds_of_recordings_live_in_one_folder(tmp_path):
    written(tmp_path, GOOD)
    going().save(tmp_path)
    library = Library.load(tmp_path)
    assert [recording.name for recording in library.recordings] == ["going"]
    with ReplayServer(library, strict=True) as server:
        assert text_of(strict(server).messages.create(**asks("hi"))) == "hello"


@pytest.mark.parametrize(
    ("header", "lines", "told"),
    [
        ({**HEADER, "kind": "other"}, [GOOD], "line 1: expected `recording` 1 and `kind` 'messages'"),
        ({**HEADER, "recording": 2}, [GOOD], "line 1: expected"),
        ({**HEADER, "provenance": "dreamt"}, [GOOD], "line 1: provenance 'dreamt'"),
        ({**HEADER, "recorded_at": "yesterday"}, [GOOD], "line 1: `recorded_at`"),
        ({k: v for k, v in HEADER.items() if k != "sdk"}, [GOOD], "line 1: the header lacks `sdk`"),
        (HEADER, [GOOD, {"request": asks("hi")}], "line 3: `response` is not a message"),
        (HEADER, [{"response": says("x")}], "line 2: `request`: the body must be a JSON object"),
        (HEADER, [{**GOOD, "request": {"model": MODEL}}], "line 2: `request`: "),
        (HEADER, [{**GOOD, "response": says({"type": "text"})}], "line 2: `response` is not a message"),
        (HEADER, [[]], "line 2: a JSON object was expected"),
    ],
)
def test_a_damaged_file_names_the_line_and_the_reason(tmp_path, header, lines, told):
    written(tmp_path, *lines, header=header)
    with pytest.raises(RecordingError) as caught:
        Library.load(tmp_path)
    assert told in str(caught.value)


# -- recording --------------------------------------------------------------------------------


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


def test_what_is_compared_is_one_readable_text():
    request = asks("hi", system="be brief", tools=[{"name": "t", "input_schema": {"type": "object"}}])
    assert asked(request) == "[tools] t\n[system] be brief\n[user] hi"


def test_sessions_and_messages_are_served_together():
    with serving() as server:
        server.api.completions.exchanges = list(TEA)
        client = strict(server)
        assert text_of(client.messages.create(**TEA[0].request)) == "Tea."
        assert list(client.beta.sessions.list()) == []
