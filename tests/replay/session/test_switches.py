"""What nobody knows of a session, under every answer."""

import pytest

from tests.kit.calling import Caller
from tests.kit.recordings import Script
from tests.kit.scripts import windowed
from tests.kit.sessions import INTERRUPT, calls_of, message, result, session, types
from utilities.replay.assumptions import Assumptions
from utilities.replay.faults import NO_FAULTS

REFUSED, ACCEPTED = "second-answer=refused", "second-answer=accepted"


def sent(talk, *events, assume):
    return talk.send(list(events), 0.0, NO_FAULTS, Assumptions(assume))


@pytest.mark.rule(
    "a second answer to the same call is 400; with `--assume second-answer=accepted` it is listed, and "
    "changes nothing",
    topic="sending",
    evidence="unsettled",
    note="a capture shows a second result accepted; others report 400",
)
def test_a_second_answer_under_either_answer():
    for assume, status in ((REFUSED, 400), (ACCEPTED, 200)):
        call = Caller(windowed("ab"), assume=assume)
        path = f"/sessions/{call.session()['id']}/events"
        call.post(path, {"events": [message("look up")]})
        a, b = [e["id"] for e in call.get(path)["data"] if e["type"] == "agent.custom_tool_use"]
        for answer in ("A", "another"):
            call.post(path, {"events": [result(a, answer)]}, 200 if answer == "A" else status)
        assert call.get(path)["data"][-1]["stop_reason"]["event_ids"] == [b]
        call.post(path, {"events": [result(b, "B")]})
        log = call.get(path)["data"]
        assert log[-1]["stop_reason"] == {"type": "end_turn"}
        assert sum(e["type"] == "user.custom_tool_result" for e in log) == (2 if status == 400 else 3)


def test_two_answers_in_one_request():
    talk = session(windowed("a"))
    talk.send([message("look up")], 0.0)
    (a,) = calls_of(talk)
    first, second = sent(talk, result(a, "A"), result(a, "A"), assume=ACCEPTED)
    assert first["id"] != second["id"] and {first["id"], second["id"]} <= {e["id"] for e in talk.log}
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}


def then_more():
    script = windowed("ab")
    script.message("more")
    script.say("more done")
    script.idle()
    return script


@pytest.mark.rule(
    "a message while calls wait for the client is 400 and names them; with `--assume "
    "message-while-parked=queued` it waits behind their answers",
    topic="sending",
    evidence="unsettled",
    note="Anthropic's skill says that events can be sent at any time and queue; others report 400",
)
def test_a_message_to_a_parked_session_under_either_answer():
    for assume, status in (("refused", 400), ("queued", 200)):
        call = Caller(then_more(), assume=f"message-while-parked={assume}")
        path = f"/sessions/{call.session()['id']}"
        call.post(f"{path}/events", {"events": [message("look up")]})
        calls = [e["id"] for e in call.events(path) if e["type"] == "agent.custom_tool_use"]
        told = call.post(f"{path}/events", {"events": [message("more")]}, status)
        if status == 400:
            assert calls[0] in told
            continue
        last = call.events(path)[-1]
        assert (last["type"], last["processed_at"]) == ("user.message", None)
        assert [call.get(path)["status"] for _ in range(3)][-1] == "idle"  # it still waits
        call.post(f"{path}/events", {"events": [result(calls[0], "A"), result(calls[1], "B")]})
        said = [e["content"][0]["text"] for e in call.events(path) if e["type"] == "agent.message"]
        assert said == ["all there", "more done"]


def test_a_queued_message_is_the_next_turn_after_an_interrupt():
    talk = session(then_more())
    talk.send([message("look up")], 0.0)
    sent(talk, message("more"), assume="message-while-parked=queued")
    talk.send([INTERRUPT], 0.0)
    assert not talk.queued and "more done" in str(talk.log)


@pytest.mark.rule(
    "an interrupt leaves custom calls that wait without a result; with `--assume interrupt-closes-calls=yes` "
    "each gets an error result first",
    topic="sending",
    evidence="unsettled",
    note="documented for the calls of child threads; which event is the result of a custom call isn't said",
)
def test_an_interrupt_of_a_parked_session_under_either_answer():
    for assume, closed in (("no", 0), ("yes", 2)):
        talk = session(then_more())
        talk.send([message("look up")], 0.0)
        calls = calls_of(talk)
        sent(talk, INTERRUPT, assume=f"interrupt-closes-calls={assume}")
        results = [event for event in talk.log if event["type"] == "user.custom_tool_result"]
        assert [event["custom_tool_use_id"] for event in results] == calls[:closed]
        for event in results:
            assert event["is_error"] and "interrupted before completion" in event["content"][0]["text"]
        assert types(talk)[-4:] == [
            "user.interrupt", "session.thread_status_idle", "session.usage", "session.status_idle",
        ]  # fmt: skip
        talk.send([message("more")], 0.0)
        assert "more done" in str(talk.log)


@pytest.mark.rule(
    "an idle event names at most five of the calls that wait; as the answers come, the next names the rest",
    topic="tools",
    evidence="claimed",
    source="a notebook of Anthropic's",
    note="the fault `window` makes it another number",
)
@pytest.mark.parametrize("one_by_one", [True, False])
def test_at_most_five_calls_are_announced(one_by_one):
    keys = "abcdefgh"
    talk = session(windowed(keys))
    talk.send([message("look up")], 0.0)
    calls, done = calls_of(talk), 0
    while (stop := talk.log[-1]["stop_reason"])["type"] == "requires_action":
        assert stop["event_ids"] == talk.log[-3]["stop_reason"]["event_ids"] == calls[done:][:5]
        now = stop["event_ids"][: 1 if one_by_one else 5]
        talk.send([result(call, keys[calls.index(call)].upper()) for call in now], 0.0)
        done += len(now)
    assert done == 8 and stop == {"type": "end_turn"}


def test_answers_to_calls_that_were_not_announced_yet_count():
    talk = session(windowed("abcdefgh"))
    talk.send([message("look up")], 0.0)
    talk.send([result(call, key) for call, key in zip(calls_of(talk), "ABCDEFGH", strict=True)], 0.0)
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}


def parked_child():
    """A child asks its client, while the primary thread waits for it."""
    script = Script("parked child")
    child = {"session_thread_id": "sthr_2", "agent_name": "helper"}
    script.message("go")
    script.event("session.thread_created", **child)
    script.event("session.thread_status_running", **child)
    asked = {"name": "lookup", "input": {"key": "a"}, "session_thread_id": "sthr_2"}
    call = script.event("agent.custom_tool_use", **asked)
    asks = {"type": "requires_action", "event_ids": [call]}
    script.event("session.thread_status_idle", **child, stop_reason=asks)
    script.idle("requires_action", [call])
    script.custom_result(call, "A")
    script.running()
    script.event("session.thread_status_running", **child)
    script.event("session.thread_status_idle", **child, stop_reason={"type": "end_turn"})
    script.say("the helper is done")
    script.idle()
    return script


@pytest.mark.rule(
    "an interrupt with `session_thread_id` stops only that thread: its calls that wait are closed with an "
    "error result, and it is idle with end_turn; the others go on",
    topic="threads",
    evidence="doc",
    source="docs: multiagent orchestration",
    note="ours: the recording goes on without what it has of that thread, and an unknown one is 404",
)
def test_an_interrupt_stops_one_thread():
    call = Caller(parked_child())
    path = f"/sessions/{call.session()['id']}"
    call.post(f"{path}/events", {"events": [message("go")]})
    (asked,) = [e for e in call.events(path) if e["type"] == "agent.custom_tool_use"]
    begun, thread = len(call.events(path)), call.get(f"{path}/threads")["data"][1]["id"]
    call.post(f"{path}/events", {"events": [{**INTERRUPT, "session_thread_id": "sthr_unknown"}]}, 404)
    call.post(f"{path}/events", {"events": [{**INTERRUPT, "session_thread_id": thread}]})
    failed, interrupt, idle, *rest = call.events(path)[begun:]
    assert (failed["custom_tool_use_id"], failed["is_error"]) == (asked["id"], True)
    assert (interrupt["type"], interrupt["session_thread_id"]) == ("user.interrupt", thread)
    assert (idle["type"], idle["session_thread_id"]) == ("session.thread_status_idle", thread)
    assert idle["stop_reason"] == {"type": "end_turn"}
    assert "the helper is done" in str(rest) and rest[-1]["type"] == "session.status_idle"
    assert not [event for event in rest if event.get("session_thread_id") == thread]


def test_an_interrupt_of_all_closes_a_childs_calls():
    talk = session(parked_child())
    talk.send([message("go")], 0.0)
    talk.send([INTERRUPT], 0.0)
    (failed,) = [event for event in talk.log if event["type"] == "user.custom_tool_result"]
    assert failed["is_error"]
