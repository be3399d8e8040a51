"""Lesson 04's exercises on a row and on needs take what is right, and say what a wrong answer overlooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.places import NOTEBOOKS
from utilities import memories_of
from utilities.course import lesson04
from utilities.course.lesson04 import Row, Scene, Seen
from utilities.course.running.notebooks import read

pytestmark = pytest.mark.slow

NEEDS = {"a": "store", "b": "bank", "c": "store", "d": "both", "e": "bank"}


def test_not_attempted_is_no_error(capsys):
    lesson04.deleting.check(frame)
    lesson04.needs.check(dict.fromkeys(NEEDS, ...))
    assert lesson04.deleting.passed is lesson04.needs.passed is None
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 3)] == [True] * 2


# -- 1: a row ----------------------------------------------------------------------------------------------

Deleted = Callable[..., Any]
Conditions = dict[str, bool]
RULE = "every change to a memory is a version"


def frame(scene: Scene, said: str) -> Row:
    """As the lesson has it: four gaps."""
    bank: Any = Seen(..., rests_on=...)  # type: ignore[arg-type]
    store: Any = Seen(..., rests_on=...)  # type: ignore[arg-type]
    return Row("Deleted is gone", bank, store)


def half_filled(scene: Scene, said: str) -> Row:
    """The bank's side only."""
    store: Any = Seen(..., rests_on=...)  # type: ignore[arg-type]
    return Row("Deleted is gone", Seen({"not found": True}, "run"), store)


def filled(
    bank: Callable[[str, list[str]], Conditions] = lambda said, found: {"not found": said not in found},
    store: Callable[[bool, bool], Conditions] = lambda there, before: {"gone": not there, "past": not before},
    rests_on: tuple[str, str] = ("run", ""),
) -> Deleted:
    """The frame with these conditions, and resting on something else on request."""

    async def deleted(scene: Scene, said: str) -> Row:
        kept = await scene.brain.retain(said, "diary")
        await scene.brain.forget("diary", memory_ids=[str(kept.memory_id)])
        found = await scene.recalled(said, "diary")
        with scene.note(said) as note:
            pass
        there, before = scene.has(scene.store, note.id), scene.in_versions(note.id, said)
        seen_in_store = Seen(store(there, before), rests_on[1] or scene.by_rule(RULE))
        return Row("Deleted is gone", Seen(bank(said, found), rests_on[0]), seen_in_store)

    return deleted


async def by_lists(scene: Scene, said: str) -> Row:
    """Right, with what the lists of both sides say."""
    bank, path = "mine", "/inbox/mine.md"
    kept = await scene.brain.retain(said, bank)
    await scene.brain.forget(bank, memory_ids=[str(kept.memory_id)])
    left = (await memories_of(scene.brain, bank)).values()
    with scene.note(said) as note:
        pass
    listed = [each.id for each in scene.memories.list(scene.store, path_prefix="/inbox/")]
    versions = scene.versions.list(scene.store, memory_id=note.id, view="full")
    past = [version.content for version in versions]
    store = {path: note.id not in listed, "its past": said not in past}
    return Row("Deleted", Seen({"none left": said not in left}, "run"), Seen(store, "replay:sdk"))


async def with_the_file(scene: Scene, said: str) -> Row:
    """Right, and it looks into the bank's file as well, which still has the text."""
    row = await filled()(scene, said)
    bank = {**row.bank.conditions, "not in the file": not scene.on_disk(said)}
    return Row("Deleted", Seen(bank, "run"), row.store)


async def three_conditions(scene: Scene, said: str) -> Row:
    """Right: found by words of its own, and by another question."""
    row = await filled()(scene, said)
    asked = await scene.recalled("What about Ada?", "diary")
    return Row("Deleted", Seen({**row.bank.conditions, "nor otherwise": said not in asked}, "run"), row.store)


@pytest.mark.parametrize("right", [filled(), by_lists, with_the_file, three_conditions])
def test_a_row_that_follows_from_what_came_back_passes(right, passes):
    passes(lesson04.deleting, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (filled(bank=lambda said, found: {"found": said in found}), "so that one would wish it to hold"),
        (filled(bank=lambda said, found: {"not found": not found}), "a recall finds whatever is nearest"),
        (filled(bank=lambda said, found: "yes"), "conditions are a dict, each in words"),
        (filled(bank=lambda said, found: {"not found": "yes"}), "is True or False, not 'yes'"),
        (filled(bank=lambda said, found: {"not found": True}), "a bank that doesn't forget still finds"),
        (
            filled(store=lambda there, before: {"gone": not there}),
            "your row says 'yes' for the store (✓\N{NO-BREAK SPACE}gone), but one of the note's versions",
        ),
        (filled(store=lambda there, before: {"past gone": not before}), "but the note itself is gone"),
        (
            filled(store=lambda there, before: {"there": there, "before": before}),
            "nothing is left, and your row says 'no'",
        ),
        (
            filled(store=lambda there, before: {"gone": True, "past gone": False}),
            "let both conditions follow from `there` and `before`",
        ),
        (filled(rests_on=("replay:sdk", "")), "the bank's side really ran here"),
        (filled(rests_on=("run", "run")), "but a replay server gave it: the frame has looked its rule up"),
        (filled(rests_on=("run", "sdk")), "your code raised ValueError: a verdict rests on"),
        (filled(store=lambda there, before: {}), "your code raised ValueError: a verdict needs a condition"),
        (half_filled, "2 of the 4 gaps are still `...`"),
        (lambda scene, said: "yes", "it returns 'yes'; a row is lesson04.Row(…)"),
        ({"not found": True}, "the answer is to be a function"),
    ],
)
def test_a_row_that_does_not_is_told_what_it_overlooks(wrong, why, fails):
    fails(lesson04.deleting, wrong, why=why)


def test_what_the_lesson_says_to_call_in_its_text_runs():
    """A name in the text is of no use if the notebook's first cell hasn't imported it."""
    cells = read(NOTEBOOKS / "04_astrocyte_vs_memory_stores.ipynb").cells
    [imports] = [cell.source for cell in cells if cell.get("id") == "connect"]
    [called] = {
        call for cell in cells if cell.cell_type == "markdown"
        for call in re.findall(r"`(show_source\(.+?\))`", cell.source)
    }  # fmt: skip
    names: dict[str, Any] = {}
    exec(re.sub(r"^MODEL = .*", "", imports, flags=re.S | re.M), names)
    assert "async def deduplication(scene: Scene) -> Row:" in str(eval(called, names))


# -- 3: five needs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [
        NEEDS,
        {key: word.capitalize() for key, word in NEEDS.items()},
        NEEDS | {"b": "Astrocyte", "a": "a store", "c": "memory store", "d": "bank and store"},
        {key.upper(): word for key, word in NEEDS.items()},
    ],
)
def test_five_needs_however_they_are_written(right, passes):
    passes(lesson04.needs, right)


def test_every_wrong_word_has_its_reply():
    for key, question in lesson04.needs.questions.items():
        assert set(question.overlooked) == set(lesson04.needs.choices) - {question.answer}, key


def test_what_is_no_dict_is_told(fails):
    fails(lesson04.needs, ["bank"] * 5, why="the answer is a dict with the keys a, b, c, d, e")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"f": "bank"}, "there is no 'f' here; the keys are a, b, c, d, e"),
        ({"a": "bank"}, "4 of 5 are right. 'a' is not 'bank': look at the row 'Version history'"),
        ({"b": "store"}, "a grep needs a word in common"),
        ({"b": "both"}, "a store beside it finds no more"),
        ({"c": "both"}, "at the bank's first call it would wait"),
        ({"d": "store"}, "'d' is not 'store': the remarks"),
        ({"d": "bank"}, "'d' is not 'bank': the rules"),
        ({"e": "store"}, "a note beside a note is two notes"),
        ({"e": "neither"}, "'neither' for 'e' is none of the words: bank, store, both"),
        ({"e": None}, "'e' has no word yet"),
    ],
)
def test_a_wrong_choice_is_told_which_row_decides(changed, why, fails):
    fails(lesson04.needs, NEEDS | changed, why=why)
