"""Turns that go wrong on purpose: the `faults` that change what a session does.

Pure, as the session is: `BrokenTurns` says what happens to a turn, the session lets it happen.
The events are made up, in `made_up`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..faults import IN_TURNS, NO_FAULTS, Fault, Faults, Hits
from ..recordings.recording import Event
from . import made_up

WINDOW = 5  # calls that an idle event names at most; when they are answered, another one names more [claimed]


@dataclass(frozen=True)
class Mishap:
    """What a fault does to a session.

    Attributes:
        events: what is added to the log.
        ends: "turn", "session" or "", if it goes on.
        until: when it goes on, in the caller's seconds; None for at once.
    """

    events: Sequence[Event] = ()
    ends: str = ""
    until: float | None = None


@dataclass
class BrokenTurns:
    """The faults of one session's turns, each turn with those of the client that sent its message."""

    opening: str = ""  # the id of the message that began the turn
    accepted: Event | None = None  # the last message accepted
    copies: list[tuple[str, str]] = field(default_factory=list)  # messages that came twice: first, second
    _faults: Faults = NO_FAULTS  # of this turn
    _coming: dict[str, Faults] = field(default_factory=dict)  # of turns that wait, by their message
    _left: list[Fault] = field(default_factory=list)  # what has not happened yet
    _begun: int = 0  # the log's length when the turn's message was in it
    _resume: float | None = None  # when a rescheduled session runs on
    _settled: float | None = None  # when the status field will say idle
    _listed: float = 0.0  # when the turn's outputs will be listed
    _hits: Hits = field(default_factory=Hits)

    def expect(self, opening: Event, faults: Faults) -> None:
        """A message was accepted, from a client with these faults."""
        self.accepted = opening
        self._coming[opening["id"]] = faults

    def begin(self, opening: str, length: int) -> None:
        """A turn's message is processed; it is event number `length` of the log."""
        self.opening, self._begun = opening, length
        self._faults = self._coming.pop(opening, NO_FAULTS)
        self._left = [f for f in self._faults.of(*IN_TURNS) if self._hits.take(self._faults, f, "")]
        self._listed = 0.0 if self._faults.first("outputs") is None else math.inf

    def next(self, status: str, log: Sequence[Event], now: float) -> Mishap | None:
        """What goes wrong at this point; None if nothing does."""
        if self._resume is not None:
            if now < self._resume:
                return Mishap(until=self._resume)
            self._resume = None
            return Mishap(made_up.resumption(log))
        passed = len(log) - self._begun
        fault = next((f for f in self._left if f.after <= passed), None) if status == "running" else None
        if fault is None:
            return None
        self._left.remove(fault)
        self._faults.happened.add(fault)
        return self._mishap(fault, log, now)

    def _mishap(self, fault: Fault, log: Sequence[Event], now: float) -> Mishap:
        if fault.name == "reschedule":
            self._resume = now + fault.value
            return Mishap(made_up.rescheduling(log))
        if fault.name == "budget":
            return Mishap(made_up.idle(log, {"type": "budget_reached"}), ends="turn")
        if fault.name == "terminate":
            return Mishap(made_up.termination(log), ends="session")
        error = made_up.error(fault.value)
        if fault.value == "exhausted":
            return Mishap([error, *made_up.idle(log, {"type": "retries_exhausted"})], ends="turn")
        if fault.value == "terminal":
            return Mishap([error, *made_up.termination(log)], ends="session")
        return Mishap([error])

    def windowed(self, event: Event) -> Event:
        """The event as it is logged: an idle one names no more calls than the window has."""
        window, reason = self._faults.first("window"), event.get("stop_reason") or {}
        most = WINDOW if window is None else window.value
        if len(reason.get("event_ids") or ()) <= most:
            return event
        return {**event, "stop_reason": {**reason, "event_ids": reason["event_ids"][:most]}}

    def stop(self, reason: str, now: float) -> None:
        """The session has become idle."""
        settle = self._faults.first("settle")
        self._settled = None if settle is None else now + settle.value
        if outputs := self._faults.first("outputs"):
            self._listed = now + outputs.value
        self._resume = None
        if reason != "requires_action":
            self._left = []

    def unsettled(self, now: float) -> bool | None:
        """Whether an idle session's status field still says running; None if no fault decides that."""
        return None if self._settled is None else now < self._settled

    def unlisted(self, now: float) -> bool:
        """Whether what the session has left in its outputs is not in the list of files yet."""
        return now < self._listed
