"""The table of 05b: five drivers, unbroken and under seven faults, and what is known of its forty cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..places import RECORDINGS
from ..table import Table
from .scenes import AGENT
from .ways import WAYS, Outcome, under

__all__ = ["Forty", "five_drivers"]

# What goes wrong, by the fault, in the order of WAYS. A slash stands where that depends on something that
# nobody has settled: whether a second answer, or a message to a session that waits, is refused or taken.
KNOWN = {
    "": ("fine", "fine", "lost raised twice / twice", "fine", "fine"),
    "drop=6": ("lost parked raised", "fine", "lost parked raised", "fine", "fine"),
    "end=6": ("lost parked", "fine", "lost parked", "fine", "fine"),
    "silent=6": ("hung lost parked", "hung lost parked", "hung lost parked", "fine", "fine"),
    "repeat": ("lost raised twice / lost twice", "fine", "lost raised twice / twice", "fine", "fine"),
    "lose,on=POST/events": (
        *("lost parked raised / lost twice", "twice", "lost parked raised / twice"),
        *("fine", "fine"),
    ),
    "status=429,retry-after=0.2,times=2,on=POST/events": (
        *("fine", "fine", "lost raised twice / twice"),
        *("fine", "fine"),
    ),
    "error=exhausted,after=4": ("hung", "fine", "lost raised", "fine", "fine"),
}


@dataclass(frozen=True)
class Forty:
    """What became of each driver under each fault.

    Attributes:
        table: a row for each fault, a column for each driver.
        unexpected: the cells that are not what is known of them, as "fault, driver: verdict".
    """

    table: Table
    unexpected: list[str]


def five_drivers(faults: Mapping[str, str], message: str) -> Forty:
    """Drive one turn with three tickets in five ways, under each fault.

    Args:
        faults: by what to call them: specs of the replay server, of those in `KNOWN`; "" for none.
        message: what begins the turn.
    """
    outcomes = under(faults.values(), message, RECORDINGS / "05_tickets.jsonl", AGENT)
    rows = {name: {way.name: outcomes[spec, way.name] for way in WAYS} for name, spec in faults.items()}
    unexpected = [
        f"{name}, {way.name}: {outcomes[spec, way.name].verdict}"
        for name, spec in faults.items()
        for way, known in zip(WAYS, KNOWN[spec], strict=True)
        if not _as_known(outcomes[spec, way.name], known)
    ]
    return Forty(Table("Five ways to drive one turn, under faults", rows), unexpected)


def _as_known(outcome: Outcome, known: str) -> bool:
    """Where second answers are accepted, what is lost besides depends on who looks first."""
    return outcome.verdict in known.split(" / ") or ("twice" in outcome.verdict and "twice" in known)
