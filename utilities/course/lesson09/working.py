"""The exercise of lesson 09 about a turn that only ended, and one that worked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities import TurnResult

from ..exercises import Exercise, NotAttempted, Wrong
from ..places import DATA

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


# Which turn, which tools were needed, whether it worked, and what somebody overlooks who says otherwise.
CASES: tuple[tuple[str, tuple[str, ...], bool, str], ...] = (
    ("09_a", NEEDED, True, "Ada's turn, in which both calls have a good result"),
    ("09_b", NEEDED, False, "Grace's first turn, in which nobody called add_note"),
    ("09_b", ("create_ticket",), True, "Grace's first turn, if only create_ticket was needed"),
    ("09_c", NEEDED, False, "a turn without a session.error, in which the server refused add_note"),
    ("09_d", NEEDED, True, "a turn with a session.error and a failed add_note, both made good by a retry"),
    ("09_f", ("delete_ticket",), False, "a turn whose call has no result yet"),
)


def _check(worked: Callable[[TurnResult, Collection[str]], Any]) -> str:
    for name, needed, right, what in CASES:
        try:
            said = worked(turn_of(name), needed)
        except Exception as error:
            raise Wrong(f"{what}: it raised {type(error).__name__}: {error}") from error
        if said is ...:
            raise NotAttempted
        if said is None:
            raise Wrong(f"{what}: it returned None; a `return` is missing")
        if bool(said) is not right:
            raise Wrong(f"{what}: you say {bool(said)}")
    return "six turns, and the agent's confident sentence counts in none of them"


working = Exercise(
    "Exercise 2",
    _check,
    [
        "For each tool that was needed: is there one call of that name whose result is no error?",
        "A call that waits has no result: `call.result` is None, and `call.is_error` False. "
        "`turn.errors` doesn't help: the service may have tried again.",
    ],
    minutes=5,
)
