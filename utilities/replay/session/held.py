"""A turn that is held until somebody looks.

At speed 0 a turn would be over before anybody could look, so it waits until somebody does. What has a clock
and doesn't look, as the sender of webhooks, plays it `HOLD` seconds after it was sent. [ours]

Of a child thread a program hears from the session's stream, and opens the child's own stream then. So a turn
that is played to a stream pauses where a child begins, until somebody looks further than that stream, `PAUSE`
seconds at most. Once nobody did, no child of this session is waited for any more. [ours]
"""

from __future__ import annotations

from dataclasses import dataclass

HOLD = 1.0  # seconds
PAUSE = 1.0  # seconds
LOOKS = 2  # at the status, until the turn is played: a stream that is opened after the first isn't too late


@dataclass
class HeldTurn:
    """Whether a session's turn is held, and what of the log nobody has looked at.

    Args:
        holds: whether what a client sets going waits at all; for sessions at speed 0.
    """

    holds: bool = False
    since: float | None = None  # since when a turn is held, in the caller's seconds; None: none is
    unseen: int | None = None  # where in the log what nobody has looked at begins; None: all was looked at
    looks: int = 0  # at the status of the held turn
    streamed: bool = False  # whether it was a stream that looked last
    paused: float | None = None  # until when a child's stream is waited for
    ignored: bool = False  # whether a child was waited for in vain

    def set_going(self, now: float, *, at_once: bool) -> bool:
        """The client has done something; returns whether what comes of it is held.

        Args:
            now: the caller's seconds.
            at_once: whether there is nothing to wait for, so that no turn is held any more.
        """
        if not self.holds or at_once:
            self.since = None
        elif self.since is None:
            self.since, self.looks = now, 0
        return self.since is not None

    def look(self) -> bool:
        """Somebody looks at the status; returns whether that is enough for the turn to be played."""
        self.looks += 1
        return self.looks >= LOOKS

    def mark(self, before: int, length: int) -> None:
        """Note what nobody has seen: the log was `before` events long, and has `length` now."""
        if self.holds and self.unseen is None and (self.since is not None or length > before):
            self.unseen = before

    def shown(self, length: int) -> int:
        """How much of a log of `length` events could be seen: a stream that is opened now doesn't get it."""
        return length if self.unseen is None else self.unseen

    def release(self, *, streamed: bool = False) -> None:
        """Somebody looks, a stream or whatever else, or the turn has waited for long enough."""
        self.since = self.unseen = None
        self.streamed = streamed
        if not streamed:
            self.paused = None

    def meet_child(self, now: float) -> None:
        """A child thread has begun."""
        if self.holds and self.streamed and not self.ignored:
            self.paused = now + PAUSE

    def pauses_until(self, now: float) -> float | None:
        """Until when the turn pauses for the stream of a child; None if it doesn't, or not any more."""
        if self.paused is not None and now >= self.paused:
            self.paused, self.ignored = None, True
        return self.paused

    def waits_until(self, now: float) -> float | None:
        """When a turn that is still held at `now` will be played by itself; None if none is held then."""
        if self.since is None or now >= self.since + HOLD:
            return None
        return self.since + HOLD
