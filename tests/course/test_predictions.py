"""A prediction is asked, answered by letter, and never an error."""

import pytest

from utilities.course.predictions import Prediction


@pytest.fixture
def one():
    return Prediction(
        "Exercise 1",
        "What does a stream that is opened late get?",
        ["all events", "only new ones", "nothing, for ever"],
        right="b",
        why="a stream replays nothing",
        wrong={"a": "the history has them, the stream doesn't"},
    )


@pytest.fixture
def several():
    return Prediction("Exercise 2", "Which get a 2xx?", ["good", "forged", "twice"], "ac", "it was signed")


def test_it_asks_with_letters(one, capsys):
    one.ask()
    assert capsys.readouterr().out == (
        "What does a stream that is opened late get?\n"
        "  a  all events\n  b  only new ones\n  c  nothing, for ever\n"
    )
    assert one.minutes == 1


@pytest.mark.parametrize("guess", ["b", " B ", "b)", ["b"], "only new ones", "Only new ones"])
def test_the_right_one_however_it_is_written(one, passes, guess):
    passes(one, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "a, 'all events': the history has them, the stream doesn't"),
        ("c", "c, 'nothing, for ever': run the cells below and look"),
        ("ab", "a, 'all events'"),
        ("x", "'x' is none of the answers; they have letters: a, b, c"),
        (2, "2 is none of the answers"),
        ("the new ones", "is none of the answers"),
    ],
)
def test_a_wrong_one_is_told_why(one, fails, guess, why):
    fails(one, guess, why=why)


@pytest.mark.parametrize("guess", ["ac", "c, a", "A and c", {"a", "c"}, ["good", "twice"]])
def test_several_have_to_be_picked_together(several, passes, guess):
    passes(several, guess)


def test_a_part_of_several_is_told_without_the_answer(several, fails):
    fails(several, "a", why="what you picked is true, but it isn't all")


@pytest.mark.parametrize("guess", [..., None, "", []])
def test_no_guess_is_no_error(one, capsys, guess):
    one.check(guess)
    assert one.passed is None
    assert "Exercise 1: not attempted yet" in capsys.readouterr().out


def test_the_answer_after_a_hint(one, capsys):
    one.solution()
    one.hint()
    one.solution()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Exercise 1: the answer comes after 1 more hint: .hint() first."
    assert said[2:] == ["Exercise 1: b  only new ones", "a stream replays nothing."]


def test_letters_that_no_option_has_are_refused():
    with pytest.raises(ValueError, match="Exercise 9: right, wrong and missing name its options by .*: a, b"):
        Prediction("Exercise 9", "Which?", ["one", "two"], "c", "so it is")
