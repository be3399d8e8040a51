"""The exercise of 04b: a tenth row, whose words have to follow from what it saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from utilities import memories_of

from ..exercises import Exercise, Wrong
from .on_scenes import require_evidence, row_of, try_on_scene
from .row import SIDES, Row
from .scene import Scene

__all__ = ["tenth"]

GAPS = 5  # of the frame
BANK = "checked"
TEXTS = (
    "Ada sings.",
    "Write to ada@example.org.",
    "Two lines,\nand a tab\there.",
    "Her card is 4111 1111 1111 1111, and she sings.",
)


def _check(function: Callable[..., Any]) -> str:
    async def attempt(here: Scene) -> None:
        for text in TEXTS:
            measured = await row_of(function, here, text)
            _require(measured, text, await _kept(here, text))

    try_on_scene(function, GAPS, attempt)
    return f"for {len(TEXTS)} texts, both words follow from what came back"


async def _kept(here: Scene, text: str) -> dict[str, str]:
    """What the two sides really have of a text."""
    await here.retained(BANK, text)
    [in_bank] = (await memories_of(here.brain, BANK)).values()
    return {"bank": in_bank, "store": here.kept_in_store(text)}


def _require(measured: Row, text: str, kept: dict[str, str]) -> None:
    for side in SIDES:
        seen, expected = getattr(measured, side), "yes" if kept[side] == text else "no"
        if seen.verdict != expected:
            raise Wrong(
                f"of {text!r} the {side} has {kept[side]!r}, and your row says {seen.verdict!r}: compare "
                "what comes back with what went in"
            )
    require_evidence(measured, "scene.by_rule(…) names a rule, as in rows.personal_data")


tenth = Exercise(
    "Exercise 1",
    _check,
    [
        "Two gaps are what came back, two are comparisons with `text`, one is what the store's side rests "
        "on. rows.personal_data above has the same five.",
        "memories_of(scene.brain, 'letters') is a dict of all that is in the bank, by id; "
        "scene.kept_in_store(text) is what comes back of a note.",
        "[in_bank] = (await memories_of(scene.brain, 'letters')).values(); in_bank == text; "
        "in_store == text; scene.by_rule('a memory has the size').",
    ],
    minutes=8,
)
