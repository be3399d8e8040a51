"""Lesson 05's checks: wrong answers fail, each for its own reason, and right ones of another style pass.
What holds for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

import time
from typing import Any

import pytest

from utilities.course.exercises import Exercise
from utilities.course.lesson05 import checks as lesson05

pytestmark = pytest.mark.slow

EXERCISES = [exercise for exercise in vars(lesson05).values() if isinstance(exercise, Exercise)]


def test_not_attempted_is_no_error(capsys):
    lesson05.interval.check(lambda requests_per_minute, workers, shortest: ...)
    lesson05.over.check(lambda events: ...)
    lesson05.finish.check(lambda client, session_id, delivered: ...)
    assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
    assert capsys.readouterr().out.count("not attempted yet") == 3


# -- 1: an interval ------------------------------------------------------------------------------------


def plan(budget: float, workers: int, shortest: float) -> tuple[float, float]:
    """Right, and counted in requests a second."""
    interval = workers / (budget / 60)
    interval = shortest if interval < shortest else interval
    return interval, 0.5 * interval


def test_another_way_to_plan_passes(passes):
    passes(lesson05.interval, plan)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            lambda b, w, s: (max(s, 60 / b), max(s, 60 / b) / 2),
            "make 300 requests a minute",
        ),  # each for itself
        (lambda b, w, s: (w * 60 / b, w * 30 / b), "closer together than"),  # no shortest
        (lambda b, w, s: (plan(b, w, s)[0], plan(b, w, s)[0]), "how late is its end known on average"),
        (lambda b, w, s: (plan(b, w, s)[0], 0.0), "how late is its end known on average"),
        (lambda b, w, s: (max(s, b / 60 / w), 1.0), "requests a minute"),  # upside down
        (lambda b, w, s: (max(s, w * 60 // b), max(s, w * 60 // b) / 2), "make 120 requests a minute"),
        (lambda b, w, s: (2 * plan(b, w, s)[0], plan(b, w, s)[0]), "is not the shortest interval"),
        (lambda b, w, s: plan(b, w, s)[0], "expected two numbers"),
        (lambda b, w, s: (0, 0), "closer together than"),
        (lambda b, w, s: 1 / 0, "your code raised ZeroDivisionError"),
    ],
)
def test_a_plan_beyond_its_budget_fails(wrong, why, fails):
    fails(lesson05.interval, wrong, why=why)


# -- 2: the exit condition -----------------------------------------------------------------------------

ENDS = {"session.status_terminated": "terminated", "session.deleted": "deleted"}


def over(
    events: list[Any],
    reasons: tuple[str, ...] | None = None,
    idle: str = "session.status_idle",
    restarts: tuple[str, ...] = ("session.status_running", "session.status_rescheduled"),
    ours: bool = True,
    ends: Any = ENDS,
) -> str | None:
    """A right answer, with something left out on request. Forwards, unlike the solution."""
    answer: str | None = None
    for event in events:
        if event.type.endswith(idle):
            reason = event.stop_reason.type
            answer = reason if reasons is None or reason in reasons else None
        elif event.type in ends:
            answer = ends[event.type]
        elif event.type in restarts or (ours and event.type.startswith("user.")):
            answer = None
    return answer


def sidebar(events: list[Any]) -> str | None:
    """The seed's condition: the last event, and one reason."""
    last = events[-1] if events else None
    if last and last.type == "session.status_terminated":
        return "terminated"
    if last and last.type == "session.status_idle" and last.stop_reason.type == "end_turn":
        return "end_turn"
    return None


def last_event(events: list[Any]) -> str | None:
    """Every reason, but only if it comes last."""
    return over(events[-1:])


def any_idle(events: list[Any]) -> str | None:
    """An idle event anywhere, also of the turn before."""
    return next((e.stop_reason.type for e in events if e.type == "session.status_idle"), None)


def on_error(events: list[Any]) -> str | None:
    return "error" if any(event.type == "session.error" for event in events) else over(events)


KNOWN = ("end_turn", "requires_action", "retries_exhausted", "budget_reached", "refusal")


def test_another_way_to_see_that_it_is_over_passes(passes):
    passes(lesson05.over, over)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (sidebar, "a turn that ended with retries_exhausted"),
        (last_event, "a new title after it"),
        (any_idle, "a session that was terminated"),
        (on_error, "an error that the service is retrying"),
        (lambda events: over(events, KNOWN), "a_reason_of_next_year"),
        (lambda events: over(events, ("end_turn",)), "retries_exhausted"),
        (lambda events: None if over(events) == "requires_action" else over(events), "waits for an answer"),
        (lambda events: over(events, idle="status_idle"), "another thread that has ended"),
        (lambda events: over(events, restarts=()), "a budget that was raised"),
        (lambda events: over(events, ours=False), "our message, which nobody has come to yet"),
        (lambda events: over(events, ends={}), "terminated"),
        (lambda events: over(events, ends={**ENDS, "session.deleted": "terminated"}), "deleted"),
        (lambda events: over(events) is not None, "you returned False"),
        (lambda events: over(events) or "running", "you returned 'running'"),
        (lambda events: events[-1].type, "your code raised IndexError"),
    ],
)
def test_a_loop_that_goes_on_or_stops_too_early_fails(wrong, why, fails):
    fails(lesson05.over, wrong, why=why)


# -- 3: whoever comes first ----------------------------------------------------------------------------


def finish(
    client: Any, session_id: str, delivered: set[Any], key: Any = lambda idle: idle.id, judge: Any = over
) -> str | None:
    """A right answer, with something left out on request. From the newest event, unlike the solution."""
    events = list(client.beta.sessions.events.list(session_id, order="desc"))
    if judge(events[::-1]) in (None, "requires_action"):
        return None
    [idle, *_] = [event for event in events if event.type == "session.status_idle"]
    if key(idle) in delivered:
        return None
    delivered.add(key(idle))
    return next(e.content[0].text for e in events if e.type == "agent.message")


def once_a_session(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    return finish(client, session_id, delivered, key=lambda idle: session_id)


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
    return finish(client, session_id, delivered, key=lambda idle: events[-1].id)


def first_words(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    events = list(client.beta.sessions.events.list(session_id))
    text = next((e.content[0].text for e in events if e.type == "agent.message"), None)
    return text if finish(client, session_id, delivered) else None


def waits_for_it(client: Any, session_id: str, delivered: set[Any]) -> str | None:
    """Sits there until the turn is over."""
    while over(list(client.beta.sessions.events.list(session_id))) is None:
        time.sleep(0.05)
    return finish(client, session_id, delivered)


def test_looking_from_the_newest_event_passes(passes):
    passes(lesson05.finish, finish)


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
        (lambda client, session_id, delivered: None, "the webhook comes first"),
        (lambda client, session_id, delivered: "done", "the webhook comes first"),
        (lambda client, session_id, delivered: 1 / 0, "your code raised ZeroDivisionError"),
    ],
)
def test_a_handler_that_delivers_wrongly_fails(wrong, why, fails):
    fails(lesson05.finish, wrong, why=why)


def test_a_handler_that_waits_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(lesson05, "PATIENCE", 0.7)
    fails(lesson05.finish, waits_for_it, why="a handler looks, and returns")
