"""A lesson that is done fits its budget; `make budgets` shows all of them. What is counted, and how."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.budgets import (
    DEEP,
    LESSON,
    Budget,
    budget_of,
    done,
    is_done,
    notebooks,
    size_of,
    table,
    too_large,
)
from utilities.course.lesson01 import ending
from utilities.course.running.notebooks import normalise, read


@pytest.mark.parametrize("path", done(), ids=lambda path: path.stem)
def test_a_notebook_that_is_done_fits_its_budget(path):
    assert too_large(size_of(read(path)), budget_of(path)) == {}


@pytest.mark.parametrize("path", done(), ids=lambda path: path.stem)
def test_a_notebook_that_is_done_says_which_lessons_it_needs(path):
    needs = read(path).metadata["course"].get("needs", [])
    lessons = [
        other.name[:2] for other in notebooks() if other.parent != path.parent or other.name < path.name
    ]
    last = "99" if path.parent.name == "deep" else path.name[:2]  # what goes deeper may need a later lesson
    assert [need for need in needs if need not in lessons or need > last] == []


def test_the_table_has_every_notebook():
    shown = table(notebooks())
    assert [path.stem for path in notebooks() if path.stem[:28] not in shown] == []


# -- what is counted ------------------------------------------------------------------------------------


def lesson(*cells, **course):
    """A notebook of these cells: text is prose, a pair is code with what it shows."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append(new_markdown_cell(cell))
        else:
            code, shown = cell
            made.append(new_code_cell(code, outputs=[new_output("stream", text=shown)] if shown else []))
    return new_notebook(cells=made, metadata={"course": course} if course else {})


OPENING = "# Title\n\nTakes **9 minutes**, ![a picture](x.png) see [the page](https://example.org/a)."
CALLS = "def go():\n    return stream_until_end_turn(client, id)\n"


def test_each_thing_is_counted():
    many = "x = 1\n\n# why\nassert x\nassert x == 1\nprint(" + 90 * "1" + ")"
    size = size_of(lesson(OPENING, (many, "one two"), "## A finding", ("y = 2", "")))
    assert (size.cells, size.words, size.output, size.headings) == (4, 9, 2, 1)
    assert (size.lines, size.longest, size.median, size.assertions, size.columns) == (6, 5, 3, 2, 97)
    assert (size.acts, size.stated, size.definitions, size.minutes) == (None, 9, 0, 2)


def test_an_agent_acts_where_a_turn_is_followed_not_where_a_function_for_it_is_written():
    assert size_of(lesson("a", (CALLS, ""), "b", ("result = go()", ""))).acts == 3
    assert size_of(lesson(("await poll_until_end_turn_async(client, id)", ""))).acts == 0
    assert size_of(lesson(("client.beta.sessions.events.send(id, events=[])", ""))).acts == 0
    assert size_of(lesson(("before = client.beta.agents.create(name='a')", ""))).acts is None


def test_a_function_counts_unless_it_is_an_exercise_or_the_subject():
    exercise = "def ending(event):\n    return ...\n\n\nlesson01.ending.check(ending)"
    taught = lesson((CALLS, ""), (exercise, ""))
    assert size_of(taught).definitions == 1
    taught.cells[0].metadata["tags"] = ["taught"]
    assert size_of(taught).definitions == 0


def test_an_assertion_inside_a_test_that_is_taught_is_no_claim_of_its_cell():
    tests = lesson(("def test_one():\n    assert a\n    assert b\n\n\nassert run(test_one)", ""))
    assert size_of(tests).assertions == 3
    tests.cells[0].metadata["tags"] = ["taught"]
    assert size_of(tests).assertions == 1


def test_an_exercise_takes_the_minutes_that_it_declares_or_seven(monkeypatch):
    cells = [("lesson01.ending.check(ending)\nlesson01.nobodys.check(...)", "")]
    assert size_of(lesson(*cells)).minutes == round(2 + 2 / 25 + (ending.minutes or 7) + 7)
    monkeypatch.setattr(ending, "minutes", 4)
    assert size_of(lesson(*cells)).minutes == round(2 + 2 / 25 + 4 + 7)


def test_whatever_is_too_large_is_named():
    finding = [("a = 1", ""), "## A finding"]
    timed = [("a = 1", ""), "## A finding · 5 min\n\n**Exercise 1 · make, 4 min.** A minute is short: 9 min."]
    small = lesson(OPENING, *timed, *finding * 5, ("go = stream_until_end_turn(c, id)", ""))
    [nothing] = [too_large(size_of(small), budget) for budget in (LESSON._replace(acts=13),)]
    assert nothing == {}
    all_too_small = Budget(0, 0, 0, 0, 0, 0, -1, -1, (0, 0), -1, 0, 0)
    small.cells[2].source = "## A finding · 6 min"
    assert set(too_large(size_of(small), all_too_small)) == {*Budget._fields, "sections"}
    assert too_large(size_of(lesson("# No minutes", ("go = 1", ""))), DEEP) == {
        "stated": "at least the honest 2",
        "sections": "together what cell 0 states",
    }


def test_what_a_notebook_says_of_itself_outlives_a_run():
    assert normalise(lesson("a", done=True, needs=["01"])).metadata["course"] == {
        "done": True,
        "needs": ["01"],
    }
    assert is_done(lesson("a", done=True)) and not is_done(lesson("a"))
