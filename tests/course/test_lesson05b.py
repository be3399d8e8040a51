"""The exercises of 05b: wrong answers fail, each for its own reason, and right ones of another style pass."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.kit.over import over
from utilities.course import lesson05
from utilities.course.lesson05 import finishing

pytestmark = pytest.mark.slow


def test_not_attempted_is_no_error(capsys):
    lesson05.executions.check(...)
    lesson05.twice.check(...)
    lesson05.finish.check(lambda client, session_id, delivered: ...)
    assert lesson05.executions.passed is lesson05.twice.passed is lesson05.finish.passed is None
    assert capsys.readouterr().out.count("not attempted yet") == 3


# -- 1, 2: how often, and who is fine --------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["c", 6, "6"])
def test_how_often_the_loop_executes(guess, passes):
    passes(lesson05.executions, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "one for each call"),
        ("b", "two are still open"),
        ("d", "fewer calls, not all three"),
        ("7", "none of"),
    ],
)
def test_a_wrong_number_of_executions_is_told_why(guess, why, fails):
    fails(lesson05.executions, guess, why=why)


@pytest.mark.parametrize("guess", ["bde", "B, D, E", ["tool_runner", "ours, by stream", "ours, by polling"]])
def test_who_is_fine_when_events_come_twice(guess, passes):
    passes(lesson05.twice, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abde", "the idle event comes twice"),
        ("bcde", "doesn't keep which calls it has answered"),
        ("de", "tool_runner keeps the ids"),
        ("be", "takes each id once"),
        ("bd", "the history has every event once"),
        ("f", "none of the answers"),
    ],
)
def test_a_wrong_guess_of_who_is_fine_is_told_why(guess, why, fails):
    fails(lesson05.twice, guess, why=why)


# -- 3: whoever comes first ----------------------------------------------------------------------------


STOPS = ("session.status_idle", "session.status_terminated")


def finish(
    client: Any,
    session_id: str,
    delivered: set[Any],
    key: Any = lambda end: end.id,
    judge: Any = over,
    ends: tuple[str, ...] = STOPS,
    turn_begins: str = "user.message",
) -> str | None:
    """A right answer, with something left out on request. From the newest event, unlike the solution."""
    events = list(client.beta.sessions.events.list(session_id, order="desc"))
    if judge(events[::-1]) in (None, "requires_action"):
        return None
    end = next(event for event in events if event.type in ends)
    if key(end) in delivered:
        return None
    delivered.add(key(end))
    said = (e for e in events if e.type in ("agent.message", turn_begins))
    newest = next(said, None)
    return newest.content[0].text if newest and newest.type == "agent.message" else ""


def once_a_session(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    return finish(client, session_id, delivered, key=lambda end: session_id)


def once_ever(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    return finish(client, session_id, set())


def believes(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """The webhook said so."""
    return finish(client, session_id, delivered, judge=lambda events: "end_turn")


def by_status(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Looks at the status field, which comes after the events."""
    idle = client.beta.sessions.retrieve(session_id).status == "idle"
    return finish(client, session_id, delivered, judge=lambda events: "end_turn" if idle else None)


def every_idle(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Takes a parked session for a finished one."""
    return finish(client, session_id, delivered, judge=lambda events: over(events) and "end_turn")


def by_last_event(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Delivers again when anything was added to the session."""
    events = list(client.beta.sessions.events.list(session_id))
    return finish(client, session_id, delivered, key=lambda end: events[-1].id)


def first_words(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    events = list(client.beta.sessions.events.list(session_id))
    text = next((e.content[0].text for e in events if e.type == "agent.message"), None)
    return text if finish(client, session_id, delivered) else None


def ignores_what_runs(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """The newest idle event, whatever has begun since."""
    events = list(client.beta.sessions.events.list(session_id))
    idle = [event for event in events if event.type == "session.status_idle"]
    if not idle:
        return None
    return finish(client, session_id, delivered, judge=lambda events: idle[-1].stop_reason.type)


def any_message(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """The agent's last words, of whichever turn."""
    return finish(client, session_id, delivered, turn_begins="agent.message")


def always_a_message(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Takes it for granted that the agent has said something in this turn."""
    if finish(client, session_id, delivered) is None:
        return None
    events = list(client.beta.sessions.events.list(session_id))
    begin = max(number for number, event in enumerate(events) if event.type == "user.message")
    return [e for e in events[begin:] if e.type == "agent.message"][-1].content[0].text


def idle_only(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """A terminated session has no idle event."""
    return finish(client, session_id, delivered, ends=("session.status_idle",))


def waits_for_it(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Sits there until the turn is over."""
    while over(list(client.beta.sessions.events.list(session_id))) is None:
        time.sleep(0.05)
    return finish(client, session_id, delivered)


def by_types(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Right, with the service doing the choosing; the key is the session with its end."""
    events = client.beta.sessions.events
    if over(list(events.list(session_id))) in (None, "requires_action"):
        return None
    *_, end = events.list(session_id, types=list(STOPS))
    if (session_id, end.id) in delivered:
        return None
    delivered |= {(session_id, end.id)}
    *_, last = events.list(session_id, types=["agent.message", "user.message"])
    return "".join(block.text for block in last.content) if last.type == "agent.message" else None


def one_pass(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Right, with one walk through the history."""
    end, text = None, ""
    for event in client.beta.sessions.events.list(session_id):
        if event.type == "agent.message":
            text = event.content[0].text
        elif event.type == "session.status_idle":
            end = event.id if event.stop_reason.type != "requires_action" else None
        elif event.type == "session.status_terminated":
            end = event.id
        elif event.type == "session.status_running" or event.type.startswith("user."):
            end = None
            text = "" if event.type == "user.message" else text
    if end is None or end in delivered:
        return None
    delivered.add(end)
    return text


@pytest.mark.parametrize("right", [finish, by_types, one_pass])
def test_a_handler_of_another_style_passes(right, passes):
    passes(lesson05.finish, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (once_a_session, "a second turn in the same session"),
        (once_ever, "then the stream's idle event"),
        (believes, "waiting for an answer of ours"),
        (by_status, "the webhook comes first"),  # the field is not that far yet
        (every_idle, "waiting for an answer of ours"),
        (by_last_event, "the session got a new title"),
        (first_words, "the webhook comes first"),
        (ignores_what_runs, "the newest idle event is of the turn before"),
        (any_message, "the text is to be of the turn that ended"),
        (always_a_message, "gave up without a message: your code raised IndexError"),
        (idle_only, "terminated in its first turn: your code raised StopIteration"),
        (lambda client, session_id, delivered: None, "the webhook comes first"),
        (lambda client, session_id, delivered: "done", "the webhook comes first"),
        (lambda client, session_id, delivered: 1 / 0, "your code raised ZeroDivisionError"),
    ],
)
def test_a_handler_that_delivers_wrongly_fails(wrong, why, fails):
    fails(lesson05.finish, wrong, why=why)


def test_a_handler_that_waits_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(finishing, "PATIENCE", 0.7)
    fails(lesson05.finish, waits_for_it, why="a handler looks, and returns")
