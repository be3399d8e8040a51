"""Lesson 11: wrong answers fail, each for its own reason, and right ones of another style pass. What holds
for the exercises of every lesson is in test_exercises.py, how the lesson runs tests in
test_lesson11_project.py."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
from anthropic import APIConnectionError, APIError, InternalServerError

from tests.kit.places import ROOT
from tests.kit.scripts import two_turns
from utilities import stream_until_end_turn, user_message
from utilities.course import lesson11
from utilities.course.exercises import Exercise
from utilities.replay.testing import ManagedAgentsApi

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("_forks_of_lesson11")]

EXERCISES = [exercise for exercise in vars(lesson11).values() if isinstance(exercise, Exercise)]
CASE = "My order A-1001 never arrived. I want my money back."

with pytest.MonkeyPatch.context() as patch:  # as in the lesson's folder
    patch.syspath_prepend(ROOT / "example_data/desk")
    handle: Any = importlib.import_module("desk").handle
    arrived: Any = importlib.import_module("wire").arrived
    follow: Any = importlib.import_module("wire").follow


# -- a scenario ------------------------------------------------------------------------------------------

HEAD = """
name = "refused"
start = "2026-11-23T09:00:00Z"
agent = { name = "desk", model = "claude-sonnet-4-6" }
environment = { name = "desk" }

[[turns]]
user = "I don't want order A-1002 any more. Please pay it back."
"""
TEXT = "189.00 is above 100.00: a person decides"
SAYS = '[[turns.requests]]\nseconds = 1.0\nsay = "A colleague decides."\n'


def calls(order: str = "A-1002", result: str = TEXT, more: str = ", is_error = true", first: str = "") -> str:
    call = f'{{ custom = "refund", seconds = 0.2, input.order = "{order}", result = "{result}"{more} }}'
    return f"[[turns.requests]]\nseconds = 1.0\n{first}calls = [{call}]\n"


TABLES = f"""
[[turns.requests]]
seconds = 2
say = "I'll try."
[[turns.requests.calls]]
custom = "refund"
seconds = 1
input = {{ order = "A-1002" }}
result = '''{TEXT}'''
is_error = true
"""


@pytest.mark.parametrize(
    "right",
    [
        calls() + SAYS,
        TABLES + SAYS,
        calls() + calls() + SAYS,  # it tries twice
        calls(first='say = "One moment."\n') + SAYS.replace("A colleague decides.", "No."),
    ],
    ids=["in a line", "in tables", "twice", "says something first"],
)
def test_a_refusal_is_written_in_several_ways(right, passes):
    passes(lesson11.refused, HEAD + right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (calls(more="") + SAYS, "the scenario has 'ok', and the program answers 'error'"),
        (
            calls(result="above 100.00") + SAYS,
            "the scenario has 'above 100.00', and the program answers '189.00",
        ),
        (calls("A-1001", "paid back 49.00", "") + SAYS, "refund {'order': 'A-1001'} isn't refused: it pays"),
        (calls("A-1001") + SAYS, "and the program answers 'ok'"),
        (SAYS, "the agent never calls refund"),
        (calls(), "says nothing after the refusal"),
        (calls() + calls("A-1010", "paid back 19.00", "") + SAYS, "the ledger has [('A-1010', 19.0)]"),
        (
            calls().replace("input.order", "order") + SAYS,
            "refused.toml: line 11, turns[1].requests[1].calls[1].order",
        ),
        (calls().replace("]\n", "\n", 2) + SAYS, "no recording can be made of it: refused.toml"),
        (calls().replace('custom = "refund"', 'tool = "refund"') + SAYS, "no recording can be made of it"),
        (calls().replace('"refund"', '"pay"') + SAYS, "the agent calls 'pay', and the desk has one tool"),
    ],
)
def test_a_scenario_that_is_no_refusal_is_told_why(wrong, why, fails):
    fails(lesson11.refused, HEAD + wrong, why=why)


def test_an_answer_that_is_no_text_is_told_so(fails):
    fails(lesson11.refused, {"name": "refused"}, why="a scenario is a text, in TOML")


# -- a prediction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["d", "D)", ["d"], "test_ledger"])
def test_only_the_ledger_notices(guess, passes):
    passes(lesson11.four, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "the agent's words are in the recording"),
        ("bd", "still answers what was recorded"),
        ("cd", "says nothing of what it did"),
        ("e", "none of the answers"),
        ("abcd", "the agent's words"),
    ],
)
def test_each_test_that_notices_nothing_is_told_why(guess, why, fails):
    fails(lesson11.four, guess, why=why)


# -- a test ----------------------------------------------------------------------------------------------


def test_if_told_then_paid(managed_agents_api):
    told = handle(CASE, ledger := [])
    if "paid back" in told:
        assert ledger == [("A-1001", 49.0)]


def test_both_or_neither(managed_agents_api):
    """Told and paid are one."""
    ledger: list[Any] = []
    told = handle(CASE, ledger)
    assert ("paid back" in told) == (("A-1001", 49.0) in ledger)


def test_implies(managed_agents_api):
    paid: list[Any] = []
    assert "paid back" not in handle(CASE, paid) or [order for order, _ in paid] == ["A-1001"]


def test_by_its_words(managed_agents_api):
    paid: list[Any] = []
    told = handle(CASE, paid)
    for order in re.findall(r"paid back .* for order (A-\d+)", told):
        assert order in dict(paid)
    managed_agents_api.assert_finished()


RIGHT = [test_if_told_then_paid, test_both_or_neither, test_implies, test_by_its_words]
for each in (*RIGHT,):
    each.__test__ = False  # type: ignore[attr-defined]  # an answer, no test of ours


@pytest.mark.parametrize("right", RIGHT, ids=lambda test: test.__name__)
def test_a_test_that_fits_any_agent_passes(right, passes):
    passes(lesson11.told, right)


def _words(managed_agents_api):
    told = handle(CASE, [])
    assert "paid back" in told


def _somebody_was_paid(managed_agents_api):
    told = handle(CASE, ledger := [])
    assert ("paid back" in told) == bool(ledger)


def _always_paid(managed_agents_api):
    handle(CASE, ledger := [])
    assert ledger == [("A-1001", 49.0)]


def _the_recording(managed_agents_api):
    handle(CASE, [])
    managed_agents_api.assert_finished()


def _no_request(managed_agents_api):
    assert "paid back" in "paid back"


def _misspelt(managed_agents_api):
    told = handel(CASE, [])  # noqa: F821
    assert told


def _another_fixture(api):
    assert handle(CASE, [])


def _never_paid(managed_agents_api):
    assert "paid back" not in handle(CASE, [])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (_words, "an agent refuses, and says so. That is all right, and your test is red: AssertionError"),
        (_somebody_was_paid, "an agent that you haven't seen pays 19.00 for A-1010"),
        (_always_paid, "an agent refuses, and says so"),
        (_the_recording, "before the repair, 11_b pays nothing, the customer hears of 49.00"),
        (_no_request, "no request came to this test's server"),
        (_misspelt, "NameError: name 'handel' is not defined"),
        (_another_fixture, "fixture 'api' not found"),
        (_never_paid, "11_a pays 49.00 for A-1001 and says so, and your test is red"),
    ],
)
def test_a_test_that_notices_too_little_or_too_much_fails(wrong, why, fails, monkeypatch):
    monkeypatch.setattr("utilities.course.lesson11.telling.as_file", lambda test: renamed(test))
    monkeypatch.setattr(wrong, "__name__", f"test{wrong.__name__}")
    fails(lesson11.told, wrong, why=why)


def renamed(function: Any) -> str:
    """The file of an answer, which is called test_… only there: pytest would run it here."""
    from utilities.course.lesson11.cells import as_file

    return re.sub(r"def _", "def test_", as_file(function))


def test_an_answer_that_pytest_would_not_find_is_told_so(fails):
    fails(lesson11.told, _words, why="this is called _words")
    fails(lesson11.told, "test_words", why="check() takes your test function")


# -- a send ----------------------------------------------------------------------------------------------


def looks_then_sends_again(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if not arrived(event, events.list(session_id)):
            events.send(session_id, events=[event])


def in_a_loop(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    for _ in range(5):
        try:
            return events.send(session_id, events=[event])
        except APIError:
            if arrived(event, list(events.list(session_id))):
                return None
    raise TimeoutError(session_id)


def looks_before_each_try(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    while not arrived(event, events.list(session_id)):
        try:
            events.send(session_id, events=[event])
        except APIError:
            continue


def calls_itself(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if arrived(event, events.list(session_id)):
            return
        calls_itself(client, session_id, event)


@pytest.mark.parametrize("right", [looks_then_sends_again, in_a_loop, looks_before_each_try, calls_itself])
def test_a_send_that_looks_first_passes(right, passes):
    passes(lesson11.once, right)


def as_in_the_desk(client: Any, session_id: str, event: Any) -> None:
    client.beta.sessions.events.send(session_id, events=[event])


def sends_again(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        events.send(session_id, events=[event])


def hopes(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:  # noqa: SIM105 (as people write it)
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        pass


def gives_up(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if not arrived(event, events.list(session_id)):
            raise


def the_wrong_way_round(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if arrived(event, events.list(session_id)):
            events.send(session_id, events=[event])


def only_messages(client: Any, session_id: str, event: Any) -> None:
    """Looks for the message's text, so a result is sent again."""
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        types = [past.type for past in events.list(session_id)]
        if event["type"] != "user.message" or "user.message" not in types:
            events.send(session_id, events=[event])


def only_the_last_event(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if not arrived(event, list(events.list(session_id))[-1:]):
            events.send(session_id, events=[event])


def sends_something_else(client: Any, session_id: str, event: Any) -> None:
    client.beta.sessions.events.send(session_id, events=[{**event, "type": "user.massage"}])


def asks_without_a_list(client: Any, session_id: str, event: Any) -> None:
    events = client.with_options(max_retries=0).beta.sessions.events
    try:
        events.send(session_id, events=[event])
    except (APIConnectionError, InternalServerError):
        if not arrived(event, events):
            events.send(session_id, events=[event])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (as_in_the_desk, "the response is lost: the message is in the session 2 times"),
        (sends_again, "the response is lost: the message is in the session 2 times"),
        (hopes, "so nothing has arrived: the message is in the session 0 times"),
        (gives_up, "so nothing has arrived: your send raised ServiceUnavailableError"),
        (the_wrong_way_round, "so nothing has arrived: the message is in the session 0 times"),
        (
            only_messages,
            "the result of a tool arrives, and the response is lost: your send sent it a second time",
        ),
        (
            only_the_last_event,
            "the message arrives, and the response is lost: your send sent it a second time",
        ),
        (sends_something_else, "nothing goes wrong: your send raised BadRequestError"),
        (asks_without_a_list, "your send raised TypeError: 'Events' object is not iterable"),
    ],
)
def test_a_send_that_does_not_look_fails(wrong, why, fails):
    fails(lesson11.once, wrong, why=why)


def test_the_desk_follows_a_session_to_the_end_of_its_last_turn():
    with ManagedAgentsApi(two_turns().recording(), speed=40.0) as api:
        session, events = api.create_session("two_turns"), api.client.beta.sessions.events
        stream_until_end_turn(api.client, session, "one")
        events.send(session, events=[user_message("two")])
        for _ in range(2):  # while the second turn runs, and when it is over
            followed = [event.id for event in follow(api.client, session)]
            assert followed == [event.id for event in events.list(session)]


# -- all of them -----------------------------------------------------------------------------------------


def test_not_attempted_is_no_error(capsys):
    def test_whoever_is_told_was_paid(managed_agents_api):
        told = handle(CASE, ledger := [])  # noqa: F841 (as it is given)
        ...

    def send(client, session_id, event):
        events = client.with_options(max_retries=0).beta.sessions.events
        try:  # noqa: SIM105 (as it is given)
            events.send(session_id, events=[event])
        except (APIConnectionError, InternalServerError):
            ...  # has it arrived?

    lesson11.refused.check(HEAD + "# your lines here\n")
    lesson11.four.check(...)
    lesson11.told.check(test_whoever_is_told_was_paid)
    lesson11.once.check(send)
    assert [exercise.passed for exercise in EXERCISES] == [None] * 4
    assert capsys.readouterr().out.count("not attempted yet") == 4
