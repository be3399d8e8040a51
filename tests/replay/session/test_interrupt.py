"""user.interrupt at any moment, recorded or not."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import START, Script
from tests.kit.scripts import going
from tests.kit.serving import KINDS, served
from tests.kit.tools import make_tool
from tests.kit.turn_scripts import parallel_calls
from utilities.replay.ids import parse_time
from utilities.replay.session.session import Session

INTERRUPT = {"type": "user.interrupt"}


def message(text: str) -> dict[str, Any]:
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


def two_turns() -> Script:
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


def play(script: Script, speed: float = 1.0) -> Session:
    recording = script.recording()
    from utilities.replay.recordings.track import Track

    return Session("sesn_1", START, [Track(recording)], strict=True, speed=speed)


def types(session: Session) -> list[str]:
    return [event["type"] for event in session.log]


@pytest.mark.rule("an interrupt jumps the queue", topic="sending", evidence="doc")
@pytest.mark.rule(
    "an interrupt: error result of the open call, `user.interrupt`, thread idle, usage, idle with `end_turn`",
    topic="order",
    evidence="seen",
)
def test_a_running_turn_stops_in_the_order_that_was_seen() -> None:
    session = play(two_turns())
    session.send([message("go")], 0.0)
    session.advance(5.0)  # the tool runs
    begun = len(session.log)
    [accepted] = session.send([INTERRUPT], 5.0)
    assert accepted["processed_at"] is None
    assert types(session)[begun:] == [
        "agent.tool_result",
        "user.interrupt",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]
    assert session.log[begun]["is_error"]
    assert session.log[begun + 1]["id"] == accepted["id"]
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}
    assert session.status == "idle"
    assert session.advance(1000.0) is None  # nothing more of that turn
    session.send([message("again")], 1001.0)
    session.advance(2000.0)
    assert session.log[-1]["type"] == "session.status_idle"
    assert "done again" in str(session.log)
    assert "'done'" not in str(session.log)
    ids = [event["id"] for event in session.log]
    times = [parse_time(event["processed_at"]) for event in session.log]
    assert len(set(ids)) == len(ids)
    assert times == sorted(set(times))


@pytest.mark.rule("an interrupt jumps the queue", topic="sending", evidence="doc")
def test_interrupt_and_the_next_message_in_one_send() -> None:
    session = play(two_turns())
    session.send([message("go")], 0.0)
    session.send([INTERRUPT, message("again")], 5.0)
    session.advance(1000.0)
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}
    assert "done again" in str(session.log)


@pytest.mark.rule(
    "an interrupt is taken while calls wait for the client; afterwards messages are taken again",
    topic="sending",
    evidence="doc",
)
def test_a_parked_session_can_be_interrupted_and_takes_messages_again() -> None:
    script = Script()
    script.message("go")
    call = script.custom("decide")
    script.idle("requires_action", [call])
    script.custom_result(call, "yes")
    script.running()
    script.idle()
    script.message("again")
    script.idle()
    session = play(script, speed=0)
    session.send([message("go")], 0.0)
    session.send([INTERRUPT], 0.0)
    assert session.log[-1]["stop_reason"] == {"type": "end_turn"}
    session.send([message("again")], 0.0)
    assert types(session)[-6:] == [
        "session.status_running",
        "session.thread_status_running",
        "user.message",
        "session.thread_status_idle",
        "session.usage",
        "session.status_idle",
    ]


def test_a_parked_session_is_interrupted_and_told_more_in_one_send() -> None:
    script = parallel_calls(["a", "b"])
    script.message("again")
    script.say("done again")
    script.idle()
    session = play(script, speed=0)
    session.send([message("go")], 0.0)
    call = session.awaited[0]
    late = {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": call,
        "content": [{"type": "text", "text": "a ok"}],
    }
    session.send([late, INTERRUPT, message("again")], 0.0)
    assert "done again" in str(session.log)
    assert [event["type"] for event in session.log if event["type"].startswith("user.")] == [
        "user.message",
        "user.custom_tool_result",
        "user.interrupt",
        "user.message",
    ]
    assert not session.queued


@pytest.mark.parametrize("speed", [0, 1])
def test_a_message_before_the_interrupt_waits_for_it_and_is_processed(speed: float) -> None:
    session = play(two_turns(), speed=speed)
    session.send([message("go"), INTERRUPT, INTERRUPT], 0.0)
    session.advance(1000.0)
    assert types(session)[:4] == ["user.interrupt"] * 2 + [
        "session.status_running",
        "session.thread_status_running",
    ]
    assert "'done'" in str(session.log) and not session.queued


def test_a_turn_that_has_just_begun_to_run_begins_again_after_the_interrupt() -> None:
    session = play(two_turns(), speed=1)
    session.send([message("go")], 0.0)
    assert types(session) == ["session.status_running"]  # the message is stamped microseconds later
    session.send([INTERRUPT], 0.0)
    session.advance(1000.0)
    running = ["session.status_running", "session.thread_status_running", "user.message"]
    assert types(session)[1:7] == ["user.interrupt", "session.usage", "session.status_idle", *running]
    assert "'done'" in str(session.log) and not session.queued


@pytest.mark.rule(
    "an interrupt with nothing to stop is noted in the log and does no more", topic="sending", evidence="ours"
)
def test_an_interrupt_with_nothing_to_stop_is_noted_and_no_more() -> None:
    session = play(two_turns(), speed=0)
    session.send([INTERRUPT], 0.0)
    assert types(session) == ["user.interrupt"]
    session.send([message("go")], 0.0)
    session.send([INTERRUPT], 0.0)
    assert types(session)[-1] == "user.interrupt"
    session.send([message("again")], 0.0)
    assert "done again" in str(session.log)


def test_a_recorded_interrupt_is_followed_as_it_was_recorded() -> None:
    script = Script()
    script.message("go")
    call = script.builtin(command="make")
    script.builtin_result(call, "stopped, as recorded", is_error=True)
    script.event("user.interrupt")
    script.idle()
    session = play(script, speed=0)
    session.send([message("go")], 0.0)
    assert session.status == "running"  # it waits for the client where the recording was interrupted
    session.send([INTERRUPT], 0.0)
    assert len(session.log) == len(script.events)
    assert [event["type"] for event in script.events] == types(session)


@pytest.mark.parametrize("kind", KINDS)
def test_the_helper_sees_the_interrupted_turn_end(kind: str) -> None:
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
def test_an_interrupt_while_a_tool_of_ours_runs_ends_the_turn(kind: str) -> None:
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
def test_a_turn_that_was_stopped_leaves_what_it_had_written(stopped_after: float, files: list[str]) -> None:
    script = going()
    script.message("again")
    script.say("hello")
    script.idle()
    call = Caller(script, speed=1.0)
    session = call.session(initial_events=SAY_GO["events"])
    path = f"/sessions/{session['id']}/events"
    call.now += stopped_after
    call.post(path, {"events": [{"type": "user.interrupt"}]})
    again = {"type": "user.message", "content": [{"type": "text", "text": "again"}]}
    call.post(path, {"events": [again]})
    call.now += 60.0
    assert call.get(path)["data"][-1]["type"] == "session.status_idle"
    assert [file["filename"] for file in call.get("/files", scope_id=session["id"])["data"]] == files
