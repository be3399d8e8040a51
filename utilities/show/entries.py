"""What there is to say of a session, event by event: an event costs the same however many came before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .events import answered_call, attribute, kind, moment
from .printing import Entry, describe

__all__ = ["Entries"]


class Entries:
    """The entries of a transcript, in their order: each result with the call that it answers.

    Args:
        events: each once, with its time on if it has one; as `events_of` hands them out.

    Attributes:
        all: the entries.
        calls: how many of them are tool calls.
        start: when the first event was, None while none has a time.
        usage: of the last session.usage event.
        state: what the session did last, `running` for example; empty while it isn't known.
    """

    def __init__(self, events: Iterable[Any] = ()) -> None:
        self.all: list[Entry] = []
        self.calls = 0
        self.start: datetime | None = None
        self.usage: Any = None
        self.state = ""
        self._end: datetime | None = None
        self._calls: dict[str, Entry] = {}  # by id
        self._queued: dict[str, Entry] = {}  # by id; those without a time
        for event in events:
            self.add(event)

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return (self._end - self.start).total_seconds() if self._end and self.start else 0.0

    def add(self, event: Any) -> None:
        """The event comes after the others. One that was queued gives way to itself with its time on."""
        if at := moment(event):
            self.start = min(self.start or at, at)
            self._end = max(self._end or at, at)
        if kind(event) == "session.usage":
            self.usage = attribute(event, "usage")
        id = attribute(event, "id")
        if isinstance(id, str) and (queued := self._queued.pop(id, None)):
            self._remove(queued)
        entry = describe(event)
        if entry is None:
            return
        if at is None and isinstance(id, str):
            self._queued[id] = entry
        if entry.who == "session":
            self.state = entry.head
        self._join(entry)

    def _join(self, entry: Entry) -> None:
        """A result goes to the call that it answers; what answers no call stands for itself."""
        event = entry.event
        call = self._calls.get(answered_call(event) or "")
        if call and call.result is None:
            call.result = entry
            return
        if entry.is_call:
            self.calls += 1
            self._calls[str(attribute(event, "id"))] = entry
        confirmed = self._calls.get(str(attribute(event, "tool_use_id")))
        if confirmed and kind(event) == "user.tool_confirmation":
            entry.head = entry.head.replace("a tool call", f"[{attribute(confirmed.event, 'name')}]")
        self.all.append(entry)

    def _remove(self, queued: Entry) -> None:
        call = self._calls.get(answered_call(queued.event) or "")
        if call and call.result is queued:
            call.result = None
            return
        self.calls -= queued.is_call
        for place in range(len(self.all) - 1, -1, -1):  # it came lately, most likely
            if self.all[place] is queued:
                del self.all[place]
                return
