"""A user.interrupt that names the primary thread: that one stops, the others go on."""

import pytest

from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT

HELPER = {"session_thread_id": "sthr_helper", "agent_name": "helper"}
END = {"type": "end_turn"}


def side_by_side():
    """Two threads at work at once: the primary one goes on, makes another thread and asks for something."""
    script = Script()
    script.message("go")
    script.event("session.thread_created", **HELPER)
    script.event("session.thread_status_running", **HELPER)
    script.builtin("bash", command="make")
    own = script.event(
        "agent.custom_tool_use", after=1.0, name="ask", input={}, session_thread_id="sthr_helper"
    )
    late = {"session_thread_id": "sthr_late", "agent_name": "late"}
    script.event("session.thread_created", after=2.0, **late)
    script.event("session.thread_status_running", **late)
    script.event("session.thread_status_idle", after=1.0, **late, stop_reason=END)
    call = script.custom("ask")
    waits = {"type": "requires_action", "event_ids": [call]}
    script.event(
        "session.thread_status_idle", session_thread_id="sthr_1", agent_name="tester", stop_reason=waits
    )
    both = {"type": "requires_action", "event_ids": [own, call]}
    script.event(
        "session.thread_status_idle", **HELPER, stop_reason={"type": "requires_action", "event_ids": [own]}
    )
    script.usage()
    script.event("session.status_idle", stop_reason=both)
    script.event("user.custom_tool_result", custom_tool_use_id=call, content=[], is_error=False)
    script.event(
        "user.custom_tool_result", custom_tool_use_id=own, session_thread_id="sthr_helper", content=[],
        is_error=False,
    )  # fmt: skip
    script.running()
    script.event("session.thread_status_running", **HELPER)
    script.event("session.thread_status_idle", after=1.0, **HELPER, stop_reason=END)
    script.say("done")
    script.idle()
    script.message("again")
    script.say("done again")
    script.idle()
    return script


def after_its_interrupt():
    call = Caller(side_by_side(), speed=1.0)
    path = f"/sessions/{call.session()['id']}"
    call.post(f"{path}/events", SAY_GO)
    call.now = 1.5
    primary, _ = call.get(f"{path}/threads")["data"]
    call.post(f"{path}/events", {"events": [{**INTERRUPT, "session_thread_id": primary["id"]}]})
    return call, path, primary["id"]


def kinds(events):
    return [event["type"].removeprefix("session.") for event in events]


@pytest.mark.rule(
    "an interrupt that names the primary thread stops only that one; the session runs while others do",
    topic="threads", evidence="doc", source="docs: multi-agent orchestration",
    note="that what the thread would have done in this turn is left out, and that it isn't woken by what the "
    "others report, is ours",
)  # fmt: skip
def test_an_interrupt_of_the_primary_thread_stops_no_other():
    call, path, primary = after_its_interrupt()
    stopped = call.events(path)[-3:]
    assert kinds(stopped) == ["agent.tool_result", "user.interrupt", "thread_status_idle"]
    assert stopped[0]["is_error"] and stopped[1]["session_thread_id"] == primary
    assert [thread["status"] for thread in call.get(f"{path}/threads")["data"]] == ["idle", "running"]
    assert call.get(path)["status"] == "running"


def test_what_the_stopped_thread_would_have_done_is_left_out():
    call, path, primary = after_its_interrupt()
    before = len(call.events(path))
    call.now = 60.0
    parked = call.events(path)
    assert kinds(parked[before:]) == ["thread_status_idle", "usage", "status_idle"]
    (own,) = [event for event in parked if event["type"] == "agent.custom_tool_use"]
    assert parked[-1]["stop_reason"]["event_ids"] == [own["id"]]
    answer = {"type": "user.custom_tool_result", "custom_tool_use_id": own["id"], "content": []}
    call.post(f"{path}/events", {"events": [answer]})
    call.now = 120.0
    went_on = call.events(path)[len(parked) :]
    assert kinds(went_on) == [
        "user.custom_tool_result", "status_running", "thread_status_running", "thread_status_idle",
        "usage", "status_idle",
    ]  # fmt: skip
    assert all(event.get("session_thread_id") != primary for event in went_on)


def test_its_next_turn_is_heard_again():
    call, path, primary = after_its_interrupt()
    call.now = 60.0
    call.post(f"{path}/events", {"events": [INTERRUPT]})  # of all, those that wait too
    before = len(call.events(path))
    again = {"type": "user.message", "content": [{"type": "text", "text": "again"}]}
    call.post(f"{path}/events", {"events": [again]})
    call.now = 120.0
    assert kinds(call.events(path)[before:]) == [
        "status_running", "thread_status_running", "user.message", "agent.message", "thread_status_idle",
        "usage", "status_idle",
    ]  # fmt: skip


def test_the_primary_thread_alone_is_the_session():
    """No other is at work, so the turn is over."""
    call = Caller(alone(), speed=1.0)
    path = f"/sessions/{call.session()['id']}"
    call.post(f"{path}/events", SAY_GO)
    call.now = 0.5
    (primary,) = call.get(f"{path}/threads")["data"]
    call.post(f"{path}/events", {"events": [{**INTERRUPT, "session_thread_id": primary["id"]}]})
    events = call.events(path)
    assert kinds(events)[-4:] == ["user.interrupt", "thread_status_idle", "usage", "status_idle"]
    assert events[-4]["session_thread_id"] == primary["id"]


def alone():
    script = Script()
    script.message("go")
    script.say("done", after=5.0)
    script.idle()
    return script
