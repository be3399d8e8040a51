"""When a schedule of five fields comes due, on the wall clock of its time zone.

Written here and not taken from a library: those that there are shift a time that doesn't exist, or run one
that comes twice only once, as cron daemons do. A deployment's schedule does neither. [doc]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)
# `*`, `7`, `1-5`, each with a step or without. Steps aren't POSIX's, but every cron has them. [ours]
PART = re.compile(
    r"(?P<all>\*)(/(?P<every>\d{1,2}))?|(?P<low>\d{1,2})(-(?P<high>\d{1,2})(/(?P<step>\d{1,2}))?)?"
)
LONGEST_GAP = 366 * 9  # days; a 29 February can be eight years away


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zones. Read once: they are files, and a request can name thousands."""
    return frozenset(available_timezones())


class CronError(ValueError):
    """An expression or a time zone that is none; the message says what is wrong with it."""


@dataclass(frozen=True)
class Cron:
    """A schedule: which minutes, on which days. `parse` makes one."""

    zone: ZoneInfo
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either: bool  # whether a day of the month or one of the week is enough

    @classmethod
    def parse(cls, expression: str, timezone: str) -> Cron:
        """A schedule from its two texts.

        Raises:
            CronError: what is wrong with them.
        """
        texts = expression.split()
        if len(texts) != len(FIELDS):
            names = ", ".join(name for name, _, _ in FIELDS)
            raise CronError(f"expression: {expression!r} must have 5 fields ({names}), not {len(texts)}")
        values = [_values(text, *field) for text, field in zip(texts, FIELDS, strict=True)]
        if timezone not in time_zones():
            raise CronError(f"timezone: {timezone!r} is not an IANA time zone, as America/New_York is")
        minutes, hours, days, months, weekdays = values
        # POSIX: if both are restricted, either is enough. A field that begins with * restricts nothing.
        either = not texts[2].startswith("*") and not texts[4].startswith("*")
        sunday_is_0 = frozenset(day % 7 for day in weekdays)
        ordered = tuple(sorted(minutes)), tuple(sorted(hours))
        cron = cls(ZoneInfo(timezone), *ordered, days, months, sunday_is_0, either)
        if next(cron.after(datetime(2000, 1, 1, tzinfo=UTC)), None) is None:
            raise CronError(f"expression: {expression!r} never comes due: no month has such a day")
        return cron

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times after a moment, in UTC, as they come: without end, or none if there is none."""
        day = moment.astimezone(self.zone).date()
        empty = 0
        while empty < LONGEST_GAP and day < date(9999, 1, 1):
            empty += 1
            if self._has(day):
                for due in self._on(day):
                    if due > moment:
                        empty = 0
                        yield due
            day += timedelta(days=1)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """The next times after a moment, so many at most."""
        return list(islice(self.after(moment), count))

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month or of_week if self.either else of_month and of_week

    def _on(self, day: date) -> list[datetime]:
        """The times of one day: none for one that the clock skips, two for one that it shows twice. [doc]"""
        dues = set()
        for hour in self.hours:
            for minute in self.minutes:
                shown = datetime.combine(day, time(hour, minute))
                for fold in (0, 1):
                    due = shown.replace(fold=fold, tzinfo=self.zone).astimezone(UTC)
                    if due.astimezone(self.zone).replace(tzinfo=None, fold=0) == shown:
                        dues.add(due)
        return sorted(dues)


def _values(text: str, name: str, least: int, most: int) -> frozenset[int]:
    """The numbers that a field stands for."""
    values: set[int] = set()
    for part in text.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise CronError(
                f"expression: {part!r} is no {name}: only numbers, ranges, lists, * and steps; no names, "
                "seconds, years, @daily, L, W, # or ?"
            )
        low, high = (least, most) if match["all"] else (int(match["low"]), int(match["high"] or match["low"]))
        step = int(match["every"] or match["step"] or 1)
        if not least <= low <= high <= most or step == 0:
            raise CronError(f"expression: {part!r} is no {name}: {least} to {most}")
        values.update(range(low, high + 1, step))
    return frozenset(values)
