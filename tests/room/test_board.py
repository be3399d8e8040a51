"""The teacher's board: what it keeps of what checks report, who may see it, and what can't get there."""

import base64
import hashlib
import re

import httpx2
import pytest

from utilities.room.board import MOST_EXERCISES, Seat
from utilities.room.board_app import PAGE, policy
from utilities.room.reports import Report

RIGHT = {"lesson": "03", "exercise": "batching", "title": "Exercise 2", "verdict": "right", "error": ""}
WRONG = {**RIGHT, "verdict": "not yet", "error": "TypeError"}


def seated(*reports):
    """A seat after these reports, each so many seconds after the start."""
    seat = Seat()
    for now, fields in reports:
        seat.take(Report(**{**RIGHT, **fields}), now)
    return seat


FAILED, OPEN = {"verdict": "not yet", "error": "KeyError"}, {"verdict": "not attempted"}


def test_who_fails_is_stuck_since_the_first_failure_and_on_the_last_error():
    seat = seated((10.0, {"verdict": "not yet"}), (70.0, FAILED))
    assert seat.shown(200.0)["stuck"] == {"title": "Exercise 2", "error": "KeyError", "seconds": 190}


@pytest.mark.parametrize("after", [{}, OPEN, {"exercise": "locking", "title": "Exercise 3", **OPEN}])
def test_who_has_solved_it_taken_it_back_or_gone_on_is_not_stuck(after):
    seat = seated((0.0, FAILED), (5.0, after))
    assert seat.shown(500.0)["stuck"] is None


def test_who_fails_again_after_solving_it_is_stuck_from_then_on_and_has_passed_all_the_same():
    seat = seated((0.0, FAILED), (5.0, {}), (100.0, FAILED))
    shown = seat.shown(130.0)
    assert shown["stuck"]["seconds"] == 30
    assert [each["verdict"] for each in shown["exercises"]] == ["right"]
    assert (shown["passed"], shown["tried"]) == (1, 1)


def test_the_row_has_the_lesson_of_the_last_report_and_counts_all_lessons():
    first = {"lesson": "01", "exercise": "ending", "title": "Exercise 1"}
    third = {"exercise": "locking", "title": "Exercise 3"}
    shown = seated((0.0, first), (1.0, {**third, **OPEN}), (2.0, FAILED)).shown(3.0)
    assert shown["lesson"] == "03"
    assert [each["title"] for each in shown["exercises"]] == ["Exercise 2", "Exercise 3"]
    assert (shown["passed"], shown["tried"]) == (1, 2)  # what was not attempted was not tried


def test_a_learner_has_so_many_exercises_and_no_more():
    seat = seated(*[(0.0, {"exercise": f"e_{number}"}) for number in range(MOST_EXERCISES)])
    with pytest.raises(ValueError, match="the board keeps 200 exercises"):
        seat.take(Report(**RIGHT), 1.0)
    seat.take(Report(**{**RIGHT, "exercise": "e_0"}), 1.0)  # known ones go on


# -- over the wire -------------------------------------------------------------------------------------


@pytest.fixture
def ask(room):
    """Sends a request to the board, with a key."""

    def ask(method, path, key, **options):
        return httpx2.request(method, f"{room.base_url}{path}", headers={"x-api-key": key}, **options)

    return ask


@pytest.fixture
def state(ask):
    return lambda: ask("GET", "/board/state", "TEACHERS-KEY").json()


def test_the_teacher_sees_who_reports_and_how_many_others_there_are(ask, state, learner):
    learner("cleo").beta.agents.list()
    for name, report in (("ben", WRONG), ("Ada", RIGHT)):
        assert ask("POST", "/board/reports", f"ROOM-KEY:{name}", json=report).status_code == 204
    shown = state()
    assert shown["names"] == 3
    ada, ben = shown["learners"]
    assert (ada["name"], ada["lesson"], ada["passed"], ada["stuck"]) == ("Ada", "03", 1, None)
    assert (ben["name"], ben["stuck"]["error"]) == ("ben", "TypeError")
    assert ada["seen"] == 0


@pytest.mark.parametrize("key", ["", "ROOM-KEY", "ROOM-KEY:ada", "TEACHERS-KEX"])
def test_nobody_else_sees_it(ask, key):
    assert ask("GET", "/board/state", key).status_code == 401


@pytest.mark.parametrize("key", ["", "TEACHERS-KEY", "ROOM-KEY", "ROOM-KEX:ada"])
def test_who_is_no_learner_reports_nothing(ask, state, key):
    assert ask("POST", "/board/reports", key, json=RIGHT).status_code == 401
    assert state() == {"learners": [], "names": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {},
        {**RIGHT, "answer": "def f(): ..."},
        {**RIGHT, "lesson": "3"},
        {**RIGHT, "title": "<script>alert(1)</script>"},
        {**RIGHT, "title": "E" * 41},
        {**RIGHT, "exercise": "Batching"},
        {**RIGHT, "verdict": "right "},
        {**RIGHT, "error": "TypeError: 'ada@example.org'"},
        {**RIGHT, "error": None},
    ],
)
def test_what_is_no_report_is_refused_and_not_kept(ask, state, wrong):
    refused = ask("POST", "/board/reports", "ROOM-KEY:ada", json=wrong)
    assert refused.status_code == 400 and refused.json()["error"]["type"] == "invalid_request_error"
    assert state()["learners"] == []


def test_a_report_is_small_and_json(ask):
    large = ask("POST", "/board/reports", "ROOM-KEY:ada", json={**RIGHT, "title": "E" * 5_000})
    assert large.status_code == 413
    assert ask("POST", "/board/reports", "ROOM-KEY:ada", content=b"{").status_code == 415
    assert ask("DELETE", "/board/reports", "ROOM-KEY:ada").status_code == 404


def test_no_page_from_elsewhere_can_report_or_look(room):
    for method, path in (("POST", "/board/reports"), ("GET", "/board/state"), ("GET", "/board")):
        headers = {"origin": "https://example.org", "x-api-key": "TEACHERS-KEY"}
        assert httpx2.request(method, f"{room.base_url}{path}", headers=headers).status_code == 403


def test_the_page_runs_its_own_script_and_no_other(ask):
    answer = ask("GET", "/board", "")
    (script,) = re.findall("<script>(.*?)</script>", answer.text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    told = answer.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}';" in told and told.startswith("default-src 'none';")
    assert "unsafe" not in told


def test_the_page_shows_what_comes_from_learners_as_text_and_takes_nothing_from_elsewhere():
    page = PAGE.read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "src=", "url("):
        assert way not in page
    assert not re.search(r"https?://", page)
    assert policy(page).count("sha256-") == 2
