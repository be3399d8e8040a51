"""What a program did on a replay server: its requests, and its sessions as they were played."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .recordings.recording import CALL_TYPES, Event, answered_call, is_client_event
from .recordings.track import said
from .session.session import Session

if TYPE_CHECKING:
    from .in_process import InProcessServer
    from .server.server import ReplayServer

__all__ = ["PlayedSession", "Sent"]


@dataclass(frozen=True)
class Sent:
    """One request of the program under test, and how the server answered.

    Attributes:
        method, path: `POST`, `/v1/sessions/sesn_…/events` for example.
        status: the HTTP status.
        error: what the server said if it refused, else empty.
    """

    method: str
    path: str
    status: int
    error: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}" + (f": {self.error}" if self.error else "")


@dataclass(frozen=True)
class PlayedSession:
    """One session that the program made, also after it was archived or deleted.

    Args:
        session: how it plays.
        server: where it does.
    """

    session: Session
    server: ReplayServer | InProcessServer = field(repr=False)

    @property
    def play(self) -> Session:
        """The session; whoever asks looks at it, so that no turn of it is held any longer."""
        self.server.within(lambda: self.session.be_seen(time.monotonic()))
        return self.session

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def status(self) -> str:
        """`idle`, `running`, `rescheduling` or `terminated` (also when it was archived)."""
        return self.play.status

    @property
    def events(self) -> list[Event]:
        """The event history, as `events.list` has it."""
        return [*self.play.log, *self.play.queued]

    @property
    def sent(self) -> list[Event]:
        """The events that the client sent."""
        return [event for event in self.events if is_client_event(event)]

    @property
    def messages(self) -> list[str]:
        """What the agent said, one text for each message."""
        return [_text(event) for event in self.events if event["type"] == "agent.message"]

    @property
    def tool_calls(self) -> list[tuple[str, dict[str, Any]]]:
        """The agent's tool calls, built-in and custom: name and input."""
        return [(event["name"], event["input"]) for event in self.events if event["type"] in CALL_TYPES]

    @property
    def answers(self) -> list[tuple[str, str]]:
        """What the client answered to tool calls: the tool's name, and the text or the verdict."""
        names = {event["id"]: event["name"] for event in self.events if event["type"] in CALL_TYPES}
        answers = [(event, answered_call(event)) for event in self.sent]
        return [(names[call], event.get("result") or _text(event)) for event, call in answers if call]

    @property
    def recording(self) -> str | None:
        """The name of the recording that it follows."""
        return self.play.head.leader.recording.name if self.play.head.leader else None

    @property
    def missing(self) -> str | None:
        """What its recording still has that did not happen, or None if all of it did."""
        leader = self.play.head.leader
        if leader is None:
            return "there was no recording to follow"
        head, over = self.play.head, self.status in ("idle", "terminated")
        if over and any(not track.open() for track in head.tracks[1:]):
            return None
        events = leader.recording.events
        if (index := next(iter(leader.open()), None)) is not None:
            recorded = events[index]
            what = f"{recorded['type']} {said(recorded)[:80]!r}, which was never sent"
        elif head.next is not None:
            index, what = head.position, f"{head.next['type']}, not played yet"
        else:
            return None
        return f"{leader.recording.name} goes on at event {index + 1} of {len(events)} with {what}"

    def __str__(self) -> str:
        lines = [f"{self.id}: {self.status}, {len(self.events)} events, following {self.recording}"]
        for event in self.events:
            if is_client_event(event) or event["type"] in ("agent.message", *CALL_TYPES):
                about = event.get("result") or said(event) or event.get("input") or ""
                name = f" {event['name']}" if "name" in event else ""
                lines.append(f"  {event['type']}{name} {str(about)[:100]!r}")
        lines += [f"  note: {note}" for note in list(self.play.notes)]
        return "\n".join([*lines, f"  not finished: {self.missing}"] if self.missing else lines)


def _text(event: Event) -> str:
    content = event.get("content") or []
    return "\n".join(block["text"] for block in content if block["type"] == "text")
