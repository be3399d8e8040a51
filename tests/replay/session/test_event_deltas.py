"""Previews of messages: in the SDK's shapes, in time, for those who ask, and in no history."""

import itertools

import anthropic
import pytest
from anthropic.lib.sessions import accumulate_managed_agents_event
from anthropic.types.beta.sessions import BetaManagedAgentsStreamSessionEvents
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.kit.calling import SAY_GO, Caller, new_session, serving, strict
from tests.kit.sessions import INTERRUPT, message
from tests.kit.talking import TEXT, talking
from utilities import stream_until_end_turn
from utilities.replay import Faults
from utilities.replay.http.requests import Request
from utilities.replay.session.previews import preview

PREVIEWS = ("event_start", "event_delta")
BOTH = ["agent.message", "agent.thinking"]


WHOLE = [event["type"] for event in talking().events]


def opened(call, session, *types):
    request = Request("GET", f"/v1/sessions/{session}/events/stream", [("event_deltas[]", t) for t in types])
    return call.api.handle(request, call.now)


def text(events):
    return "".join(e["delta"]["content"]["text"] for e in events if e["type"] == "event_delta")


# -- the real, strict client -----------------------------------------------------------------------------


def streamed(types, speed=0.0):
    with serving(talking(), speed=speed) as server:
        client = strict(server)
        session = new_session(client)
        with client.beta.sessions.events.stream(session, event_deltas=types) as stream:
            client.beta.sessions.events.send(session, events=SAY_GO["events"])
            seen = list(itertools.takewhile(lambda event: event.type != "session.status_idle", stream))
        return seen, list(client.beta.sessions.events.list(session))


def test_a_stream_that_repeats_its_events_does_not_repeat_pieces_of_text():
    with serving(talking(), faults=Faults("repeat")) as server:
        client = strict(server)
        session = new_session(client)
        with client.beta.sessions.events.stream(session, event_deltas=["agent.message"]) as stream:
            client.beta.sessions.events.send(session, events=SAY_GO["events"])
            seen = list(itertools.takewhile(lambda event: event.type != "session.status_idle", stream))
    assert "".join(e.delta.content.text for e in seen if e.type == "event_delta") == TEXT
    assert [event.type for event in seen].count("event_start") == 1
    assert [event.type for event in seen].count("agent.message") == 2


@pytest.mark.parametrize("speed", [0.0, 100.0], ids=["at once", "in time"])
@pytest.mark.rule(
    "the pieces of a message's preview make the message",
    topic="streams",
    evidence="doc",
    source="docs: events and streaming",
)
def test_accumulated_previews_are_the_message(speed):
    seen, _ = streamed(["agent.message"], speed)
    snapshot, folded = None, []
    for event in seen:
        if event.type == "agent.message":
            assert snapshot.id == event.id
            assert [block.text for block in snapshot.content] == [block.text for block in event.content]
            assert accumulate_managed_agents_event(snapshot, event) == event
            folded.append(event.id)
        snapshot = accumulate_managed_agents_event(snapshot, event)
    assert len(folded) == 1


def test_each_preview_event_has_the_shape_of_the_sdk():
    seen, _ = streamed(BOTH)
    shape = TypeAdapter(BetaManagedAgentsStreamSessionEvents)
    previews = [event for event in seen if event.type in PREVIEWS]
    assert len(previews) > 3
    for event in previews:
        shape.validate_python(event.to_dict(mode="json"), strict=False)
        assert not {"id", "processed_at"} & set(event.to_dict())


@pytest.mark.rule(
    "a preview has the id that its event will have; thinking has a start only",
    topic="streams",
    evidence="doc",
    source="docs: events and streaming",
)
def test_previews_come_right_before_their_event_and_thinking_has_a_start_only():
    seen, _ = streamed(BOTH)
    kinds = [event.type for event in seen]
    thinking = kinds.index("agent.thinking")
    assert kinds[thinking - 1 : thinking + 2] == ["event_start", "agent.thinking", "event_start"]
    assert seen[thinking - 1].event.id == seen[thinking].id
    message = kinds.index("agent.message")
    assert set(kinds[thinking + 2 : message]) == {"event_delta"}
    assert {event.event_id for event in seen if event.type == "event_delta"} == {seen[message].id}


@pytest.mark.rule(
    "previews are in no history",
    topic="streams",
    evidence="sdk",
    source="anthropic/types/beta/beta_managed_agents_start_event.py",
)
def test_previews_are_in_no_history():
    seen, history = streamed(BOTH)
    assert [event.type for event in history] == WHOLE
    assert [event.type for event in seen if event.type not in PREVIEWS] == WHOLE[:-1]


@pytest.mark.parametrize(
    ("types", "starts"),
    [([], []), (["agent.thinking"], ["agent.thinking"]), (["agent.message"] * 2, ["agent.message"])],
)
@pytest.mark.rule(
    "only a stream that asks gets previews, of the types that it asks for",
    topic="streams",
    evidence="doc",
    source="docs: events and streaming",
)
def test_only_what_was_asked_for_is_previewed(types, starts):
    seen, _ = streamed(types)
    assert [event.event.type for event in seen if event.type == "event_start"] == starts
    assert any(event.type == "event_delta" for event in seen) == ("agent.message" in starts)


def test_the_helper_does_not_count_previews():
    with serving(talking()) as server:
        client = strict(server)
        plain = stream_until_end_turn(client, new_session(client), "go", timeout=10)
        asking = client.with_options(default_query={"event_deltas[]": "agent.message"})
        session, shown = new_session(client), []
        result = stream_until_end_turn(asking, session, "go", timeout=10, on_event=shown.append)
        assert [e.type for e in result.events] == [e.type for e in plain.events]
        assert (result.outcome, result.text) == ("end_turn", TEXT)
        assert set(PREVIEWS) <= {event.type for event in shown}  # it shows them, and that is all


# -- what is refused [doc] -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "told"),
    [
        (["agent.tool_use"], "'agent.tool_use' has no previews"),
        (["agent.message", "event_delta"], "'event_delta' has no previews"),
        (["agent.message"] * 101, "at most 100"),
    ],
)
@pytest.mark.rule(
    "event_deltas takes agent.message and agent.thinking, at most 100 values; others are a 400",
    topic="streams",
    evidence="doc",
    source="docs: event deltas",
)
def test_a_wrong_parameter_is_refused(types, told):
    with serving(talking()) as server:
        client = strict(server)
        session = new_session(client)
        with pytest.raises(anthropic.BadRequestError) as caught:
            client.beta.sessions.events.stream(session, event_deltas=types)
        assert told in caught.value.message


# -- pace, without a socket --------------------------------------------------------------------------------


def test_at_the_recorded_pace_the_text_grows_while_the_model_writes():
    call = Caller(talking(), speed=1.0)
    session = call.session()["id"]
    stream = opened(call, session, *BOTH)
    call.post(f"/sessions/{session}/events", SAY_GO)
    seen, grown, now = [], [], 0.0
    while True:
        events, due, _ = stream.poll(now)
        seen += events
        grown.append((now, len(text(seen))))
        if due is None:
            break
        assert due > now
        now = due
    lengths = [length for _, length in grown]
    assert lengths == sorted(lengths)
    half = max(length for at, length in grown if at <= 9.0)  # five of the ten seconds
    assert 0.3 * len(TEXT) < half < 0.7 * len(TEXT)
    assert text(seen) == TEXT
    assert [event["type"] for event in seen if event["type"] not in PREVIEWS] == WHOLE
    assert not any(length for at, length in grown if at < 4.0)  # thinking has no text


@pytest.mark.rule(
    "a stream that is opened after a model request began gets no pieces of what it writes",
    topic="streams",
    evidence="doc",
    source="docs: event deltas",
)
@pytest.mark.parametrize("spans", [True, False])
def test_a_stream_that_is_opened_in_the_middle_gets_no_pieces_of_it(spans):
    script = talking()
    script.events = [event for event in script.events if spans or "span" not in event["type"]]
    call = Caller(script, speed=1.0)
    session = call.session(initial_events=SAY_GO["events"])["id"]
    early = opened(call, session, *BOTH)
    early.poll(0.0)
    call.now = 9.0
    late, (seen, _, _) = opened(call, session, *BOTH), early.poll(9.0)
    assert text(seen)
    assert not any(event["type"] in PREVIEWS for event in late.poll(9.0)[0])
    events, _, _ = late.poll(60.0)
    assert [event["type"] for event in events][0] == "agent.message"
    assert not any(event["type"] in PREVIEWS for event in events)


def test_a_stream_that_was_late_for_one_request_has_the_pieces_of_the_next():
    script = talking()
    script.message("more")
    script.event("span.model_request_start")
    script.say(TEXT, after=1.0)
    script.idle()
    call = Caller(script, speed=1.0)
    session = call.session(initial_events=SAY_GO["events"])["id"]
    call.now = 9.0
    late = opened(call, session, *BOTH)
    late.poll(60.0)
    call.now = 60.0
    call.post(f"/sessions/{session}/events", {"events": [message("more")]})
    events, _, _ = late.poll(120.0)
    assert text(events) == TEXT


@pytest.mark.parametrize("watched", [True, False])
def test_who_watches_changes_nothing_in_the_log(watched):
    def log(watched):
        call = Caller(talking(), talking_again(), speed=1.0)
        session = call.session(initial_events=SAY_GO["events"])["id"]
        stream = opened(call, session, *(BOTH if watched else ()))
        for call.now in (0.0, 2.0, 6.0, 9.0):
            stream.poll(call.now)
        call.post(f"/sessions/{session}/events", {"events": [INTERRUPT]})
        call.now = 50.0
        return call.get(f"/sessions/{session}/events")["data"]

    assert log(watched) == log(False)


def talking_again():
    script = talking()
    script.name = "talking-again"
    return script


@pytest.mark.rule(
    "an interrupt in the middle of a message ends its model request, and no message comes",
    topic="streams",
    evidence="doc",
    source="docs: events and streaming",
)
def test_an_interrupt_in_the_middle_of_a_message_ends_its_request():
    """[sdk] No event comes of it: the end of its model request closes the preview."""
    call = Caller(talking(), speed=1.0)
    session = call.session(initial_events=SAY_GO["events"])["id"]
    stream = opened(call, session, "agent.message")
    stream.poll(0.0)
    for now in (5.0, 9.0):
        seen, _, _ = stream.poll(now)
    assert text(seen)
    call.now = 9.0
    call.post(f"/sessions/{session}/events", {"events": [INTERRUPT]})
    tail, due, _ = stream.poll(9.0)
    kinds = [event["type"] for event in tail]
    assert kinds[:2] == ["span.model_request_end", "user.interrupt"]
    assert (tail[0]["is_error"], due) == (True, None)
    assert "agent.message" not in kinds


@pytest.mark.rule("a message is previewed in pieces of four words", topic="streams", evidence="ours")
@given(st.lists(st.text(max_size=200), max_size=4))
def test_the_pieces_make_the_text_again(texts):
    content = [{"type": "text", "text": text} for text in texts]
    first, *pieces = preview({"type": "agent.message", "id": "sevt_1", "content": content})
    assert first["type"] == "event_start"
    joined = [""] * len(texts)
    seen = []
    for piece in pieces:
        joined[piece["delta"]["index"]] += piece["delta"]["content"]["text"]
        seen.append(piece["delta"]["index"])
    assert joined == texts
    assert sorted(set(seen)) == list(range(len(texts))) and seen == sorted(seen)


def test_a_block_that_is_not_text_ends_the_preview():
    content = [{"type": "text", "text": "a"}, {"type": "redacted"}, {"type": "text", "text": "b"}]
    events = preview({"type": "agent.message", "id": "sevt_1", "content": content})
    assert text(events) == "a"
