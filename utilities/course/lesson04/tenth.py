"""The exercise of 04b: a tenth row, whose words have to follow from what it saw."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from utilities import made_with, memories_of
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from .gaps import require_filled
from .row import SIDES, Row
from .scene import Scene, scene

__all__ = ["tenth"]

GAPS = 5  # of the frame
PATIENCE = 20.0  # seconds for what should take one
BANK = "checked"
TEXTS = (
    "Ada sings.",
    "Write to ada@example.org.",
    "Two lines,\nand a tab\there.",
    "Her card is 4111 1111 1111 1111, and she sings.",
)


def _check(row: Callable[..., Any]) -> str:
    if not callable(row):
        raise Wrong(f"to_the_letter is to be a function, not {row!r:.60}")
    require_filled(row, GAPS)
    with ManagedAgentsApi() as api:
        made = made_with(api.client)
        try:
            within(PATIENCE, asyncio.run, _try(row, api, made))
        except TookTooLong:
            raise Wrong(f"it was still at it after {PATIENCE:.0f} s") from None
        finally:
            made.end()
    return f"for {len(TEXTS)} texts, both words follow from what came back"


async def _try(row: Callable[..., Any], api: ManagedAgentsApi, made: Any) -> None:
    here = await scene(api.client, made)
    for text in TEXTS:
        returned = row(here, text)
        measured = await returned if inspect.isawaitable(returned) else returned
        if measured in (None, ...):
            raise NotAttempted
        _require(measured, text, await _kept(here, text))


async def _kept(here: Scene, text: str) -> dict[str, str]:
    """What the two sides really have of a text."""
    await here.retained(BANK, text)
    [in_bank] = (await memories_of(here.brain, BANK)).values()
    return {"bank": in_bank, "store": here.kept_in_store(text)}


def _require(measured: Any, text: str, kept: dict[str, str]) -> None:
    if not isinstance(measured, Row):
        raise Wrong(f"it returns {measured!r:.60}; a row is lesson04.Row(…)")
    for side in SIDES:
        seen, expected = getattr(measured, side), "yes" if kept[side] == text else "no"
        if seen.verdict != expected:
            raise Wrong(
                f"of {text!r} the {side} has {kept[side]!r}, and your row says {seen.verdict!r}: compare "
                "what comes back with what went in"
            )
    if measured.bank.rests_on != "run":
        raise Wrong(
            f"the bank's side really ran here, so it rests on 'run', not on {measured.bank.rests_on!r}"
        )
    if not measured.store.rests_on.startswith("replay:"):
        raise Wrong(
            f"the store's side rests on {measured.store.rests_on!r}, but a replay server gave it: "
            "scene.by_rule(…) names a rule, as in rows.personal_data"
        )


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
