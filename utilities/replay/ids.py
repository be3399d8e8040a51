"""Ids and times that come out the same in every run."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
TICK = 1e-6  # seconds between neighbours in an event log [seen]
PAIRS = [first + second for second in ALPHABET for first in ALPHABET]  # two letters at a time: half the work


def make_id(prefix: str, *seed: object) -> str:
    """An id such as `sevt_01` plus 22 letters and digits, decided by `seed` alone.

    Args:
        prefix: what the hosted API puts before the underscore, `sevt` for example.
        seed: whatever tells this object from every other one.
    """
    number = int.from_bytes(hashlib.sha256("/".join(map(str, (prefix, *seed))).encode()).digest()[:17], "big")
    letters = []
    for _ in range(11):
        number, rest = divmod(number, len(PAIRS))
        letters.append(PAIRS[rest])
    return f"{prefix}_01{''.join(letters)}"


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as the hosted API writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_time(text: str) -> datetime:
    """The opposite of `timestamp`; raises ValueError for anything that is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def later(text: str, seconds: float) -> str:
    """The time `seconds` after the time that `text` says."""
    return timestamp(parse_time(text) + timedelta(seconds=seconds))


def seconds_between(start: str, end: str) -> float:
    """How long from the first time to the second."""
    return (parse_time(end) - parse_time(start)).total_seconds()
