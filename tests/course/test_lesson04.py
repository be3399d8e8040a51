"""Lesson 04's two exercises on the table take what is right, and say what a wrong word overlooks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from utilities import connect, made_with
from utilities.course import lesson04

pytestmark = pytest.mark.slow

WORDS = {
    "Reflect": "bank",
    "Multi-bank isolation": "both",
    "Deduplication": "bank",
    "Compliance rules": "neither",
    "Path-based organisation": "store",
    "Zero-code set-up": "store",
}
NEEDS = {"a": "store", "b": "bank", "c": "store", "d": "both", "e": "bank"}


def test_not_attempted_is_no_error(capsys):
    lesson04.words.check(dict.fromkeys(WORDS, ...))
    lesson04.needs.check(dict.fromkeys(NEEDS, ...))
    assert lesson04.words.passed is lesson04.needs.passed is None
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 3)] == [True] * 2


# -- 1: six words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [
        WORDS,
        {key: word.upper() for key, word in WORDS.items()},
        WORDS | {"Reflect": "Astrocyte", "Path-based organisation": "memory store"},
        dict(reversed(WORDS.items())) | {"Compliance rules": "none"},
    ],
)
def test_six_words_however_they_are_written(right, passes):
    passes(lesson04.words, right)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"Reflect": "store"}, "5 of 6 are right. 'Reflect' is not 'store': no method of a store"),
        ({"Reflect": "both"}, "what comes nearest runs later, on a copy"),
        ({"Deduplication": "both", "Reflect": "neither"}, "4 of 6 are right. 'Reflect' is not 'neither'"),
        ({"Compliance rules": "bank"}, "a rule sees what the caller says"),
        ({"Zero-code set-up": "both"}, "has no result until your process sends one"),
        ({"Multi-bank isolation": "bank"}, "you choose which store a session gets"),
        ({"Reflect": "yes"}, "'yes' for 'Reflect' is none of the words: bank, store, both, neither"),
        ({"Reflect": ...}, "'Reflect' has no word yet"),
        ({"Reflects": "bank"}, "there is no 'Reflects' here"),
    ],
)
def test_a_wrong_word_is_told_what_it_overlooks(changed, why, fails):
    fails(lesson04.words, WORDS | changed, why=why)


def test_what_is_no_dict_is_told(fails):
    fails(lesson04.words, ["bank"] * 6, why="the answer is a dict with the keys Reflect, ")


def test_every_wrong_word_has_its_reply():
    for exercise in (lesson04.words, lesson04.needs):
        for key, question in exercise.questions.items():
            assert set(question.overlooked) == set(exercise.choices) - {question.answer}, key


def test_the_six_words_are_what_the_rows_measure():
    client = connect()
    made = made_with(client)

    async def table() -> Any:
        return await lesson04.nine_rows(await lesson04.scene(client, made))

    try:
        measured = asyncio.run(table())
    finally:
        made.end()
    for feature, word in WORDS.items():
        wholly = [side for side in ("bank", "store") if getattr(measured[feature], side).verdict == "yes"]
        assert ["neither", *wholly, "both"][len(wholly) and (1 if len(wholly) == 1 else 3)] == word, feature


# -- 3: five needs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [
        NEEDS,
        {key: word.capitalize() for key, word in NEEDS.items()},
        NEEDS | {"b": "Astrocyte", "a": "a store", "c": "memory store"},
    ],
)
def test_five_needs_however_they_are_written(right, passes):
    passes(lesson04.needs, right)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
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
