"""The exercise of 04b: a row's words have to follow from what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from utilities import memories_of
from utilities.course import lesson04
from utilities.course.lesson04 import Row, Scene, Seen

pytestmark = pytest.mark.slow

KEPT = "as it was said"
RULE = "a memory has the size"
Compared = Callable[[str, str], bool]


async def frame(scene: Scene, text: str) -> Row:
    """As 04b has it: five gaps."""
    in_bank: Any = ...
    in_store: Any = ...
    assert in_bank, in_store
    rests_on: Any = ...
    return Row("To the letter", Seen({KEPT: ...}, "run"), Seen({KEPT: ...}, rests_on))  # type: ignore[dict-item]


async def solution(scene: Scene, text: str) -> Row:
    await scene.brain.clear_bank("letters")
    await scene.brain.retain(text, "letters")
    [in_bank] = (await memories_of(scene.brain, "letters")).values()
    in_store = scene.kept_in_store(text)
    known = scene.by_rule(RULE)
    return Row("To the letter", Seen({KEPT: in_bank == text}, "run"), Seen({KEPT: in_store == text}, known))


async def by_recall_and_list(scene: Scene, text: str) -> Row:
    """Right, by a search and by the list of the store's memories."""
    await scene.retained("mine", text)
    hits = (await scene.brain.recall(text, "mine")).hits
    with scene.note(text) as note:
        listed = scene.memories.list(scene.store, view="full", path_prefix="/inbox/")
        same = [each.content == text for each in listed if each.id == note.id]
    bank = Seen({KEPT: text in {hit.text for hit in hits}}, rests_on="run")
    return Row("Verbatim", bank, Seen({KEPT: all(same), "one": len(same) == 1}, "replay:sdk"))


def with_two_conditions(scene: Scene, text: str) -> Any:
    """Right, and no coroutine function but one that returns a coroutine."""
    return solution(scene, text)


def row_of(
    bank: Compared = str.__eq__, store: Compared = str.__eq__, *, rests_on: tuple[str, str] = ("run", "")
) -> Callable[..., Any]:
    """The solution, with other comparisons, or resting on something else."""

    async def measured(scene: Scene, text: str) -> Row:
        row = await solution(scene, text)
        await scene.retained("again", text)
        [in_bank] = (await memories_of(scene.brain, "again")).values()
        in_store = scene.kept_in_store(text)
        return Row(
            "To the letter",
            Seen({KEPT: bank(in_bank, text)}, rests_on[0]),
            Seen({KEPT: store(in_store, text)}, rests_on[1] or row.store.rests_on),
        )

    return measured


async def half_filled(scene: Scene, text: str) -> Row:
    known: Any = ...
    return Row("To the letter", Seen({KEPT: True}, "run"), Seen({KEPT: True}, known))


async def prints_it(scene: Scene, text: str) -> str:
    return str(await solution(scene, text))


async def deaf(scene: Scene, text: str) -> Row:
    raise KeyError("letters")


def test_not_attempted_is_no_error(capsys):
    lesson04.tenth.check(frame)
    assert lesson04.tenth.passed is None
    assert "Exercise 1: not attempted yet" in capsys.readouterr().out


@pytest.mark.parametrize("right", [solution, by_recall_and_list, with_two_conditions, row_of()])
def test_a_row_that_looks_passes(right, passes):
    passes(lesson04.tenth, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (row_of(lambda kept, text: True), "of 'Write to ada@example.org.' the bank has 'Write to [EMAIL"),
        (row_of(lambda kept, text: bool(kept)), "and your row says 'yes': compare what comes back"),
        (
            row_of(lambda kept, text: False),
            "of 'Ada sings.' the bank has 'Ada sings.', and your row says 'no'",
        ),
        (row_of(store=lambda kept, text: kept != text), "of 'Ada sings.' the store has 'Ada sings.'"),
        (row_of(rests_on=("replay:sdk", "")), "the bank's side really ran here"),
        (row_of(rests_on=("run", "run")), "the store's side rests on 'run', but a replay server gave it"),
        (row_of(rests_on=("run", "sdk")), "your code raised ValueError: a verdict rests on"),
        (half_filled, "1 of the 5 gaps is still `...`"),
        (prints_it, "it returns 'To the letter"),
        (deaf, "your code raised KeyError: 'letters'"),
        ("yes", "the answer is to be a function, not 'yes'"),
    ],
)
def test_a_row_that_does_not_is_told_why(wrong, why, fails):
    fails(lesson04.tenth, wrong, why=why)
