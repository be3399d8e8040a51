"""Which deployments are due, and when, by the time that is handed in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..ids import parse_time, timestamp
from .collection import Clock
from .cron import Cron

UPCOMING = 5  # times of a schedule that are told [sdk]


@dataclass
class Schedules:
    """The schedules of a server.

    No clock is looked at. The first time that is handed in is taken to be the recordings' time, and the
    seconds are counted from there: so what they say is the same in every run, and fits the times at which
    things are created. [ours]
    """

    clock: Clock
    crons: dict[str, Cron] = field(default_factory=dict)  # by deployment
    due: dict[str, datetime] = field(default_factory=dict)  # when each is due next that runs by itself
    origin: tuple[float, datetime] | None = None  # the first time handed in, and which moment that was

    def set(self, id: str, cron: Cron | None, now: float, *, runs: bool) -> None:
        """From here on a deployment has this schedule, or none; whether it runs, too."""
        self.stop(id)
        self.crons.pop(id, None)
        if cron is not None:
            self.crons[id] = cron
            if runs:
                self.resume(id, now)

    def stop(self, id: str) -> None:
        """It isn't due any more, but keeps its schedule."""
        self.due.pop(id, None)

    def resume(self, id: str, now: float) -> None:
        """It is due again from its next time on. There is always one: `Cron.parse` has seen to that."""
        if id in self.crons:
            self.due[id] = next(self.crons[id].after(self.moment(now)))

    def upcoming(self, id: str, now: float) -> list[str]:
        """The next times of a schedule, whether it runs or not."""
        return [timestamp(due) for due in self.crons[id].upcoming(self.moment(now), UPCOMING)]

    def passed(self, now: float) -> Iterator[tuple[str, str, float]]:
        """What has come due, the earliest first: the deployment, the moment, and when it was in seconds.

        What is done about one can stop others; it is asked for the next only then.
        """
        moment = self.moment(now)
        while self.due:
            id = min(self.due, key=self.due.__getitem__)
            due = self.due[id]
            if due > moment:
                return
            self.due[id] = next(self.crons[id].after(due))
            self.clock.reach(timestamp(due))
            yield id, timestamp(due), self._seconds(due)

    def next_due(self) -> float | None:
        """When the next comes due, in seconds as they are handed in; None if nothing does."""
        return self._seconds(min(self.due.values())) if self.due else None

    def moment(self, now: float) -> datetime:
        """Which moment it is when the seconds handed in are `now`."""
        if self.origin is None:
            self.origin = now, parse_time(self.clock.now)
        began, then = self.origin
        return then + timedelta(seconds=max(0.0, now - began))

    def _seconds(self, moment: datetime) -> float:
        assert self.origin is not None  # what is due was counted from it
        began, then = self.origin
        return began + (moment - then).total_seconds()
