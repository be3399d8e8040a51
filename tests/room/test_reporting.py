"""A check tells the board what it has said, if the learner wants that; it neither waits nor fails for it."""

import httpx2
import pytest

from utilities.course import lesson03, reporting
from utilities.course.exercises import Exercise

FIRST = (
    "the board: each check shows 'Ada' there, with the lesson, the exercise, right or not yet, and the type "
    "of an error; nothing else is sent"
)


@pytest.fixture(autouse=True)
def opted_in(monkeypatch, room):
    """The variables of a learner who is on the board; nothing has been said before."""
    monkeypatch.delenv("COOKBOOK_OFFLINE", raising=False)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", room.base_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "ROOM-KEY:Ada")
    monkeypatch.setenv("COOKBOOK_BOARD", "1")
    reporting._say_once.cache_clear()
    reporting._sender.cache_clear()


@pytest.fixture
def rows(room):
    def rows():
        headers = {"x-api-key": "TEACHERS-KEY"}
        return httpx2.get(f"{room.base_url}/board/state", headers=headers).json()["learners"]

    return rows


def fails(*arguments):
    raise ZeroDivisionError("a secret of Ada's")


def test_the_first_check_says_what_is_sent_and_the_board_has_that_and_nothing_else(rows, capsys):
    lesson03.next_event.check("".join(lesson03.next_event.right))
    lesson03.waiting.check(fails)
    lesson03.lock.check(...)
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("the board")] == [said[1]]
    assert said[1].startswith(FIRST)
    (row,) = rows()
    verdicts = {each["exercise"]: each["verdict"] for each in row["exercises"]}
    assert verdicts == {"next_event": "right", "waiting": "not yet", "lock": "not attempted"}
    assert (row["name"], row["lesson"], row["passed"], row["tried"]) == ("Ada", "03", 1, 2)
    assert "secret" not in str(rows())


def test_the_type_of_an_error_is_reported_without_its_message(rows):
    lesson03.waiting.check(fails)
    (row,) = rows()
    assert row["stuck"]["error"] == "ZeroDivisionError"


@pytest.mark.parametrize("value", [None, "", "0", "false", "no"])
def test_who_has_not_asked_for_it_reports_nothing_and_is_told_nothing(monkeypatch, rows, capsys, value):
    monkeypatch.delenv("COOKBOOK_BOARD")
    if value is not None:
        monkeypatch.setenv("COOKBOOK_BOARD", value)
    lesson03.waiting.check(...)
    assert rows() == []
    assert "board" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value"),
    [("COOKBOOK_OFFLINE", "1"), ("ANTHROPIC_BASE_URL", ""), ("ANTHROPIC_API_KEY", "sk-ant-mine")],
)
def test_without_a_room_nothing_is_sent_and_that_is_said_once(monkeypatch, rows, capsys, name, value):
    monkeypatch.setenv(name, value)
    for _ in range(2):
        lesson03.waiting.check(...)
    assert rows() == []
    assert capsys.readouterr().out.count("COOKBOOK_BOARD is set, but no room's server is") == 1


def test_an_exercise_of_ones_own_is_not_reported(rows):
    Exercise("Mine", lambda answer: "good", []).check(1)
    assert rows() == []


@pytest.mark.parametrize(
    ("key", "told"), [("ROOM-KEX:Ada", "it answered 401"), ("ROOM-KEY:Jörg", "UnicodeEncodeError")]
)
def test_a_report_that_does_not_get_there_is_said_once_and_the_check_goes_on(monkeypatch, capsys, key, told):
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    for _ in range(3):
        lesson03.next_event.check("".join(lesson03.next_event.right))
    said = capsys.readouterr().out
    assert said.count(": right: ") == 3
    assert said.count("doesn't get there") == 1 and told in said


def test_a_server_that_is_gone_or_hangs_holds_no_check_up(room, monkeypatch, capsys):
    """That a check waits no longer than `PATIENCE` is in the code; here, that it comes back and says so."""
    room.stop()
    for _ in range(reporting.MOST + 10):
        lesson03.next_event.check("".join(lesson03.next_event.right))
    assert capsys.readouterr().out.count("doesn't get there") == 1
