"""Lesson 00: its exercise, and that what it shows is the program that one can take away."""

import pytest

from tests.kit.places import DATA, NOTEBOOKS
from utilities.course import lesson00
from utilities.course.running.notebooks import read


@pytest.mark.parametrize("right", ["abd", "d, b, a", ["a", "b", "d"], "A) B) D)", ("a", "bd")])
def test_three_lines_ran_here(passes, right):
    passes(lesson00.where, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("abcd", "that was the agent's command"),
        ("c", "that was the agent's command"),
        ("ad", "is true, but it isn't all"),
        ("bd", "it isn't all: the session is at the service, but the call that made it ran here"),
        ("abde", "is none of the answers"),
        (["for event in stream:"], "is true, but it isn't all"),
    ],
)
def test_which_lines_ran_elsewhere(fails, wrong, why):
    fails(lesson00.where, wrong, why=why)


@pytest.mark.parametrize("untouched", [..., "", None])
def test_not_attempted_is_no_error(capsys, untouched):
    lesson00.where.check(untouched)
    assert lesson00.where.passed is None
    assert "not attempted yet" in capsys.readouterr().out


def test_the_loop_of_the_lesson_is_that_of_the_snippet():
    """From opening the stream to the last line, word for word."""
    snippet = (DATA / "snippets" / "one_turn.py").read_text("utf-8").rstrip()
    loop = snippet[snippet.index("with client.beta.sessions.events.stream") :]
    lesson = [cell.source for cell in read(NOTEBOOKS / "00_one_turn.ipynb").cells]
    assert any(source.endswith(loop) for source in lesson)
    for line in ("TASK = ", "ENDS = ", "message = "):
        [shown] = [text for text in snippet.splitlines() if text.startswith(line)]
        assert any(shown in source.splitlines() for source in lesson), shown
