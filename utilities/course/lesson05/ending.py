"""Lesson 05's second exercise: when a polling loop can stop."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ..exercises import Exercise, Wrong, answer_of, require_answers

__all__ = ["over"]


def _event(type: str, **fields: Any) -> Any:
    return SimpleNamespace(type=type, **{"id": f"sevt_{type}", "processed_at": "now", **fields})


def _idle(reason: str, type: str = "session.status_idle", **fields: Any) -> Any:
    return _event(type, stop_reason=SimpleNamespace(type=reason, **fields))


RUNNING, SAID = _event("session.status_running"), _event("user.message", content=[])
WAITING = _event("user.message", content=[], processed_at=None)
PARKED, RESULT = _idle("requires_action", event_ids=["sevt_a"]), "user.custom_tool_result"
TURN = [RUNNING, SAID, _event("span.model_request_start"), _event("agent.message", content=[])]
HISTORIES: list[tuple[str, list[Any], str | None]] = [
    ("a session that has just been made", [], None),
    ("a turn that is under way", TURN, None),
    ("the end of a turn", [*TURN, _idle("end_turn")], "end_turn"),
    *(
        (f"a turn that ended with {reason}", [*TURN, _idle(reason)], reason)
        for reason in ("retries_exhausted", "budget_reached", "refusal", "a_reason_of_next_year")
    ),
    ("a call that waits for an answer of ours", [*TURN, PARKED], "requires_action"),
    ("a session that was terminated",
     [*TURN, _event("session.status_terminated")], "session.status_terminated"),
    ("a session that was deleted", [*TURN, _event("session.deleted")], "session.deleted"),
    ("the end of a turn, and a new title after it",
     [*TURN, _idle("end_turn"), _event("session.updated")], "end_turn"),
    ("an error that the service is retrying", [*TURN, _event("session.error")], None),
    ("an error told after the end", [*TURN, _idle("end_turn"), _event("session.error")], "end_turn"),
    ("the turn before, and our message, which nobody has come to yet",
     [*TURN, _idle("end_turn"), WAITING], None),
    ("the turn before, and the next one, which runs", [*TURN, _idle("end_turn"), *TURN], None),
    ("a budget that was raised, so that the turn goes on", [*TURN, _idle("budget_reached"), RUNNING], None),
    ("an answer to the call that waited, sent but not processed",
     [*TURN, PARKED, _event(RESULT, processed_at=None)], None),
    ("an answer to the call that waited, stamped at once, before the session runs on",
     [*TURN, PARKED, _event(RESULT)], None),
    ("a turn that goes on after its answer", [*TURN, PARKED, _event(RESULT), RUNNING], None),
    ("another thread that has ended", [*TURN, _idle("end_turn", "session.thread_status_idle")], None),
    ("a session that is being moved", [*TURN, _event("session.status_rescheduled")], None),
]  # fmt: skip


def _check(over: Callable[[list[Any]], Any]) -> str:
    answers = [answer_of(what, over, list(events)) for what, events, _ in HISTORIES]
    require_answers(over, answers)
    for (what, _, expected), answer in zip(HISTORIES, answers, strict=True):
        if answer != expected or answer is ...:
            raise Wrong(f"{what}: {_told(expected, answer)}")
    return f"{len(HISTORIES)} histories, with every stop reason that there is and one that there isn't yet"


def _told(expected: str | None, answer: Any) -> str:
    said = f"you returned {answer!r}"
    if isinstance(answer, bool):
        return f"{said}; it is to be the reason, a text, or None"
    if expected is None:
        return f"there is something to wait for, and {said}, which ends the loop"
    if answer is None or answer is ...:
        return f"{said}, so the loop goes on; what would it wait for?"
    return f"the loop can stop, but not for the reason that you give: {said}"


over = Exercise(
    "Exercise 2",
    _check,
    [
        "Go through the events backwards. Most say nothing about whether the turn is over: pass them by.",
        "The first that does decides: an idle event (return its reason, whichever), terminated or deleted "
        "(return its type); or running, rescheduled: not over.",
        "There is one more kind that decides: an event of ours (its type begins with 'user.') after the idle "
        "event means that more will come.",
    ],
    minutes=8,
)
