"""A row of lesson 04's comparison: one experiment on both sides, its conditions in words, its word from them.

    Row(
        "Personal data",
        bank=Seen({"address gone": True, "street gone": False}, rests_on="run"),
        store=Seen({"address gone": False}, rests_on="replay:sdk"),
    )   # bank: partly, store: no

Nobody types a verdict: it is what the conditions amount to. So a table can't go on saying "partly" when it is
another part.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from utilities.show.untrusted import one_line

from .evidence import STRENGTH

__all__ = ["RESTS_ON", "SIDES", "VERDICTS", "WIDTH", "Row", "Seen", "amounts_to"]

SIDES = ("bank", "store")
VERDICTS = ("yes", "partly", "no")
# What a verdict may rest on. There is no word for what a model chose, so no row can be made of that.
RESTS_ON = re.compile(rf"run|if it obeys|replay:({'|'.join(STRENGTH)})")
WIDTH = 110  # characters of a line
LONGEST = 10_000  # characters of a condition
SPACE = "\N{NO-BREAK SPACE}"  # between a mark and its condition


def amounts_to(conditions: Mapping[str, bool]) -> str:
    """ "yes" if all of them held, "no" if none did, "partly" in between.

    Raises:
        ValueError: there is none.
        TypeError: they aren't a mapping, or one of them is a text: "no" would count as held.
    """
    if not isinstance(conditions, Mapping):
        raise TypeError(
            f"conditions are a dict, each in words with whether it holds; this is {conditions!r:.60}"
        )
    if not conditions:
        raise ValueError("a verdict needs a condition")
    for condition, value in conditions.items():
        if isinstance(value, str):
            raise TypeError(f"whether {condition!r} holds is True or False, not {value!r:.60}")
    held = [bool(value) for value in conditions.values()]
    return "yes" if all(held) else "partly" if any(held) else "no"


@dataclass(frozen=True)
class Seen:
    """What an experiment saw on one side.

    Attributes:
        conditions: each in words, phrased so that one would wish it to hold; and whether it did.
        rests_on: "run": it really ran here, or on the hosted service · "replay:sdk" and so on: the replay
            server did it, by a rule that is known that well · "if it obeys": it follows if an agent makes a
            move that we wrote.

    Raises:
        ValueError: no condition, or it rests on something else.
        TypeError: the conditions are no mapping to True and False.
    """

    conditions: Mapping[str, bool]
    rests_on: str

    def __post_init__(self) -> None:
        amounts_to(self.conditions)
        if not RESTS_ON.fullmatch(self.rests_on):
            raise ValueError(
                f"a verdict rests on 'run', 'if it obeys' or 'replay:' and one of {', '.join(STRENGTH)}; "
                f"not on {self.rests_on!r}"
            )

    @property
    def verdict(self) -> str:
        return amounts_to(self.conditions)

    @property
    def held(self) -> set[str]:
        """The conditions that did."""
        return {condition for condition, held in self.conditions.items() if held}

    @property
    def evidence(self) -> str:
        """Each condition, and whether it held: `✓ a tag routes, ✗ a street gone`."""
        marked = (f"{'✓' if held else '✗'}{SPACE}{condition}" for condition, held in self.conditions.items())
        return one_line(", ".join(marked), LONGEST)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.evidence} [{self.rests_on}]"


@dataclass(frozen=True)
class Row:
    """One feature, and what was seen of it on both sides; `print` shows it."""

    feature: str
    bank: Seen
    store: Seen

    def __str__(self) -> str:
        sides = (f"{side:<5} {getattr(self, side)}" for side in SIDES)
        wrapped = (
            textwrap.fill(side, WIDTH, initial_indent="  ", subsequent_indent=" " * 8) for side in sides
        )
        return "\n".join([one_line(self.feature, LONGEST), *wrapped])

    __repr__ = __str__
