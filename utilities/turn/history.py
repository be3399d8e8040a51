"""What of a list of events is kept: those of one turn, the first, or those after another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from .meaning import goes_on, is_end, stop_reason
from .result import Event
from .workflow_runs import Runs, run_of

__all__ = ["First", "Forward", "History"]


class History:
    """Finds where a turn begins in a history that is read backwards, so that long sessions cost little.

    Args:
        seen: ids of events that are known already; nothing before them is needed. If there are none, nothing
            before the turn is.
    """

    def __init__(self, seen: Collection[str]) -> None:
        self._seen = seen
        self._found: list[Event] = []
        self._goes_on = False  # something after this point shows that the turn was not over
        self._runs: set[str] = set()  # workflow runs that something after this point is about

    def take(self, event: Event) -> bool:
        """Take the next event, newest first; returns False when this one is before the turn."""
        if getattr(event, "id", None) in self._seen:
            return False
        if self._goes_on and not self._runs and not self._seen and is_end(event):
            return False
        if run := run_of(event):
            self._runs.add(run)
            if event.type == "workflow_run.created":
                self._runs.discard(run)
        self._goes_on = self._goes_on or goes_on(event)
        self._found.append(event)
        return True

    @property
    def events(self) -> list[Event]:
        """What was found of the turn, oldest first."""
        events = self._found[::-1]
        if self._seen:
            return events
        begin, end, runs = 0, None, Runs()
        for position, event in enumerate(events, 1):
            runs.take(event)
            if end is not None and goes_on(event):
                begin, end = end, None
            if is_end(event) and not (runs.running and stop_reason(event) == "end_turn"):
                end = position
        return events[begin:]


@dataclass
class First:
    """Keeps the first event of a list."""

    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Take the next event; returns whether more are wanted."""
        self.events.append(event)
        return False


@dataclass
class Forward:
    """Keeps events in the order in which they are listed, those after the event `after` if it is there."""

    after: str | None = None
    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Take the next event; returns whether more are wanted."""
        if self.after is not None and event.id == self.after:
            self.events.clear()
        else:
            self.events.append(event)
        return True
