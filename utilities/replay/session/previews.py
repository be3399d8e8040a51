"""Previews of the agent's messages, for streams that were opened with `event_deltas`.

A preview is an `event_start` with the id that the event will have, then, for a message, its text in
`event_delta` pieces; the event itself follows and is the whole truth. [sdk] They are made when a stream
is written and are in no log, so `events.list` never has them. [sdk]

The session's pace decides when: at once before the event, or spread over the time that the recorded
model took for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import get_args

from anthropic.types.beta import BetaManagedAgentsDeltaType

from ..recordings.recording import Event

TYPES: tuple[str, ...] = get_args(BetaManagedAgentsDeltaType)
# A piece is up to this many words; how the hosted service cuts isn't documented. [ours]
WORDS = 4
PIECE = re.compile(rf"\s*(?:\S+\s*){{1,{WORDS}}}|\s+")


@dataclass(frozen=True)
class Upcoming:
    """The event that is being produced: its production began at `start`, it will be there at `due`."""

    event: Event
    start: float
    due: float


def is_preview(event: Event) -> bool:
    """Whether a stream's event is a piece of a preview, so in no log."""
    return event["type"] in ("event_start", "event_delta")


def preview(event: Event) -> list[Event]:
    """All preview events of one event, in order: the start, and a message's text in pieces."""
    opening = {"type": "event_start", "event": {"type": event["type"], "id": event["id"]}}
    if event["type"] != "agent.message":
        return [opening]  # thinking has a start only [sdk]
    return [opening, *(_delta(event["id"], index, piece) for index, piece in _pieces(event))]


def _pieces(event: Event) -> list[tuple[int, str]]:
    pieces: list[tuple[int, str]] = []
    for index, block in enumerate(event.get("content") or ()):
        if block.get("type") != "text":
            break  # there are no pieces of anything else, and an index must not be left out [sdk]
        pieces += [(index, piece) for piece in PIECE.findall(block["text"]) or [""]]
    return pieces


def _delta(event_id: str, index: int, text: str) -> Event:
    content = {"type": "text", "text": text}
    delta = {"type": "content_delta", "index": index, "content": content}
    return {"type": "event_delta", "event_id": event_id, "delta": delta}


@dataclass
class Previews:
    """The previews of one stream.

    Args:
        types: what the stream wants previews of.
    """

    types: frozenset[str]
    sent: dict[str, int] = field(default_factory=dict)  # how much of an upcoming event's preview, by id

    def before(self, event: Event) -> list[Event]:
        """What must still come before this event, which is due now."""
        if event["type"] not in self.types:
            return []
        return preview(event)[self.sent.pop(event["id"], 0) :]

    def during(self, upcoming: Upcoming, now: float) -> tuple[list[Event], float]:
        """What of the event that is being produced can be seen at `now`, and when there will be more."""
        event = upcoming.event
        if event["type"] not in self.types:
            return [], upcoming.due
        whole = preview(event)
        step = (upcoming.due - upcoming.start) / len(whole)
        seen = sum(upcoming.start + number * step <= now for number in range(len(whole)))
        fresh = whole[self.sent.get(event["id"], 0) : seen]
        self.sent[event["id"]] = max(seen, self.sent.get(event["id"], 0))
        return fresh, upcoming.start + seen * step
