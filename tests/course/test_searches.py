"""Three ways to search the same facts, for lesson 04: each finds what it should, and nothing else."""

from __future__ import annotations

import asyncio
import re

import pytest

from utilities import open_brain
from utilities.course.lesson04.retrieval import KINDS
from utilities.course.lesson04.searches import (
    Fact,
    Grep,
    Search,
    any_of,
    by_brain,
    by_words,
    content_words,
    facts_in,
)

pytestmark = pytest.mark.slow

TINY = [
    Fact("The cat is called Miro.", "home", "What is the pet's name?", "How is the cat called?"),
    Fact("I drink tea with milk.", "tastes", "What should be in my cup?", "Do I drink tea?"),
    Fact("The train to Oslo leaves at six.", "travel", "When is the departure?", "When leaves the train?"),
]


def found(search: Search, question: str) -> list[list[str]]:
    async def searched() -> list[list[str]]:
        return await search(question)

    return asyncio.run(searched())


# -- grep ----------------------------------------------------------------------------------------------


def test_the_tools_lines_are_those_that_a_look_at_the_files_finds(tmp_path):
    """Whatever the tool runs (ripgrep or its own search), on all patterns of the question set."""
    facts = facts_in()
    grep = Grep(facts, tmp_path / "mounted")
    in_order = sorted(facts, key=lambda fact: f"{fact.domain}.md")  # stable: a file's lines keep their order
    for question in [getattr(fact, kind) for fact in facts for kind in KINDS]:
        words = content_words(question)
        for pattern in (any_of(words, whole=True), any_of(words)):
            expected = [fact.text for fact in in_order if re.search(pattern, fact.text)]
            assert asyncio.run(grep.lines(pattern)) == expected, pattern


def test_the_facts_are_files_as_a_session_has_them(tmp_path):
    Grep(TINY, tmp_path / "mounted")
    folder = tmp_path / "mounted/mnt/memory/facts"
    assert [file.name for file in sorted(folder.iterdir())] == ["home.md", "tastes.md", "travel.md"]
    assert (folder / "home.md").read_text("utf-8") == "The cat is called Miro.\n"


def test_a_fact_of_several_lines_is_found_and_whole(tmp_path):
    fact = Fact("The code\nis 7731.  Keep it:  secret")
    grep = Grep([*TINY, fact], tmp_path / "mounted")
    assert asyncio.run(grep.lines("7731")) == [fact.text]


def test_the_three_attempts(tmp_path):
    facts = [
        Fact("The customer pays."),
        Fact("A customer paid."),
        Fact("The payment of the customers is late."),
    ]
    whole, stems, rarest = found(Grep(facts, tmp_path / "mounted"), "Which customers are paying?")
    assert whole == [facts[2].text]
    assert stems == [fact.text for fact in facts]
    assert rarest == [facts[0].text, facts[2].text]


def test_of_equally_rare_words_the_one_with_a_digit(tmp_path):
    facts = [Fact("Complaints are answered."), Fact("T-82 is lost.")]
    assert found(Grep(facts, tmp_path / "mounted"), "Complaints about T-82?")[2] == ["T-82 is lost."]


@pytest.mark.parametrize("question", ["", "?", "What is it?", "…", "((("])
def test_a_question_without_words_finds_nothing(question, tmp_path):
    assert found(Grep(TINY, tmp_path / "mounted"), question) == []
    assert content_words(question) == []


@pytest.mark.parametrize(
    "question", ["C++ [sic] or (C|D)*?", "Is a.b^$ = a\\b{2} #1 & ~x - y?", 'a "quote"', "+"]
)
def test_what_is_special_in_a_regular_expression_is_taken_literally(question, tmp_path):
    facts = [*TINY, Fact("C++ and (C|D)* are patterns, a.b^$ is one, and a\\b{2} too.")]
    grep = Grep(facts, tmp_path / "mounted")
    assert all(set(attempt) <= {facts[3].text} for attempt in found(grep, question))
    assert asyncio.run(grep.lines(any_of(["c++"], whole=True))) == [facts[3].text]
    assert asyncio.run(grep.lines(any_of(["axb"], whole=True))) == []
    assert asyncio.run(grep.lines(any_of(["a.b^$"]))) == [facts[3].text]


def test_a_pattern_that_is_none_is_refused_and_named(tmp_path):
    with pytest.raises(ValueError, match=r"(?s)grep: .*pattern: \(open"):
        asyncio.run(Grep(TINY, tmp_path / "mounted").lines("(open"))


def test_the_words_of_a_question():
    assert content_words("What's the cat’s code, “KX-301” or start-up?") == [
        "cat",
        "code",
        "kx-301",
        "start-up",
    ]
    assert content_words("Tea, tea and TEA?") == ["tea"]


# -- the other searches --------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", '"', "NEAR(a", "tea* OR -milk", "text:tea ^milk"])
def test_words_of_any_kind_are_a_query(question):
    (hits,) = found(by_words(TINY), question)
    assert hits == ([TINY[1].text] if "tea" in question else [])


def test_ranked_by_words(tmp_path):
    (hits,) = found(by_words(TINY), "the cat called")
    assert hits == [TINY[0].text, TINY[2].text]  # which has but "the"


def test_a_fact_that_is_not_stored_would_spoil_the_measurement(tmp_path):
    brain = open_brain(tmp_path / "brain.db")
    with pytest.raises(ValueError, match="'The cat is called Miro.' was not stored in bank 'facts'"):
        asyncio.run(by_brain([TINY[0], TINY[0]], brain))
