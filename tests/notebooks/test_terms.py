"""No lesson uses a term before the one that introduces it, unless it says where that is."""

import re

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.notebooks.budgets import done, notebooks
from tests.notebooks.terms import Term, paragraphs, terms, too_early
from utilities.course.running.notebooks import read

TERMS = terms()


@pytest.mark.parametrize("path", done(), ids=lambda path: path.stem)
def test_a_lesson_that_is_done_names_the_lesson_of_a_term_that_comes_later(path):
    assert too_early(read(path), path.stem.partition("_")[0], TERMS) == {}


@pytest.mark.parametrize("path", done(), ids=lambda path: path.stem)
def test_a_lesson_that_is_done_uses_the_terms_that_it_introduces(path):
    prose = "\n".join(paragraphs(read(path)))
    own = [term for term in TERMS if term.lesson == path.stem.partition("_")[0]]
    assert [term.name for term in own if not term.used_in(prose)] == []


def test_terms_are_in_the_order_of_the_lessons_each_with_one_sentence():
    assert [term.lesson for term in TERMS] == sorted(term.lesson for term in TERMS)
    for term in TERMS:
        assert re.fullmatch(r"\d\d[a-z]?", term.lesson)
        assert term.means.endswith(".") and "\n" not in term.means and len(term.means.split()) <= 25, (
            term.name
        )
    words = [word for term in TERMS for word in term.words]
    assert len(words) == len(set(words))


def test_the_lesson_of_every_term_is_there_or_yet_to_come():
    """Lessons aren't written in their order."""
    numbers = {path.stem.partition("_")[0] for path in notebooks() if path.parent.name != "deep"}
    to_come = {f"{number:02}" for number in range(6, 16)}
    assert [term.name for term in TERMS if term.lesson[:2] not in numbers | to_come] == []


@pytest.mark.parametrize(
    ("number", "text", "early"),
    [
        ("03", "Keys are in a vault.", True),
        ("09", "Keys are in a vault.", False),
        ("03", "Keys are in a `vault`\n(lesson 09).", False),
        ("03", "Vaults keep keys: see lesson 09.", False),
        ("03", "A vault.\n\nThat is lesson 09.", True),
        ("03", "A vault (lesson 09).\n\nThe vault.", False),
        ("03", "[The page](https://example.org/vault) says so: ![a vault](vault.svg)", False),
        ("03", "A vaulted ceiling.", False),
        ("03", "| 08 | permissions |\n| 09 | vaults |", False),
        ("03", "| 09 | permissions |\n| 08 | vaults |", True),
        ("03", "Vaults were 09 times as good.", True),
        ("05", "An interrupt stops it.", True),
        ("05", "An interrupt (lesson 03b) stops it.", False),
        ("03b", "An interrupt stops it.", False),
        ("02b", "An interrupt stops it.", True),
    ],
)
def test_a_term_is_too_early_where_its_first_paragraph_does_not_say_which_lesson(number, text, early):
    known = [Term("vault", "09", "", ("vault", "vaults")), Term("interrupt", "03b", "", ("interrupt",))]
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    assert bool(too_early(notebook, number, known)) is early
