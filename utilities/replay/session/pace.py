"""When a recorded event is due, and what time it gets in the log of the session that plays it."""

from __future__ import annotations

from dataclasses import dataclass

from ..ids import TICK, later, seconds_between


@dataclass
class Pace:
    """The pace of one session.

    Args:
        speed: how many recorded seconds pass in one second; 0 plays everything at once.
    """

    speed: float
    anchor: tuple[float, str] | None = None  # it counts from (the caller's time, the recorded time)
    lag: float = 0.0  # how many seconds the log is behind the recording's times

    def due(self, recorded: str, now: float) -> float:
        """When an event with this recorded time is due, in the caller's seconds."""
        if not self.speed:
            return now
        if self.anchor is None:
            self.anchor = (now, recorded)
        start, recorded_start = self.anchor
        return start + seconds_between(recorded_start, recorded) / self.speed

    def pause(self) -> None:
        """What comes next is due at once: how long it took is not the recording's time."""
        self.anchor = None

    def restart(self) -> None:
        """Another recording leads, with times of its own."""
        self.anchor, self.lag = None, 0.0

    def moment(self, recorded: str, last: str | None) -> str:
        """The recorded time, put off by what the recording didn't have: the log never goes back.

        Args:
            recorded: the event's time in the recording.
            last: the time of the last event in the log, if there is one.
        """
        moment = later(recorded, self.lag)
        if last is not None and moment <= last:  # both as `later` writes times, so texts can be compared
            self.lag += seconds_between(moment, last) + TICK
            moment = later(recorded, self.lag)
        return moment
