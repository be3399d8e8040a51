"""The exercise of lesson 09 about a turn that only ended, and one that worked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache, partial
from typing import Any

from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities import TurnResult

from ..exercises import Exercise
from ..places import DATA
from .judged import judged

__all__ = ["NEEDED", "turn_of", "working"]

NEEDED = ("create_ticket", "add_note")


@cache
def turn_of(name: str) -> TurnResult:
    """The first turn of a recording of the course, as a result.

    Args:
        name: of the recording, as in "09_a".
    """
    _, *lines = (DATA / "recordings" / f"{name}.jsonl").read_text("utf-8").splitlines()
    events: list[Any] = []
    for line in lines:
        event = construct_type(value=json.loads(line), type_=BetaManagedAgentsSessionEvent)
        events.append(event)
        reason: Any = getattr(event, "stop_reason", None)
        if events[-1].type == "session.status_idle":
            return TurnResult(name, reason.type, events, stop_reason=reason)
    raise ValueError(f"{name} has no turn that ends")


def _failed_later() -> TurnResult:
    """09_d's turn with the results of its two add_note exchanged: first good, then an error."""
    turn = turn_of("09_d")
    results: list[Any] = [call.result for call in turn.tool_calls if call.name == "add_note"]
    first, second = results
    other = {
        event.id: event.model_copy(update={"content": source.content, "is_error": source.is_error})
        for event, source in ((first, second), (second, first))
    }
    return replace(turn, events=[other.get(event.id, event) for event in turn.events])


def _allowed() -> TurnResult:
    """09_f's turn, whose call was allowed, and whose session was over before it ran."""
    turn = turn_of("09_f")
    call = turn.tool_calls[0].event.id
    then: list[Any] = [
        {"id": "sevt_1", "type": "user.tool_confirmation", "tool_use_id": call, "result": "allow"},
        {"id": "sevt_2", "type": "session.status_terminated"},
    ]
    events = [construct_type(value=event, type_=BetaManagedAgentsSessionEvent) for event in then]
    return replace(turn, events=[*turn.events, *events], outcome="terminated", stop_reason=None)


def _ran() -> TurnResult:
    """09_f's turn, whose call was allowed and ran, and whose session reached its budget after that."""
    turn = turn_of("09_f")
    call = turn.tool_calls[0].event.id
    result = {
        "id": "sevt_2",
        "type": "agent.mcp_tool_result",
        "mcp_tool_use_id": call,
        "content": [{"type": "text", "text": "deleted: ticket 12"}],
        "is_error": False,
    }
    then: list[Any] = [
        {"id": "sevt_1", "type": "user.tool_confirmation", "tool_use_id": call, "result": "allow"},
        result,
    ]
    events = [construct_type(value=event, type_=BetaManagedAgentsSessionEvent) for event in then]
    return replace(turn, events=[*turn.events, *events], outcome="budget_reached", stop_reason=None)


# Which turn, which tools were needed, whether it worked, and what somebody overlooks who says otherwise.
CASES: tuple[tuple[Callable[[], TurnResult], tuple[str, ...], bool, str], ...] = (
    (partial(turn_of, "09_a"), NEEDED, True, "Ada's turn, in which both calls have a good result"),
    (partial(turn_of, "09_a"), NEEDED[:1], True, "Ada's turn, if only create_ticket was needed"),
    (partial(turn_of, "09_b"), NEEDED, False, "Grace's first turn, in which nobody called add_note"),
    (partial(turn_of, "09_b"), NEEDED[:1], True, "Grace's first turn, if only create_ticket was needed"),
    (
        partial(turn_of, "09_c"),
        NEEDED,
        False,
        "a turn without a session.error, in which the server refused add_note",
    ),
    (
        partial(turn_of, "09_d"),
        NEEDED,
        True,
        "a turn with a session.error and a failed add_note, both made good by a retry",
    ),
    (_failed_later, NEEDED, True, "a turn with a good add_note, and after it one that failed"),
    (partial(turn_of, "09_f"), ("delete_ticket",), False, "a turn whose call has no result yet"),
    (_allowed, ("delete_ticket",), False, "a turn whose call was allowed, and never ran"),
    (_ran, ("delete_ticket",), True, "a turn whose call was allowed and ran, and which its budget ended"),
)


def _check(worked: Callable[[TurnResult, Collection[str]], Any]) -> str:
    judged((what, partial(worked, turn(), needed), right) for turn, needed, right, what in CASES)
    return f"{len(CASES)} cases, and the agent's confident sentence counts in none of them"


working = Exercise(
    "Exercise 2",
    _check,
    [
        "For each tool that was needed: is there one call of that name whose result is no error?",
        "A call that waits has no result: `call.result` is None, and `call.is_error` False. Of a call that "
        "was answered and hasn't run, `call.result` is `call.verdict`. "
        "`turn.errors` doesn't help: the service may have tried again.",
    ],
    minutes=5,
)
