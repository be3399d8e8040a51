"""One session at its budget: whether it has stopped, and how it goes on. The rules are in `budgets`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..recordings.recording import Event
from . import budgets, made_up

Cost = Callable[[], Decimal]  # the list cost so far, in cents; only asked for if there is a budget


@dataclass
class SessionBudget:
    """The budget of one session.

    Args:
        limit: what the session may cost; None for no limit.
    """

    limit: budgets.Budget | None = None
    usage: dict[str, Any] = field(default_factory=dict)  # of the last `session.usage` event
    paused: list[Event] | None = None  # the threads that the budget has stopped; None: it has not

    @property
    def is_paused(self) -> bool:
        """Whether the budget has stopped the session."""
        return self.paused is not None

    def is_capped(self, cost: Cost, *, idle: bool) -> bool:
        """Whether the session takes nothing that starts work.

        Args:
            cost: of the session.
            idle: whether no request is under way that may still end the turn.
        """
        return self.is_paused or (idle and budgets.reached(self.limit, cost))

    def stops(self, recorded: Event, cost: Cost) -> bool:
        """Whether the budget stops the session before this event: it begins no further request. [doc]"""
        return recorded["type"] == budgets.REQUEST and budgets.reached(self.limit, cost)

    def pause(self, log: Sequence[Event], cost: Cost, waiting: Sequence[str]) -> list[Event]:
        """The budget is used up; returns what the session says.

        Args:
            log: of the session.
            cost: of the session.
            waiting: its calls that wait for the client.
        """
        self.paused = made_up.at_work(log)
        return budgets.stop(self.paused, budgets.usage_now(log, self.usage, cost()), self.limit, waiting)

    def resume(self) -> list[Event]:
        """The work goes on; returns what the session says: nothing, if its turn had ended, too."""
        threads, self.paused = self.paused, None
        return budgets.going_on(threads) if threads else []

    def checked(self, event: Event, cost: Cost) -> Event:
        """A recorded event, unless it is the end of a turn that has also used up the budget. [doc]"""
        ends = event["type"] == "session.status_idle" and event["stop_reason"]["type"] == "end_turn"
        if not ends or not budgets.reached(self.limit, cost):
            return event
        self.paused = []
        return {**event, "stop_reason": budgets.STOP}

    def reported(self, event: Event) -> Event:
        """A `session.usage` event with the session's own budget; it is noted what the event says."""
        self.usage = event["usage"]
        return {**event, "budget": self.limit}
