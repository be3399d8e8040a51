"""The steps of a plan: what it asks of whoever carries it out. `Show`, of the protocol, is one too."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from .protocol import Show
from .reading import Into
from .result import Event

__all__ = ["Ask", "Next", "Pause", "Run", "Step", "Steps"]


@dataclass(frozen=True)
class Ask:
    """A request; the reply is the SDK's, or of a list the events that `into` kept.

    A stream stays open, in place of the one before, for `Next` to read from.

    Attributes:
        method: of `client.beta.sessions`.
        arguments: of that method.
        seconds: how long all of it may take.
        into: takes a list's events, page after page, until it wants no more.
    """

    method: str
    arguments: dict[str, Any]
    seconds: float
    into: Into | None = None


@dataclass(frozen=True)
class Next:
    """The next event of the stream; the reply is None after so many seconds of silence."""

    seconds: float


@dataclass(frozen=True)
class Run:
    """Run these calls' tools and ask about permissions; the reply is the events to send, by call id,
    None if the time was not enough."""

    calls: list[Event]
    seconds: float


@dataclass(frozen=True)
class Pause:
    """Wait before the next step."""

    seconds: float


Step = Ask | Next | Run | Pause | Show
Steps = Generator[Step, Any, Any]  # gets the reply to each
