"""The outcomes of a session: what its client has defined, and how far its evaluation has come.

Read off the event log, as threads are. The states before the end are the agent's: it has not begun, it
works, or the grader looks. [sdk]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..recordings.recording import Event

DEFINED = "user.define_outcome"
STARTED, ENDED = "span.outcome_evaluation_start", "span.outcome_evaluation_end"
AGAIN = "needs_revision"  # the only result of an evaluation that another one follows [doc]


def evaluations(log: Sequence[Event]) -> list[dict[str, Any]]:
    """A session's `outcome_evaluations`, one for each outcome, the first first."""
    return [
        _evaluation(event, log[index + 1 :]) for index, event in enumerate(log) if event["type"] == DEFINED
    ]


def open_outcome(log: Sequence[Event]) -> dict[str, Any] | None:
    """The outcome whose evaluation has not come to its end, if there is one."""
    last = next(iter(evaluations(log)[::-1]), None)
    return last if last and last["completed_at"] is None else None


def interrupted(log: Sequence[Event]) -> list[Event]:
    """The end that an interrupt makes of an outcome, also before anything was evaluated. [doc]"""
    outcome = open_outcome(log)
    if outcome is None:
        return []
    started = [event["id"] for event in log if event["type"] == STARTED]
    ended = [event["outcome_evaluation_start_id"] for event in log if event["type"] == ENDED]
    begun = next((id for id in started[-1:] if id not in ended), "")
    usage = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 0
    )
    return [
        {
            "type": ENDED,
            "outcome_evaluation_start_id": begun,
            "outcome_id": outcome["outcome_id"],
            "iteration": outcome["iteration"],
            "result": "interrupted",
            "explanation": "The client interrupted the session.",
            "usage": {**usage, "speed": None},
        }
    ]


def _evaluation(defined: Event, after: Sequence[Event]) -> dict[str, Any]:
    """The state of one outcome, from what came after it was defined."""
    state: dict[str, Any] = {
        "type": "outcome_evaluation",
        "outcome_id": defined.get("outcome_id") or "",
        "description": defined["description"],
        "result": "pending",
        "iteration": 0,
        "explanation": None,
        "completed_at": None,
    }
    for event in after:
        if event["type"] == DEFINED or state["completed_at"] is not None:
            break
        if event["type"] == "session.status_running" and state["result"] == "pending":
            state["result"] = "running"
        elif event["type"] == STARTED:
            state |= {"result": "evaluating", "iteration": event.get("iteration", 0)}
        elif event["type"] == ENDED:
            state["explanation"] = event.get("explanation")
            if event.get("result") == AGAIN:
                state |= {"result": "running", "iteration": event.get("iteration", 0) + 1}
            else:
                state |= {"result": event.get("result"), "completed_at": event["processed_at"]}
    return state
