"""What a scenario's session has used: tokens, estimated at four characters each, time, and the list price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..recordings.costs import WEIGHTS, in_cents, price_of

COUNTED = {
    "input": "input_tokens", "cache_write": "cache_creation_input_tokens",
    "cache_read": "cache_read_input_tokens", "output": "output_tokens",
}  # fmt: skip


@dataclass
class Context:
    """What a thread's model has before it, in characters."""

    characters: int
    cached: int = 0


@dataclass
class Spending:
    """The use of one session so far.

    Args:
        model: the agent's model; its price, if it is known, is what the session costs.
    """

    model: Any
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    active: float = 0.0  # seconds
    searches: int = 0  # of the web

    def request(self, context: Context, produced: int) -> dict[str, Any]:
        """A model request that has produced so many characters; returns its `model_usage`."""
        spent = {
            "input": 3,
            "cache_write": tokens(context.characters - context.cached),
            "cache_read": tokens(context.cached),
            "output": tokens(produced),
        }
        context.cached, context.characters = context.characters, context.characters + produced
        for kind, count in spent.items():
            self.tokens[kind] += count
        return {
            "input_tokens": spent["input"], "output_tokens": spent["output"], "speed": None,
            "cache_read_input_tokens": spent["cache_read"],
            "cache_creation_input_tokens": spent["cache_write"],
        }  # fmt: skip

    def grading(self, context: Context, produced: int) -> dict[str, Any]:
        """A grader's or an advisor's request: it reads what the agent has read, in a context of its own."""
        return self.request(Context(context.characters), produced)

    def usage(self) -> dict[str, Any]:
        """The `usage` of a `session.usage`, at list prices; `list_cost` is null where no price is known."""
        weighed = sum((WEIGHTS[key] * self.tokens[kind] for kind, key in COUNTED.items()), Decimal(0))
        cost = price_of(self.model, weighed, self.active, self.searches)
        return {
            "active_seconds": round(self.active, 3),
            "input_tokens": self.tokens["input"],
            "output_tokens": self.tokens["output"],
            "cache_read_input_tokens": self.tokens["cache_read"],
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.tokens["cache_write"],
                "ephemeral_1h_input_tokens": 0,
            },
            "server_tool_use": {
                "web_search_requests": self.searches,
                "web_fetch_requests": 0,
            },  # not metered [doc]
            "list_cost": None if cost is None else in_cents(cost),
        }


def tokens(characters: int) -> int:
    """An estimate: four characters a token, and at least one."""
    return max(1, round(characters / 4))
