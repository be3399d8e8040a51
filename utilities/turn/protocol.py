"""What a turn is: the protocol of session events, without any I/O.

Feed `Turn` a session's events, from wherever they come, in order and as often as they come; it says what to
do: show an event, answer tool calls, stop. The rules, of the API's documentation and the SDK's docstrings:

1. A turn ends with a `session.status_idle` whose `stop_reason` is anything but `requires_action`. One that
   nobody has heard of still means that the agent has stopped.
2. `requires_action` names calls that wait for an answer. Each is asked for until it is answered, whoever
   answers it. One that names no call ends the turn: nobody can answer what isn't asked.
3. `session.status_running` says that the agent goes on: nothing waits any more.
4. `session.status_terminated` and `session.deleted` end the turn at any time: nothing comes after them.
5. An event can arrive more than once. It counts the first time, by its id.
6. A client event without `processed_at` is queued: accepted, but no news. It comes again, processed.
7. While a client event is queued, an idle belongs to the turn before ours, and so does all before it. So does
   an idle that is older than the last of ours to be processed: it was listed late.
8. A `session.error` ends nothing by itself. `retrying`: the service tries again. `exhausted`: it has dropped
   what was queued, so rule 7 no longer holds. `terminal`: the session is about to end.
9. `session.thread_status_idle` is about one thread; another may go on.
10. `event_start` and `event_delta` are previews, of the stream only: they are shown and not kept.
11. In a history, a turn begins after the last end of a turn that something followed: a
    `session.status_running` or a queued client event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .result import CALLS, Event, TurnResult, answered_call, inner

__all__ = ["Answer", "Finish", "Forward", "History", "Show", "Turn"]

PREVIEWS = ("event_start", "event_delta")  # stream only, never stored


# -- what to do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Show:
    """Tell the user about this event: it is new."""

    event: Event


@dataclass(frozen=True)
class Answer:
    """The session waits for the answers to these calls.

    Attributes:
        calls: the call events that wait.
        unknown: ids that wait, but whose call was never seen.
    """

    calls: list[Event]
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finish:
    """The turn is over."""

    result: TurnResult


class Turn:
    """One turn of one session, from its events.

    Args:
        session_id: the session.
    """

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.events: list[Event] = []
        self.seen: set[str] = set()  # ids of processed events
        self.doomed = False  # a terminal error came, so the end is near
        self._calls: dict[str, Event] = {}
        self._answered: set[str] = set()
        self._parked: Event | None = None  # the last requires_action, while nothing goes on
        self._awaited: list[str] = []  # what it asked for
        self._queued: set[str] = set()  # client events that are not processed yet
        self._begun: Any = None  # when the last of them was
        self._flushed = False  # the service dropped its queue, ours with it
        self._result: TurnResult | None = None

    @property
    def last_event(self) -> Event | None:
        return self.events[-1] if self.events else None

    @property
    def waiting(self) -> bool:
        """Whether a client event was accepted that has not been seen processed yet."""
        return bool(self._queued)

    def expect(self, accepted: Iterable[Event]) -> None:
        """Events that the API has just accepted: no idle ends the turn before they are processed."""
        self._queued |= {event.id for event in accepted} - self.seen

    def answered(self, ids: Iterable[str]) -> None:
        """Answers to these calls have been sent; they are not asked for again."""
        self._answered |= set(ids)

    def feed(self, *events: Event) -> list[Show | Answer | Finish]:
        """Take events in order, seen or unseen, and say what to do about them.

        A whole history can be given at once: what is asked for is what its end calls for.
        """
        actions: list[Show | Answer | Finish] = []
        self.expect(event for event in events if is_queued(event))  # first: an idle before them is an old one
        for event in events:
            if self._result is None and self._take(event):
                actions.append(Show(event))
        if self._result is not None:
            return [*actions, Finish(self._result)]
        open_ids = [id for id in self._awaited if id not in self._answered]
        if open_ids:
            known = [self._calls[id] for id in open_ids if id in self._calls]
            actions.append(Answer(known, [id for id in open_ids if id not in self._calls]))
        elif self._parked is not None and not self._awaited:  # nobody can answer what isn't asked
            actions.append(Finish(self.finish("requires_action")))
        return actions

    def finish(self, outcome: str, pending: Collection[str] = (), idle: Event | None = None) -> TurnResult:
        """The result as it stands."""
        idle = self._parked if outcome == "requires_action" else idle
        self._result = TurnResult(
            self.session_id,
            outcome,
            list(self.events),
            getattr(idle, "stop_reason", None),
            getattr(idle, "stop_details", None),
            list(pending),
        )
        return self._result

    def _take(self, event: Event) -> bool:
        """Take one event into account; returns whether it is news."""
        if event.type in PREVIEWS:
            return True
        if call := answered_call(event):
            self._answered.add(call)
        if is_queued(event):
            return False
        id = getattr(event, "id", None)
        if id is not None:
            if id in self.seen:
                return False
            self.seen.add(id)
        self.events.append(event)
        if id in self._queued:
            self._queued.discard(id)
            self._begun = getattr(event, "processed_at", None)
        if event.type in CALLS:
            self._calls[event.id] = event
        elif event.type == "session.status_running":
            self._parked, self._awaited = None, []
        elif event.type == "session.status_idle":
            self._take_idle(event)
        elif event.type == "session.error":
            retry = inner(event, "error", "retry_status", "type")
            self._flushed = self._flushed or retry == "exhausted"
            self.doomed = self.doomed or retry == "terminal"
        elif event.type == "session.status_terminated":
            self.finish("terminated")
        elif event.type == "session.deleted":
            self.finish("deleted")
        return True

    def _take_idle(self, event: Event) -> None:
        reason = inner(event, "stop_reason", "type") or "unknown"
        ids = list(inner(event, "stop_reason", "event_ids") or ())
        if reason == "requires_action" and ids:
            self._parked, self._awaited = event, ids
        elif self._queued and not self._flushed:
            self.events = []  # left over from the turn before ours
        elif self._is_before_ours(event):
            self.events.pop()  # the same, but it was listed late
        elif reason == "requires_action":
            self._parked, self._awaited = event, []
        else:
            self._parked = None
            self.finish(reason, idle=event)

    def _is_before_ours(self, event: Event) -> bool:
        time = getattr(event, "processed_at", None)
        return isinstance(time, datetime) and isinstance(self._begun, datetime) and time < self._begun


class History:
    """Finds where a turn begins in a history that is read backwards, so that long sessions cost little.

    Args:
        seen: ids of events that are known already; nothing before them is needed.
    """

    def __init__(self, seen: Collection[str]) -> None:
        self._seen = seen
        self._found: list[Event] = []
        self._goes_on = False  # something after this point shows that the turn was not over

    def take(self, event: Event) -> bool:
        """Take the next event, newest first; returns False when this one is before the turn."""
        if getattr(event, "id", None) in self._seen:
            return False
        ended = (
            event.type == "session.status_idle" and inner(event, "stop_reason", "type") != "requires_action"
        )
        if ended and self._goes_on:
            return False
        self._goes_on = self._goes_on or event.type == "session.status_running" or is_queued(event)
        self._found.append(event)
        return True

    @property
    def events(self) -> list[Event]:
        """What was found, oldest first."""
        return self._found[::-1]


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


def is_queued(event: Event) -> bool:
    """Whether a client event was accepted but not processed yet."""
    return str(event.type).startswith(("user.", "system.")) and getattr(event, "processed_at", None) is None
