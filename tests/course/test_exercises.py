"""What holds for the exercises of every lesson: they are open in the lesson and solved in the solutions, and
a check says what it found. What each lesson's checks accept and refuse is in test_lessonNN.py."""

from __future__ import annotations

import re
import threading
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.places import NOTEBOOKS
from utilities.course import exercises, lesson01
from utilities.course.exercises import Exercise, NotAttempted, Wrong, answer_of, require_answers
from utilities.course.running.notebooks import code_cells, read
from utilities.course.solutions import solution_of

# As the lessons call them.
EXERCISES = sorted(
    call
    for path in NOTEBOOKS.glob("*.ipynb")
    for _, cell in code_cells(read(path))
    for call in re.findall(r"^(lesson\d\d\.\w+)\.check\(", cell.source, re.M)
)


def printed(path: Path) -> str:
    """What a notebook's committed outputs say."""
    return "".join(
        o.text for _, cell in code_cells(read(path)) for o in cell.outputs if o.output_type == "stream"
    )


SOLUTIONS = sorted((NOTEBOOKS / "solutions").rglob("*.ipynb"))


def solved_here(solutions: Path) -> Path:
    """The lesson, or the notebook of deep/, whose solutions these are."""
    return NOTEBOOKS / solutions.relative_to(NOTEBOOKS / "solutions")


@pytest.mark.parametrize("solutions", SOLUTIONS, ids=lambda path: path.stem)
def test_every_exercise_is_open_in_the_lesson_and_solved_in_the_solutions(solutions):
    """The outputs are current: nbmake executes both again."""
    lesson, solved = printed(solved_here(solutions)), printed(solutions)
    titles = re.findall(r"^(.+): not attempted yet", lesson, re.M)
    assert 1 <= len(titles) <= 4
    assert [title for title in titles if f"{title}: right:" not in solved] == []
    numbered = [title for title in titles if title.startswith("Exercise ")]
    assert numbered == [f"Exercise {number}" for number in range(1, len(numbered) + 1)]


def test_the_solutions_differ_from_the_lesson_only_in_the_exercises():
    for solutions in SOLUTIONS:
        lesson = read(solved_here(solutions)).cells
        for ours, theirs in zip(lesson, read(solutions).cells, strict=True):
            exercise = "exercise" in ours.metadata.get("tags", [])
            headed = re.sub(r"^# Solutions to (.)", lambda title: f"# {title[1].upper()}", theirs.source)
            same = re.sub(r"\.\./", "", ours.source) == re.sub(r"\.\./", "", headed)
            same = same or ours.source.replace('".."', "up") == theirs.source.replace('"../.."', "up")
            assert same or exercise, theirs.source[:200]


# -- the machinery --------------------------------------------------------------------------------------


def check_forty_two(answer: Any) -> str:
    if answer is None:
        raise NotAttempted
    if answer != 42:
        raise Wrong(f"{answer} is not the answer")
    return "well done"


def test_a_lessons_exercise_names_the_call_that_gives_a_hint(capsys):
    lesson01.ending.check(...)
    assert "; lesson01.ending.hint() helps" in capsys.readouterr().out


def test_what_a_check_says(capsys):
    exercise = Exercise("Exercise 9", check_forty_two, ["think", "think deeper"])
    for answer, passed, says in (
        (42, True, "Exercise 9: right: well done.\n"),
        (41, False, "Exercise 9: not yet: 41 is not the answer.\n"),
        (None, None, "Exercise 9: not attempted yet: fill"),
        (..., None, "Exercise 9: not attempted yet: fill"),
    ):
        exercise.check(answer)
        assert exercise.passed is passed
        assert capsys.readouterr().out.startswith(says)


def test_a_part_that_is_left_is_named_and_what_the_lesson_gives_is_no_part(fails, capsys):
    exercise = Exercise("Exercise 9", lambda events, one, two: "yes", ["think"], given=1)
    fails(exercise, "events", "an answer", ..., why="a part of the answer is still `...`")
    exercise.check("events", ..., ...)
    assert exercise.passed is None
    assert "not attempted yet" in capsys.readouterr().out


def prints(given: int) -> Any:
    print(given)


def only_above_ten(given: int) -> Any:
    if given > 10:
        return given
    return None


async def empty(given: int) -> Any:
    """Nothing yet."""


@pytest.mark.parametrize("function", [prints, only_above_ten])
def test_a_function_that_returns_nothing_was_attempted(function):
    with pytest.raises(Wrong, match="it returned None: a `return` is missing, or is never reached"):
        require_answers(function, [function(number) for number in (1, 2)])
    require_answers(function, [None, 3])


@pytest.mark.parametrize(
    ("function", "said"), [(lambda given: ..., ...), (lambda given: None, None), (empty, None), (prints, ...)]
)
def test_a_function_with_nothing_in_it_was_not(function, said):
    with pytest.raises(NotAttempted):
        require_answers(function, [said, said])


def test_a_function_that_never_ends_is_told_in_which_case(monkeypatch):
    def waits() -> None:
        threading.Event().wait()

    monkeypatch.setattr(exercises, "PATIENCE", 0.05)
    with pytest.raises(Wrong, match="the end of a turn: it was still at it after 0 s: when does its loop"):
        answer_of("the end of a turn", waits)


def test_the_learners_exception_is_told_not_raised(capsys):
    exercise = Exercise("Exercise 9", lambda answer: answer.nothing, ["think"])
    exercise.check(SimpleNamespace())
    assert exercise.passed is False
    assert "your code raised AttributeError" in capsys.readouterr().out.replace("Your", "your")


def test_hints_come_one_by_one_and_the_last_stays(capsys):
    exercise = Exercise("Exercise 9", check_forty_two, ["think", "think deeper"])
    for _ in range(3):
        exercise.hint()
    assert capsys.readouterr().out == "Hint 1 of 2: think\n" + "Hint 2 of 2: think deeper\n" * 2


def test_the_solution_comes_after_the_second_hint_and_is_that_of_the_solutions_notebook(capsys, monkeypatch):
    exercise = copy(lesson01.ending)
    monkeypatch.setattr(lesson01.checks, "ending", exercise)
    exercise.solution()
    exercise.hint()
    exercise.solution()
    exercise.hint()
    capsys.readouterr()
    exercise.solution()
    said = capsys.readouterr().out
    assert said.startswith("# Exercise 1, one solution\n")
    answers: dict[str, Any] = {}
    exec(said, answers)
    exercise.check(answers["ending"])
    assert exercise.passed and ".check(" not in said


def test_a_solution_that_is_asked_for_too_early_says_after_how_many_hints(capsys):
    exercise = Exercise("Exercise 9", check_forty_two, ["think", "think deeper", "think on"])
    for left in ("2 more hints", "1 more hint"):
        exercise.solution()
        assert f"the solution comes after {left}:" in capsys.readouterr().out
        exercise.hint()
    exercise.solution()
    assert "notebooks/solutions has no solution of it" in capsys.readouterr().out


@pytest.mark.parametrize("solved", EXERCISES)
def test_every_exercise_has_its_solution_to_print(solved):
    assert solution_of(solved)
