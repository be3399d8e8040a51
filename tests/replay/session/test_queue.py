"""What waits in line: initial events, and messages that are sent while the agent works."""

import pytest

from tests.kit.calling import Caller
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT, message

RUNNING = ["session.status_running", "session.thread_status_running"]


def say(text):
    return {"events": [message(text)]}


def turns(count):
    script = Script("turns")
    for number in range(count):
        script.message(f"message {number}")
        script.say(f"answer {number}", after=5.0)
        script.idle()
    return script


def initial(count):
    return [event for number in range(count) for event in say(f"message {number}")["events"]]


@pytest.mark.rule(
    "initial events are taken up in order, up to 50 of them",
    topic="sessions",
    evidence="doc",
    source="docs: sessions",
)
def test_fifty_initial_events_are_taken_up_in_order():
    call = Caller(turns(50))
    path = f"/sessions/{call.session(initial_events=initial(50))['id']}/events"
    events = call.get(path, limit="1000")["data"]
    said = [e["content"][0]["text"] for e in events if e["type"] in ("user.message", "agent.message")]
    assert said == [text for n in range(50) for text in (f"message {n}", f"answer {n}")]


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (initial(51), "50"),
        ([INTERRUPT], "type"),
        ([{"type": "user.tool_confirmation", "tool_use_id": "x", "result": "allow"}], "type"),
        (say("not recorded")["events"], "no recording continues"),
        ([*initial(1), *say("not recorded")["events"]], "no recording continues"),
    ],
)
@pytest.mark.rule(
    "`initial_events` are sent as the session is created, up to 50; more are 400, and nothing is made",
    topic="sessions", evidence="doc", source="docs: sessions",
)  # fmt: skip
@pytest.mark.rule(
    "a session with initial events that are refused is not created", topic="sessions", evidence="doc"
)
def test_initial_events_that_are_refused_leave_no_session(events, told):
    call = Caller(turns(51))
    assert told in call.session(400, initial_events=events)
    assert call.get("/sessions")["data"] == []


def test_an_initial_event_that_was_not_recorded_is_followed_as_closely_as_any_other():
    call = Caller(turns(1), strict=False)
    session = call.session(initial_events=say("message nought")["events"])
    types = [event["type"] for event in call.get(f"/sessions/{session['id']}/events")["data"]]
    assert "agent.message" in types
    assert call.api.sessions.plays[session["id"]].notes


@pytest.mark.rule(
    "a message that is sent during a turn waits for its end, listed with `processed_at: null`",
    topic="sending",
    evidence="doc",
)
@pytest.mark.rule(
    "a message sent during a turn is listed with processed_at null until the turn is over",
    topic="sending",
    evidence="doc",
    source="docs: events and streaming",
)
def test_a_message_sent_while_the_agent_works_waits_until_the_turn_is_over():
    call = Caller(turns(2), speed=1.0)
    path = f"/sessions/{call.session()['id']}/events"
    call.post(path, say("message 0"))
    call.now = 2.0
    (queued,) = call.post(path, say("message 1"))["data"]
    waiting = call.get(path)["data"][-1]
    assert (waiting["id"], waiting["processed_at"]) == (queued["id"], None)
    for call.now in (5.1, 5.2):  # a turn begins when somebody looks, and goes on from there
        events = call.get(path)["data"]
    types = [event["type"] for event in events]
    first_idle = types.index("session.status_idle")
    assert types[first_idle + 1 :] == [*RUNNING, "user.message"]
    assert (events[-1]["id"], bool(events[-1]["processed_at"])) == (queued["id"], True)
    call.now = 12.0
    assert call.get(path)["data"][-1]["stop_reason"] == {"type": "end_turn"}
    assert sum(event["id"] == queued["id"] for event in call.get(path)["data"]) == 1
