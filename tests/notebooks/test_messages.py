"""What a lesson's table "If something looks different" quotes can really be seen."""

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.notebooks.budgets import done
from tests.notebooks.messages import TITLE, nobody_says, quoted, texts_of
from utilities.course.running.notebooks import read


@pytest.mark.parametrize("path", done(), ids=lambda path: path.stem)
def test_a_lesson_that_is_done_quotes_what_can_be_seen(path):
    assert path.parent.name == "deep" or len(quoted(read(path))) >= 3
    assert nobody_says(quoted(read(path))) == []


def test_quotes_are_those_of_the_first_column_of_the_last_table():
    other = "| a | b |\n|---|---|\n| `before` | |\n"
    table = "| you see | it means | do |\n|---|---|---|\n| `one` or `two` | `no` | |\n| a blank | | `no` |\n"
    notebook = new_notebook(cells=[new_markdown_cell(f"{other}\n**{TITLE}**\n\n{table}")])
    assert quoted(notebook) == ["one", "two"]
    assert quoted(new_notebook(cells=[new_markdown_cell(other)])) == []


def test_a_quote_is_searched_in_what_is_said_with_gaps_for_what_is_filled_in():
    said = [
        "not attempted yet",
        "the solution comes after … more hint",
        "1229 primes below 10,000",
        "NameError",
        "Connection error.",
    ]
    assert nobody_says(said) == []
    assert nobody_says(["no such sentence anywhere", "after … is still"]) == [
        "no such sentence anywhere",
        "after … is still",
    ]


def test_texts_of_code_are_whole_with_a_gap_for_what_is_filled_in():
    source = 'print("one "\n    "two", f"{a} is {b!r:>3} " "long")'
    assert {"one two", "… is … long"} <= set(texts_of(source))
