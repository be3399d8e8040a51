"""A session's budget: what it may be, what the session has cost so far, and how it stops.

The hosted service checks before every model request whether the session's list cost has reached the
budget; then the session goes idle with `budget_reached`, and goes on by itself when the budget is
raised or removed. [doc] The request that crosses the line is still finished. [doc]

What is reported is rounded to whole cents, what is compared with the budget is exact. [doc] A recording
has only the reported cost, and only where it has a `session.usage` event, at the end of a turn. The exact
one is worked out from the tokens of the model requests, if the model's price is known; otherwise the
reported cost is spread over them. [ours]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..http.errors import ApiError
from ..ids import seconds_between
from ..recordings.recording import Event, Recording
from .made_up import tokens_used

Budget = dict[str, Any]
REQUEST = "span.model_request_start"  # what a session that has reached its budget doesn't begin
# What a token costs, relative to an input token. The same for all current models. [doc]
WEIGHTS = {
    "input_tokens": Decimal(1),
    "output_tokens": Decimal(5),
    "cache_read_input_tokens": Decimal("0.1"),
    "cache_creation_input_tokens": Decimal("1.25"),
}
# List prices in cents: of an input token, an hour of running, a web search. [doc]
PRICES = {"claude-sonnet-4-6": Decimal("0.0003")}
HOUR, SEARCH = Decimal(8), Decimal(1)
ROUNDING = Decimal("0.5")  # cents that a reported cost may be away from the exact one [doc]
STOP = {"type": "budget_reached"}


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
        why = f"the session has used {consumed.normalize():f} cents; it must be more than that"
        raise ApiError(400, f"budget.max_list_cost.amount: {why}.", code="budget_not_raised")
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


def costs(events: Sequence[Event], model: Any = None) -> list[Decimal]:
    """For each event of a recording, the session's exact list cost in cents before it.

    Between two `session.usage` events the cost is spread over the model requests by their tokens.

    Args:
        events: the recording's.
        model: the agent's, as an id or an object; its price tells what a reported cost was before it was
            rounded.
    """
    before: list[Decimal] = []
    total, start = Decimal(0), 0
    for index, event in enumerate(events):
        if event["type"] == "session.usage":
            weighed = sum(map(_weight, events[:index]), Decimal(0))
            reached = _exact(_list_cost(event, total), weighed, event["usage"], model)
            before += _spread(events[start : index + 1], total, reached)
            total, start = reached, index + 1
    return [*before, *([total] * (len(events) + 1 - start))]


def _list_cost(event: Event, otherwise: Decimal) -> Decimal:
    """The cost that a `session.usage` event says; a service without prices says none. [sdk]"""
    cost = event["usage"].get("list_cost") or {}
    amount = str(cost.get("amount"))
    return Decimal(amount) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", amount) else otherwise


def _exact(reported: Decimal, weighed: Decimal, usage: dict[str, Any], model: Any) -> Decimal:
    """The cost before it was rounded; as reported, if that isn't what the usage comes to."""
    searches = (usage.get("server_tool_use") or {}).get("web_search_requests") or 0
    exact = price_of(model, weighed, usage.get("active_seconds") or 0.0, searches)
    return reported if exact is None or abs(exact - reported) > ROUNDING else exact


def price_of(model: Any, weighed: Decimal, seconds: float, searches: int = 0) -> Decimal | None:
    """What was used, at list prices, in cents; None if the model's price isn't known.

    Args:
        model: its id, or an object with one.
        weighed: the tokens, each kind times its weight in `WEIGHTS`.
        seconds: how long the session was running.
        searches: how often the agent searched the web.
    """
    price = PRICES.get(model if isinstance(model, str) else (model or {}).get("id", ""))
    if price is None:
        return None
    return price * weighed + HOUR * Decimal(str(seconds)) / 3600 + SEARCH * searches


def in_cents(exact: Decimal) -> dict[str, str]:
    """A list cost as it is reported: rounded to whole cents. [doc]"""
    return {"amount": str(exact.quantize(Decimal(1), ROUND_HALF_UP)), "currency": "USD"}


def _spread(turn: Sequence[Event], start: Decimal, end: Decimal) -> list[Decimal]:
    weights = [_weight(event) for event in turn]
    whole, done, before = sum(weights), Decimal(0), []
    for weight in weights:
        before.append(start + (end - start) * done / whole if whole else start)
        done += weight
    return before


def _weight(event: Event) -> Decimal:
    if event["type"] != "span.model_request_end":
        return Decimal(0)
    usage = event.get("model_usage") or {}
    return sum((weight * (usage.get(key) or 0) for key, weight in WEIGHTS.items()), Decimal(0))


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


# -- how it stops, and goes on ------------------------------------------------------------------------


def stop(threads: Iterable[Event], usage: dict[str, Any], budget: Budget | None) -> list[Event]:
    """The session pauses: every running thread, the usage, the session. [seen: the order]"""
    idle = [{"type": "session.thread_status_idle", **thread, "stop_reason": STOP} for thread in threads]
    spent = {"type": "session.usage", "usage": usage, "budget": budget}
    return [*idle, spent, {"type": "session.status_idle", "stop_reason": STOP}]


def going_on(threads: Sequence[Event]) -> list[Event]:
    """The session runs again, with the threads that the budget has stopped. [seen: the order]"""
    again = [{"type": "session.thread_status_running", **thread} for thread in threads[::-1]]
    return [{"type": "session.status_running"}, *again]
