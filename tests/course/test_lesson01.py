"""Lesson 01's checks: wrong answers fail, right ones pass, and what nobody attempted is no error."""

from __future__ import annotations

import time
from typing import Any

import pytest
from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.course.exercises import Exercise
from utilities.course.lesson01 import checks as lesson01
from utilities.replay import Recording

EXERCISES = [exercise for exercise in vars(lesson01).values() if isinstance(exercise, Exercise)]


@pytest.fixture
def first_turn() -> list[Any]:
    """The recording's first turn, as the SDK's event objects."""
    events = Recording.load(lesson01.RECORDING).events
    end = next(i for i, event in enumerate(events) if event["type"] == "session.status_idle")
    return [construct_type(value=event, type_=BetaManagedAgentsSessionEvent) for event in events[: end + 1]]


def edits(events: list[Any]) -> list[Any]:
    return [event for event in events if event.type == "agent.tool_use" and event.name == "edit"]


def naive_ending(event: Any) -> str | None:
    """The loop of the tutorials: end_turn and terminated, nothing else."""
    if event.type == "session.status_idle" and event.stop_reason.type == "end_turn":
        return "end_turn"
    return "terminated" if event.type == "session.status_terminated" else None


def any_idle(event: Any) -> str | None:
    """Takes another thread's idle for the session's."""
    if event.type.endswith("status_idle"):
        return str(event.stop_reason.type)
    return {"session.status_terminated": "terminated", "session.deleted": "deleted"}.get(event.type)


def known_reasons(event: Any) -> str | None:
    """Waits for ever on a reason that is not on its list."""
    known = ("end_turn", "requires_action", "retries_exhausted", "budget_reached", "refusal")
    if event.type == "session.status_idle" and event.stop_reason.type in known:
        return str(event.stop_reason.type)
    return {"session.status_terminated": "terminated", "session.deleted": "deleted"}.get(event.type)


def stops_at_errors(event: Any) -> str | None:
    """Gives up on an error that the service is retrying."""
    return "error" if event.type == "session.error" else known_reasons(event)


@pytest.mark.parametrize(
    "wrong", [naive_ending, any_idle, known_reasons, stops_at_errors, lambda event: "end_turn"]
)
def test_a_loop_that_ends_wrongly_fails(wrong):
    lesson01.ending.check(wrong)
    assert lesson01.ending.passed is False


def test_mean_went_green_by_the_edit_of_add(first_turn):
    [right, wrong_turn, mended] = edits(first_turn)
    lesson01.mean.check(first_turn, right.id, "add")
    assert lesson01.mean.passed
    bash = next(event for event in first_turn if event.type == "agent.tool_use" and event.name == "bash")
    for id, function in (
        (wrong_turn.id, "divide"), (mended.id, "divide"), (right.id, "mean"), (right.id, "divide"),
        (bash.id, "add"), ("sevt_nope", "add"),
    ):  # fmt: skip
        lesson01.mean.check(first_turn, id, function)
        assert lesson01.mean.passed is False, (id, function)


def archive_at_once(client: Any, session_id: str, timeout: float) -> Any:
    return client.beta.sessions.archive(session_id)


def archive_by_luck(client: Any, session_id: str, timeout: float) -> Any:
    time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def never_archive(client: Any, session_id: str, timeout: float) -> Any:
    return None


def give_up_silently(client: Any, session_id: str, timeout: float) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if client.beta.sessions.retrieve(session_id).status == "idle":
            return client.beta.sessions.archive(session_id)
    return None


def forget_the_id(client: Any, session_id: str, timeout: float) -> Any:
    if give_up_silently(client, session_id, timeout) is None:
        raise TimeoutError("it took too long")


def wait_for_ever(client: Any, session_id: str, timeout: float) -> Any:
    while client.beta.sessions.retrieve(session_id).status != "idle":
        time.sleep(0.05)
    return client.beta.sessions.archive(session_id)


def leave(client: Any, session_id: str, timeout: float) -> Any:
    raise SystemExit(1)


WRONG = [archive_at_once, archive_by_luck, never_archive, give_up_silently, forget_the_id, leave]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_archive_that_trusts_luck_fails(wrong):
    lesson01.archiving.check(wrong)
    assert lesson01.archiving.passed is False


@pytest.mark.slow
def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, capsys):
    monkeypatch.setattr(lesson01, "PATIENCE", 1.0)
    lesson01.archiving.check(wait_for_ever)
    assert lesson01.archiving.passed is False
    assert "still waiting after 1 s, although timeout was 0.3" in capsys.readouterr().out


def test_not_attempted_is_no_error(first_turn, capsys):
    def nothing(*_: Any) -> None: ...

    lesson01.ending.check(nothing)
    lesson01.mean.check(first_turn, ..., ...)
    lesson01.archiving.check(lambda client, session_id, timeout: ...)
    assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
    assert capsys.readouterr().out.count("not attempted yet") == 3
