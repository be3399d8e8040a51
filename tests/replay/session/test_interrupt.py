"""user.interrupt at any moment, recorded or not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.serving import KINDS, served
from tests.kit.sessions import INTERRUPT, message, result, session, types
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import parallel_calls
from tests.project.fidelity import SHAPES
from utilities.replay.ids import parse_time


def two_turns():
    script = Script()
    script.message("go")
    call = script.builtin(command="make")
    script.event("agent.tool_result", after=10, tool_use_id=call, content=[{"type": "text", "text": "made"}])
    script.say("done")
    script.idle()
    script.message("again")
    script.say("done again")
    script.idle()
    return script


@pytest.mark.rule("an interrupt jumps the queue", topic="sending", evidence="doc")
@pytest.mark.rule(
    "an interrupt: error result of the open call, `user.interrupt`, thread idle, usage, idle with `end_turn`",
    topic="order",
    evidence="seen",
)
def test_a_running_turn_stops_in_the_order_that_was_seen():
    talk = session(two_turns(), speed=1.0)
    talk.send([message("go")], 0.0)
    talk.advance(5.0)  # the tool runs
    begun = len(talk.log)
    [accepted] = talk.send([INTERRUPT], 5.0)
    assert accepted["processed_at"] is None
    assert types(talk)[begun:] == [
        "agent.tool_result",
        "user.interrupt",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]
    assert talk.log[begun]["is_error"]
    assert talk.log[begun + 1]["id"] == accepted["id"]
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}
    assert talk.status == "idle"
    assert talk.advance(1000.0) is None  # nothing more of that turn
    talk.send([message("again")], 1001.0)
    talk.advance(2000.0)
    assert talk.log[-1]["type"] == "session.status_idle"
    assert "done again" in str(talk.log)
    assert "'done'" not in str(talk.log)
    ids = [event["id"] for event in talk.log]
    times = [parse_time(event["processed_at"]) for event in talk.log]
    assert len(set(ids)) == len(ids)
    assert times == sorted(set(times))


@pytest.mark.rule("an interrupt jumps the queue", topic="sending", evidence="doc")
def test_interrupt_and_the_next_message_in_one_send():
    talk = session(two_turns(), speed=1.0)
    talk.send([message("go")], 0.0)
    talk.send([INTERRUPT, message("again")], 5.0)
    talk.advance(1000.0)
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}
    assert "done again" in str(talk.log)


@pytest.mark.rule(
    "an interrupt is taken while calls wait for the client; afterwards messages are taken again",
    topic="sending",
    evidence="doc",
)
def test_a_parked_session_can_be_interrupted_and_takes_messages_again():
    script = Script()
    script.message("go")
    call = script.custom("decide")
    script.idle("requires_action", [call])
    script.custom_result(call, "yes")
    script.running()
    script.idle()
    script.message("again")
    script.idle()
    talk = session(script)
    talk.send([message("go")], 0.0)
    talk.send([INTERRUPT], 0.0)
    assert talk.log[-1]["stop_reason"] == {"type": "end_turn"}
    talk.send([message("again")], 0.0)
    assert types(talk)[-6:] == [
        "session.status_running",
        "session.thread_status_running",
        "user.message",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]


def test_a_parked_session_is_interrupted_and_told_more_in_one_send():
    script = parallel_calls(["a", "b"])
    script.message("again")
    script.say("done again")
    script.idle()
    talk = session(script)
    talk.send([message("go")], 0.0)
    call = talk.calls.awaited[0]
    talk.send([result(call, "a ok"), INTERRUPT, message("again")], 0.0)
    assert "done again" in str(talk.log)
    assert [event["type"] for event in talk.log if event["type"].startswith("user.")] == [
        "user.message",
        "user.custom_tool_result",
        "user.interrupt",
        "user.message",
    ]
    assert not talk.queued


@pytest.mark.parametrize("speed", [0, 1])
def test_a_message_before_the_interrupt_waits_for_it_and_is_processed(speed):
    talk = session(two_turns(), speed=speed)
    talk.send([message("go"), INTERRUPT, INTERRUPT], 0.0)
    talk.advance(1000.0)
    assert types(talk)[:4] == ["user.interrupt"] * 2 + [
        "session.status_running",
        "session.thread_status_running",
    ]
    assert "'done'" in str(talk.log) and not talk.queued


def test_a_turn_that_has_just_begun_to_run_begins_again_after_the_interrupt():
    talk = session(two_turns(), speed=1.0)
    talk.send([message("go")], 0.0)
    assert types(talk) == ["session.status_running"]  # the message is stamped microseconds later
    talk.send([INTERRUPT], 0.0)
    talk.advance(1000.0)
    running = ["session.status_running", "session.thread_status_running", "user.message"]
    assert types(talk)[1:7] == ["user.interrupt", "session.usage", "session.status_idle", *running]
    assert "'done'" in str(talk.log) and not talk.queued


@pytest.mark.rule(
    "an interrupt with nothing to stop is noted in the log and does no more", topic="sending", evidence="ours"
)
def test_an_interrupt_with_nothing_to_stop_is_noted_and_no_more():
    talk = session(two_turns())
    talk.send([INTERRUPT], 0.0)
    assert types(talk) == ["user.interrupt"]
    talk.send([message("go")], 0.0)
    talk.send([INTERRUPT], 0.0)
    assert types(talk)[-1] == "user.interrupt"
    talk.send([message("again")], 0.0)
    assert "done again" in str(talk.log)


def test_a_recorded_interrupt_is_followed_as_it_was_recorded():
    script = Script()
    script.message("go")
    call = script.builtin(command="make")
    script.builtin_result(call, "stopped, as recorded", is_error=True)
    script.event("user.interrupt")
    script.idle()
    talk = session(script)
    talk.send([message("go")], 0.0)
    assert talk.status == "running"  # it waits for the client where the recording was interrupted
    talk.send([INTERRUPT], 0.0)
    assert len(talk.log) == len(script.events)
    assert [event["type"] for event in script.events] == types(talk)


@pytest.mark.parametrize("kind", KINDS)
def test_the_helper_sees_the_interrupted_turn_end(kind):
    with served(two_turns(), speed=1) as session:

        def stop(event: Any) -> None:
            if event.type == "agent.tool_use":
                session.client().beta.sessions.events.send(session.session_id, events=[INTERRUPT])

        result = session.follow(kind, "go", on_event=stop)
    assert result.outcome == "end_turn"
    assert result.tool_calls[0].is_error
    assert "user.interrupt" in [event.type for event in result.events]


@pytest.mark.rule("a result that comes after the interrupt is refused", topic="sending", evidence="ours")
@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_while_a_tool_of_ours_runs_ends_the_turn(kind):
    """The result comes too late and is refused; the turn is over and not an error."""
    running = threading.Event()

    with served(parallel_calls(["a"])) as session:

        def work(name: str) -> str:
            session.client().beta.sessions.events.send(session.session_id, events=[INTERRUPT])
            running.set()
            return f"{name} ok"

        result = session.follow(kind, "go", tools=[make_tool(kind, work)])
    assert running.is_set()
    assert result.outcome == "end_turn"


@pytest.mark.rule(
    "a turn that was stopped leaves no files but those that were there by then",
    topic="sending",
    evidence="ours",
)
@pytest.mark.parametrize(("stopped_after", "files"), [(1.0, []), (6.0, ["out.py"])])
def test_a_turn_that_was_stopped_leaves_what_it_had_written(stopped_after, files):
    script = going()
    script.message("again")
    script.say("hello")
    script.idle()
    call = Caller(script, speed=1.0)
    session = call.session(initial_events=SAY_GO["events"])
    path = f"/sessions/{session['id']}/events"
    call.now += stopped_after
    call.post(path, {"events": [INTERRUPT]})
    again = message("again")
    call.post(path, {"events": [again]})
    call.now += 60.0
    assert call.get(path)["data"][-1]["type"] == "session.status_idle"
    assert [file["filename"] for file in call.get("/files", scope_id=session["id"])["data"]] == files


@pytest.mark.rule(
    "an interrupt of the first turn has a usage too: the tokens of its model requests",
    topic="order", evidence="doc", source="docs: events and streaming",
    note="that a usage comes before every idle is documented; its cost is not known",
)  # fmt: skip
def test_an_interrupted_first_turn_has_a_usage():
    script = Script()
    script.message("go")
    start = script.event("span.model_request_start")
    spent = {"input_tokens": 7, "output_tokens": 5, "speed": None}
    script.event("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=spent)
    script.say("never said", after=60.0)
    call = Caller(script, speed=1.0)
    path = f"/sessions/{call.session(initial_events=SAY_GO['events'])['id']}"
    call.now = 15.0
    call.post(f"{path}/events", {"events": [INTERRUPT]})
    log = call.events(path)
    assert [event["type"] for event in log[-2:]] == ["session.usage", "session.status_idle"]
    assert log[-1]["stop_reason"] == {"type": "end_turn"}
    assert sorted(log[-2]["usage"]) == SHAPES["within"]["session.usage"]["usage"]
    assert (log[-2]["usage"]["input_tokens"], log[-2]["usage"]["output_tokens"]) == (7, 5)
