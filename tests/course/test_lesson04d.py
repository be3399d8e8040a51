"""The exercises of 04d: which updates are lost, and what only grep finds."""

from __future__ import annotations

import asyncio

import pytest

from utilities import open_brain
from utilities.course import lesson04
from utilities.course.lesson04.false_friends import PAIRS, false_friends
from utilities.course.lesson04.finding import facts, grep, recalled
from utilities.course.lesson04.losing import PICKED

pytestmark = pytest.mark.slow


def test_not_attempted_is_no_error(capsys):
    lesson04.lost_updates.check(...)
    lesson04.grepping.check(..., ...)
    assert lesson04.lost_updates.passed is lesson04.grepping.passed is None
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 2)] == [True] * 2


# -- 1: which updates are lost ---------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["ade", "a, d, e", ["e", "d", "a"], "A D E"])
def test_the_lost_updates_however_they_are_named(guess, passes):
    passes(lesson04.lost_updates, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abde", "one of the negators"),
        ("acde", "further than 0.95"),
        ("ad", "it isn't all: 'up' and 'down'"),
        ("e", "it isn't all: one day more or less"),
        ("ae", "5 and 50"),
        ("f", "none of the answers"),
    ],
)
def test_a_wrong_guess_is_told_why(guess, why, fails):
    fails(lesson04.lost_updates, guess, why=why)


def test_the_right_letters_are_what_astrocyte_loses(tmp_path):
    pairs = [pair for what in PICKED for pair in PAIRS if pair[0] == what]
    friends = asyncio.run(false_friends(open_brain(tmp_path / "brain.db"), pairs))
    lost = {letter for letter, friend in zip("abcde", friends, strict=True) if not friend.kept_by_default}
    assert lost == lesson04.lost_updates.right


# -- 2: what grep finds and recall doesn't -----------------------------------------------------------------

LONG = (
    "The offsite was long: budget, colours of the new logo, pizza, a quiz that nobody won, "
    "and somewhere in between Zoltan said that he moves to Graz."
)


@pytest.mark.parametrize(
    ("fact", "question"),
    [
        ("RMA88213B: send a blue cable.", "What did the customer with 88213 complain about?"),
        ("2026-03-19: moved.", "Which meeting of the team is on 03-19?"),
        (LONG, "Is Graz where the family vacation is, or the neighbours' new home?"),
    ],
)
def test_a_fact_that_only_grep_finds_passes(fact, question, passes):
    passes(lesson04.grepping, fact, question)
    assert fact not in recalled(fact, question)[:3]


@pytest.mark.parametrize(
    ("fact", "question", "why"),
    [
        ("Zoltan repairs the boiler.", "Who is Zoltan?", "recall finds it too, as number 1; next comes"),
        (
            "LH1187 leaves from B.",
            "Is my seat on 1187 on the aisle?",
            "as number 3; before it come",
        ),
        (
            "Ximena is the cat.",
            "What did the customer complain about?",
            "none of What, customer, complain",
        ),
        ("Ximena is it.", "Is it so?", "none of no words is in it"),
        ("Ximena came with us.", "Who came along with her?", "as number 1"),
        ("He is with Ximena.", "Is it with him?", "'with' is in 8 lines, so grep finds everything"),
        (facts()[0], "Do I take sugar in my coffee?", "in the notes already"),
        ("RMA88213B: send a blue cable.", "88213?", "not a question that a person asks"),
        ("RMA88213B: send a blue cable.", "complaint about 88213", "not a question that a person asks"),
        ("a\nb", "What is a?", "one line of at most 200"),
        ("x" * 201, "What is x?", "one line of at most 200"),
        ("", "What is x?", "the fact is a text"),
        ("RMA88213B: send a blue cable.", 7, "the question is a text, not 7"),
    ],
)
def test_a_fact_that_both_find_or_neither_fails(fact, question, why, fails):
    fails(lesson04.grepping, fact, question, why=why)


def test_grep_is_what_an_agent_would_get():
    lines = grep("Mr GRAZ-7 and tea.", "Was it in graz-7, at 'Tea' (or with Ida's)?")
    assert list(lines) == ["graz-7", "with", "Ida's"]
    assert lines["graz-7"] == ["Mr GRAZ-7 and tea."]
    assert lines["with"] == [fact for fact in facts() if "with" in fact]
