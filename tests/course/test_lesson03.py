"""Lesson 03: wrong answers fail, each for its own reason, and right ones of another
style pass. What holds for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic import BadRequestError
from anthropic.lib.tools import ToolError

from tests.kit.pending import waits
from tests.kit.places import NOTEBOOKS
from utilities import Made, custom_tool_result, stream_until_end_turn, user_message
from utilities.course import lesson03, run_worker
from utilities.course.exercises import Exercise
from utilities.course.lesson03 import batching
from utilities.course.running.notebooks import code_cells, read
from utilities.replay.testing import ManagedAgentsApi
from utilities.short_errors import in_short

pytestmark = pytest.mark.slow

EXERCISES = [exercise for exercise in vars(lesson03).values() if isinstance(exercise, Exercise)]


# -- a prediction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["c", "C)", "idle, requires_action: it names calls that still wait"])
def test_what_comes_after_some_answers(guess, passes):
    passes(lesson03.next_event, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "five are missing"),
        ("b", "three of these have their answer"),
        ("d", "how would a process that has just come know"),
        ("e", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_what_it_overlooks(guess, why, fails):
    fails(lesson03.next_event, guess, why=why)


# -- what a session waits for -----------------------------------------------------------------------


def last_idle(events: list[Any]) -> list[str]:
    """Believes the last idle event, whatever came after it."""
    idles = [event for event in events if event.type == "session.status_idle"]
    return list(getattr(idles[-1].stop_reason, "event_ids", [])) if idles else []


def all_calls(events: list[Any]) -> list[str]:
    """Everything that has no answer, also while nobody asks for it."""
    answered = {getattr(event, "custom_tool_use_id", None) for event in events}
    return [e.id for e in events if e.type == "agent.custom_tool_use" and e.id not in answered]


def results_only(events: list[Any]) -> list[str]:
    """Right for custom tools, and takes a permission that was given for one that is open."""
    return waits(events, verdicts=False)


def processed_only(events: list[Any]) -> list[str]:
    """Sends an answer a second time while the first is under way."""
    return waits([event for event in events if getattr(event, "processed_at", None)])


def any_thread(events: list[Any]) -> list[str]:
    return waits(events, idle="status_idle")


def never_over(events: list[Any]) -> list[str]:
    return waits(events, over=())


def last_idle_less_answers(events: list[Any]) -> list[str]:
    """Right in another style: only what came last counts."""
    answered = {getattr(event, "custom_tool_use_id", None) for event in events}
    told = [e for e in events if e.type in ("session.status_idle", "session.status_terminated")]
    ids = getattr(getattr(told[-1], "stop_reason", None), "event_ids", None) if told else None
    return [id for id in ids or [] if id not in answered]


def test_another_way_to_see_what_waits_passes(passes):
    for exercise in (lesson03.waiting, lesson03.waiting_all):
        passes(exercise, waits)
        passes(exercise, lambda events: tuple(waits(events)))
    passes(lesson03.waiting, last_idle_less_answers)
    passes(lesson03.waiting, results_only)


WRONG = [
    (last_idle, "one answer sent, but not processed yet"),
    (all_calls, "before the idle event"),
    (processed_only, "one answer sent, but not processed yet"),
    (any_thread, "another thread's idle event"),
    (never_over, "terminated"),
    (lambda events: sorted(waits(events)), "ids in the session's own order"),
    (lambda events: [], "three calls that wait"),
    (lambda events: set(waits(events)), "a set, which has no order"),
    (lambda events: [SimpleNamespace(id=id) for id in waits(events)], "you returned whole events"),
    (lambda events: waits(events) or None, "nothing waits there (an empty list), and you returned None"),
    (lambda events: events[-1].stop_reason.event_ids, "just been made: it raised IndexError"),
]


@pytest.mark.parametrize(
    "exercise", [lesson03.waiting, lesson03.waiting_all], ids=["results", "verdicts too"]
)
@pytest.mark.parametrize(("wrong", "why"), WRONG)
def test_a_wrong_idea_of_what_waits_fails(exercise, wrong, why, fails):
    fails(exercise, wrong, why=why)


def test_the_deep_exercise_wants_verdicts(fails):
    fails(lesson03.waiting_all, results_only, why="a permission that was given")


# -- a lock ----------------------------------------------------------------------------------------------


def as_given(order: str, approvals: set[str], pay: Any) -> str:
    """The frame, with its holes."""
    if not approvals:
        raise ToolError("nobody has approved a refund: ask with decide first")
    pay(order)
    approvals.clear()
    return f"refunded {order}"


def removes_and_sees(order: str, approvals: set[str], pay: Any) -> str:
    try:
        approvals.remove(order)
    except KeyError:
        raise ToolError("nobody has approved this one") from None
    pay(order)
    return "done"


def gives_it_back(order: str, approvals: set[str], pay: Any) -> str:
    removes_and_sees(order, approvals, lambda order: None)
    try:
        pay(order)
    except Exception:
        approvals.add(order)
        raise
    return "done"


ONE_AT_A_TIME = threading.Lock()


def under_a_lock(order: str, approvals: set[str], pay: Any) -> str:
    with ONE_AT_A_TIME:
        if order not in approvals:
            raise ToolError("nobody has approved this one")
        pay(order)
        approvals -= {order}
    return "done"


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize("right", [removes_and_sees, gives_it_back, under_a_lock])
def test_a_lock_without_holes_passes(right, passes):
    passes(lesson03.lock, right)


def never_used_up(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        raise ToolError("nobody has approved this one")
    pay(order)
    return "done"


def clears_first(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        raise ToolError("nobody has approved this one")
    approvals.clear()
    pay(order)
    return "done"


def pays_first(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        raise ToolError("nobody has approved this one")
    pay(order)
    approvals.discard(order)
    return "done"


def pays_then_removes(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        raise ToolError("nobody has approved this one")
    pay(order)
    approvals.remove(order)
    return "done"


def asks_then_removes(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        raise ToolError("nobody has approved this one")
    approvals.remove(order)
    pay(order)
    return "done"


def asks_then_discards(order: str, approvals: set[str], pay: Any) -> str:
    if order not in list(approvals):
        raise ToolError("nobody has approved this one")
    approvals.discard(order)
    pay(order)
    return "done"


def only_counts(order: str, approvals: set[str], pay: Any) -> str:
    if not approvals:
        raise ToolError("nobody has approved anything")
    approvals.pop()
    pay(order)
    return "done"


def lets_the_set_complain(order: str, approvals: set[str], pay: Any) -> str:
    approvals.remove(order)
    pay(order)
    return "done"


def refuses_in_words(order: str, approvals: set[str], pay: Any) -> str:
    if order not in approvals:
        return "refused"
    return removes_and_sees(order, approvals, pay)


def refuses_all(order: str, approvals: set[str], pay: Any) -> str:
    raise ToolError("never")


@pytest.mark.usefixtures("_python")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (never_used_up, "a second time"),
        (clears_first, "the yes for A-1007 was gone"),
        (pays_first, "the second found the yes still there while the first was paying"),
        (pays_then_removes, "the second found the yes still there while the first was paying"),
        (asks_then_removes, "one of them then raised KeyError: 'A-1002'. A ToolError"),
        (asks_then_discards, "Both saw it before either had used it up, and both were paid"),
        (only_counts, "only A-1002 was approved, and A-1007 was paid"),
        (lets_the_set_complain, "raised KeyError"),
        (refuses_in_words, "to the agent that looks like a payment"),
        (refuses_all, "A-1002 was approved, and your lock refused it"),
    ],
)
def test_a_lock_with_a_hole_fails(wrong, why, fails):
    fails(lesson03.lock, wrong, why=why)


# -- all of them -----------------------------------------------------------------------------------------


def test_not_attempted_is_no_error(capsys):
    lesson03.next_event.check(...)
    lesson03.waiting.check(lambda events: ...)
    lesson03.waiting_all.check(lambda events: ...)
    lesson03.batches.check(lambda client, session_id, answer, size: ...)
    lesson03.policy.check(lambda call: ...)
    lesson03.lock.check(as_given)
    assert [exercise.passed for exercise in EXERCISES] == [None] * 6
    assert capsys.readouterr().out.count("not attempted yet") == 6


# -- what the lesson drives with -------------------------------------------------------------------------


BOUNCE = batching.DATA / "recordings/03_bounce.jsonl"
ASKED = {"type": "user.message", "content": [{"type": "text", "text": "Where is order A-1001?"}]}


def test_half_a_turn_at_a_time_and_a_cell_that_runs_twice_says_so():
    with ManagedAgentsApi([BOUNCE]) as api:
        session = api.create_session("03_bounce")
        seen = lesson03.send_and_wait(api.client, session, ASKED)
        [call] = [event for event in seen if event.type == "agent.custom_tool_use"]
        orders = json.loads((batching.DATA / "orders/orders.json").read_text("utf-8"))
        result = custom_tool_result(call.id, json.dumps(orders["A-1001"]))
        assert seen[-1].stop_reason.event_ids == [call.id]
        assert lesson03.send_and_wait(api.client, session, result)[-1].stop_reason.type == "end_turn"
        with pytest.raises(BadRequestError) as twice:
            lesson03.send_and_wait(api.client, session, result)
        *_, advice = in_short(twice.value)  # what a notebook shows
        assert advice == "Run the cell that creates the session again, then this one."


def test_the_lessons_loop_is_the_snippets():
    """By its text."""
    snippet = (batching.DATA / "snippets/one_turn_with_tools.py").read_text("utf-8")
    loop = snippet[snippet.index("calls = {}") : snippet.rindex("print(event.type")].rstrip()
    for path in (NOTEBOOKS / "03_requires_action.ipynb", NOTEBOOKS / "solutions/03_requires_action.ipynb"):
        cells = [cell.source for _, cell in code_cells(read(path)) if "answered = set()" in cell.source]
        assert [loop in source for source in cells] == [True]
    at_an_end = [line.strip() for line in loop[loop.index("elif event.type in ENDS") :].splitlines()]
    by_hand = inspect.getsource(lesson03.by_hand).replace("session_id", "session.id").splitlines()
    assert "\n".join(at_an_end) in "\n".join(line.strip() for line in by_hand)


def test_what_was_archived_is_made_anew_for_a_new_session():
    with ManagedAgentsApi([BOUNCE]) as api:
        made = Made(api.client)
        fields = {"name": "cookbook-order-desk", "model": "claude-sonnet-4-6", "system": "Be brief."}
        agent = made(api.client.beta.agents.create(**fields))
        new_session = lesson03.sessions_with(made)
        first = new_session(agent, "before")
        made.end()
        second, third = new_session(agent, "after"), new_session(agent, "and again")
        assert second.agent.id != first.agent.id and second.environment_id != first.environment_id
        assert (third.agent.id, third.environment_id) == (second.agent.id, second.environment_id)
        assert (second.agent.name, second.agent.system) == ("cookbook-order-desk", "Be brief.")
        made.end()
        assert not list(api.client.beta.sessions.list(agent_id=second.agent.id))


@pytest.mark.parametrize(("click", "said"), [("Approve", "Approve"), ("Deny", lesson03.OFFER)])
def test_a_click_decides(click, said):
    person = lesson03.Person()
    person.click = click
    assert asyncio.run(person.asked("Refund 189.00 for A-1002?")) == said


def test_silence_is_no_yes():
    person = lesson03.Person(patience=0.01)
    assert asyncio.run(person.asked("Refund it?")) == "nobody answered 'Refund it?' within 0.01 s"


def test_another_process_answers_what_waits_once():
    with ManagedAgentsApi([BOUNCE]) as api:
        session = api.create_session("03_bounce")
        lesson03.send_and_wait(api.client, session, ASKED)
        first = run_worker("answer_orders.py", session, client=api.client).stdout
        assert first == "another process answered order_status {'order': 'A-1001'}\n"
        assert run_worker("answer_orders.py", session, client=api.client).stdout == ""
        assert stream_until_end_turn(api.client, session).outcome == "end_turn"


def test_another_process_answers_errors_too_and_leaves_what_runs_alone():
    with ManagedAgentsApi([batching.DATA / "recordings/03_error.jsonl"]) as api:
        session = api.create_session("03_error")
        lesson03.send_and_wait(api.client, session, user_message("Where is 1003?"))
        first = run_worker("answer_orders.py", session, client=api.client).stdout
        assert first == "another process answered order_status {'order': '1003'}\n"
        run_worker("answer_orders.py", session, client=api.client)
        turn = stream_until_end_turn(api.client, session)
        assert [call.is_error for call in turn.tool_calls] == [True, False]
        assert turn.outcome == "end_turn"
