"""What a recorded session had cost, before each of its events.

What is reported is rounded to whole cents, what is compared with the budget is exact. [doc] A recording
has only the reported cost, and only where it has a `session.usage` event, at the end of a turn. The exact
one is worked out from the tokens of the model requests, if the model's price is known; otherwise the
reported cost is spread over them. [ours]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .recording import Event

# What a token costs, relative to an input token. The same for all current models. [doc]
WEIGHTS = {
    "input_tokens": Decimal(1),
    "output_tokens": Decimal(5),
    "cache_read_input_tokens": Decimal("0.1"),
    "cache_creation_input_tokens": Decimal("1.25"),
}
# What a million input tokens cost, in dollars, by the documentation's page about prices of August 2026. A
# model that isn't on it has no price here, nor has one older than Claude 4.5, which runs no agents. [doc]
PRICES = {
    "claude-fable-5": 10, "claude-mythos-5": 10,
    "claude-opus-5": 5, "claude-opus-4-8": 5, "claude-opus-4-7": 5, "claude-opus-4-6": 5,
    "claude-opus-4-5": 5,
    "claude-sonnet-5": 2, "claude-sonnet-4-6": 3, "claude-sonnet-4-5": 3,
    "claude-haiku-4-5": 1,
}  # fmt: skip
FAST = {"claude-opus-5": 10, "claude-opus-4-8": 10}  # at `speed: fast`, which others don't have [doc]
US = Decimal("1.1")  # times the price, with `inference_geo: us` [doc]
MILLION = 10_000  # of tokens in dollars: one token in cents
DATE = re.compile(r"-\d{8}$")  # of a model's id
HOUR, SEARCH = Decimal(8), Decimal(1)  # of running, of the web: in cents [doc]
ROUNDING = Decimal("0.5")  # cents that a reported cost may be away from the exact one [doc]


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
    price = token_price(model)
    if price is None:
        return None
    return price * weighed + HOUR * Decimal(str(seconds)) / 3600 + SEARCH * searches


def token_price(model: Any) -> Decimal | None:
    """What an input token costs, in cents; None if the model's price isn't known.

    Args:
        model: its id, dated or not, or an object with one, and with `speed` and `inference_geo`.
    """
    given = {"id": model} if isinstance(model, str) else model or {}
    id = DATE.sub("", given.get("id", ""))
    dollars = FAST.get(id, PRICES.get(id)) if given.get("speed") == "fast" else PRICES.get(id)
    if dollars is None:
        return None
    return dollars / Decimal(MILLION) * (US if given.get("inference_geo") == "us" else 1)


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
