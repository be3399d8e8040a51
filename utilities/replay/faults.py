"""What can be broken on purpose, so that client code can be seen to survive it.

A fault is about how a stream is delivered; the session itself is never changed by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .recording import Event


class Dropped(Exception):
    """The connection is cut in the middle of the body."""


@dataclass(frozen=True)
class Faults:
    """The faults of a server; by default there are none.

    Attributes:
        drop_after: cut each stream after so many events, in the middle of the next.
        end_after: end each stream cleanly after so many events.
        times: how many streams of a session `drop_after` and `end_after` hit; later ones are whole.
        repeat: deliver every event twice.
        queued: deliver a client event twice: first without `processed_at`, then stamped.
    """

    drop_after: int | None = None
    end_after: int | None = None
    times: int = 1
    repeat: bool = False
    queued: bool = False

    def delivery(self, event: Event) -> list[Event]:
        """What a stream carries for one event of the log."""
        copies = [event, event] if self.repeat else [event]
        if self.queued and event["type"].startswith("user."):
            return [{**event, "processed_at": None}, *copies]
        return copies

    def limit(self, stream: int) -> int | None:
        """How many events a session's nth stream (from 0) lives for; None if it is whole."""
        after = self.drop_after if self.drop_after is not None else self.end_after
        return after if stream < self.times else None
