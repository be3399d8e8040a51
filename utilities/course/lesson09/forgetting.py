"""The exercise of 09b: whether a session was forgotten, or waits for somebody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from ..exercises import Exercise
from .judged import judged

__all__ = ["forgetting"]


def _event(type: str, reason: str | None = None) -> Any:
    if reason is None:
        return SimpleNamespace(type=type, id=f"sevt_{type}")
    return SimpleNamespace(type=type, id=f"sevt_{type}", stop_reason=SimpleNamespace(type=reason))


def _idle(reason: str) -> Any:
    return _event("session.status_idle", reason)


RUNNING, MESSAGE, USAGE = (
    _event(type) for type in ("session.status_running", "user.message", "session.usage")
)
OPENING = [RUNNING, MESSAGE, _event("agent.message")]
# What it is, its events, whether nobody would miss it.
HISTORIES: tuple[tuple[str, list[Any], bool], ...] = (
    ("a session that never got a message", [], True),
    ("a turn that is over", [*OPENING, USAGE, _idle("end_turn")], True),
    ("a session that runs", OPENING, False),
    ("a call that waits for a person", [*OPENING, _idle("requires_action")], False),
    ("a session at its budget", [*OPENING, USAGE, _idle("budget_reached")], False),
    (
        "a call that was answered, while the session runs again",
        [*OPENING, _idle("requires_action"), _event("user.tool_confirmation"), RUNNING],
        False,
    ),
    (
        "a call that was answered, and its turn is over",
        [*OPENING, _idle("requires_action"), _event("user.tool_confirmation"), RUNNING, _idle("end_turn")],
        True,
    ),
    ("a second turn that waits", [*OPENING, _idle("end_turn"), *OPENING, _idle("requires_action")], False),
    (
        "another thread that is idle, in a session that waits",
        [*OPENING, _idle("requires_action"), _event("session.thread_status_idle", "end_turn")],
        False,
    ),
    ("a session that has ended", [*OPENING, _event("session.status_terminated")], True),
    ("a session that has a message, and hasn't begun", [MESSAGE], False),
)


def _check(forgotten: Callable[[list[Any]], Any]) -> str:
    judged((what, partial(forgotten, list(events)), right) for what, events, right in HISTORIES)
    return f"{len(HISTORIES)} histories, and whoever waits for a person stays"


forgetting = Exercise(
    "Exercise 2",
    _check,
    [
        "The newest event whose type begins with `session.status_` says how things stand. If there is none, "
        "it matters whether there is a `user.message`.",
        "Idle isn't enough: `stop_reason.type` may be `requires_action` or `budget_reached`. Running is no "
        "end either.",
    ],
    minutes=5,
)
