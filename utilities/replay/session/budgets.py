"""A session's budget: what it may be, what the session has cost so far, and how it stops.

The hosted service checks before every model request whether the session's list cost has reached the
budget; then the session goes idle with `budget_reached`, and goes on by itself when the budget is
raised or removed. [doc] The request that crosses the line is still finished [doc]; if it also ends the
turn, its thread says so, and the session says that the budget is reached. [doc]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..http.errors import ApiError
from ..ids import seconds_between
from ..recordings.costs import costs, in_cents
from ..recordings.recording import Event, Recording
from .made_up import tokens_used

Budget = dict[str, Any]
REQUEST = "span.model_request_start"  # what a session that has reached its budget doesn't begin
STOP = {"type": "budget_reached"}
# What a session takes that has reached its budget: nothing that starts work. [doc]
TAKEN = ("user.tool_confirmation", "user.tool_result", "user.custom_tool_result", "user.interrupt")


# -- what it may be ---------------------------------------------------------------------------------


def reached(budget: Budget | None, cost: Callable[[], Decimal]) -> bool:
    """Whether the cost, in cents, has come to the budget; it is only asked for if there is one."""
    return budget is not None and cost() >= _limit(budget)


def _limit(budget: Budget) -> Decimal:
    return Decimal(budget["max_list_cost"]["amount"])


def checked(budget: Budget | None) -> Budget | None:
    """A budget for a new session: whole cents, more than none. [doc]"""
    if budget is None:
        return None
    amount = budget["max_list_cost"]["amount"]
    if not re.fullmatch(r"[1-9][0-9]{0,17}", amount):
        where = "budget.max_list_cost.amount"
        raise ApiError(400, f'{where}: {amount!r} must be whole cents, more than 0, as a text: "2500" is $25')
    return budget


def changed(before: Budget | None, given: Budget | None, consumed: Decimal) -> Budget | None:
    """The budget after an update with `given`.

    Raises:
        ApiError: 400; the session was created without one or has lost it (`budget_create_only`), or the
            new one is used up already (`budget_not_raised`). [sdk]
    """
    if given is None:
        return None
    if before is None:
        why = "can't be added to a session that was created without one or whose budget was removed"
        raise ApiError(400, f"budget: {why}. Create a new session with it.", code="budget_create_only")
    budget = checked(given)
    if _limit(given) <= consumed:
        why = "budget.max_list_cost must be greater than the session's consumed list cost"  # [doc: the words]
        spent = f"{round(consumed, 4).normalize():f} cents"
        raise ApiError(400, f"{why}, which is {spent}.", code="budget_not_raised")
    return budget


# -- what it has cost -------------------------------------------------------------------------------


@dataclass
class Costs:
    """What a session has cost: as in its leading recording, less what of that was not played."""

    waived: Decimal = Decimal(0)
    known: dict[Recording, list[Decimal]] = field(default_factory=dict)  # before each event

    def at(self, recording: Recording, position: int) -> Decimal:
        """The list cost in cents, when the event at `position` comes next."""
        if recording not in self.known:
            self.known[recording] = costs(recording.events, recording.header["agent"].get("model"))
        return self.known[recording][position] - self.waived

    def skip(self, recording: Recording, position: int, to: int) -> None:
        """The session goes on at another position, at the same cost."""
        self.waived += self.at(recording, to) - self.at(recording, position)


def usage_now(log: Sequence[Event], known: dict[str, Any], cost: Decimal) -> dict[str, Any]:
    """The session's usage in the middle of a turn.

    Args:
        log: the session's events.
        known: the usage of the last `session.usage` event, empty before the first.
        cost: the list cost, in cents; reported in whole ones. [doc]
    """
    last = max((i for i, event in enumerate(log) if event["type"] == "session.usage"), default=-1)
    turn = log[last + 1 :]
    begun = next((event for event in turn if event["type"] == "session.status_running"), None)
    active = seconds_between(begun["processed_at"], turn[-1]["processed_at"]) if begun else 0.0
    return {
        **known,
        **tokens_used(log, known),
        "active_seconds": round((known.get("active_seconds") or 0.0) + active, 6),
        "list_cost": in_cents(cost),
    }


def require_taken(event: Event, session_id: str) -> None:
    """Refuse what a session at its budget doesn't take. [doc]

    Raises:
        ApiError: 400, with the four types that it takes.
    """
    if event["type"] not in TAKEN:
        raise ApiError(
            400,
            f"Session {session_id} has reached its budget: only {', '.join(TAKEN)} events are taken "
            f"until the budget is raised or removed, not {event['type']}.",
        )


# -- how it stops, and goes on ------------------------------------------------------------------------


def stop(
    threads: Iterable[Event], usage: dict[str, Any], budget: Budget | None, waiting: Sequence[str] = ()
) -> list[Event]:
    """The session pauses: every running thread, the usage, the session. [seen: the order]

    Calls that wait for the client outrank the budget in what the session says. [doc]
    """
    why = {"type": "requires_action", "event_ids": list(waiting)} if waiting else STOP
    idle = [{"type": "session.thread_status_idle", **thread, "stop_reason": STOP} for thread in threads]
    spent = {"type": "session.usage", "usage": usage, "budget": budget}
    return [*idle, spent, {"type": "session.status_idle", "stop_reason": why}]


def going_on(threads: Sequence[Event]) -> list[Event]:
    """The session runs again, with the threads that the budget has stopped. [seen: the order]"""
    again = [{"type": "session.thread_status_running", **thread} for thread in threads[::-1]]
    return [{"type": "session.status_running"}, *again]
