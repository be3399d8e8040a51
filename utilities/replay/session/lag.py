"""The status field goes on saying "running" for a moment after the idle event: the archive race.

How long isn't known: here for two looks, which repeat in every run, or a second. [ours]
"""

from __future__ import annotations

from dataclasses import dataclass

STALE_LOOKS = 2
GAP = 1.0  # seconds


@dataclass
class Lag:
    """How far the status field of one session is behind."""

    looks: int = 0  # that will still see "running"
    since: float = 0.0  # when the session became idle

    def begin(self, now: float) -> None:
        """The session has become idle, at `now` in the caller's seconds."""
        self.looks, self.since = STALE_LOOKS, now

    def had(self, looks: int) -> None:
        """So many looks have seen "running" already, while the turn was held."""
        self.looks = max(0, self.looks - looks)

    def look(self, now: float) -> bool:
        """Somebody looks at the status of the idle session; returns whether it still says "running"."""
        if not self.looks or now >= self.since + GAP:
            return False
        self.looks -= 1
        return True
