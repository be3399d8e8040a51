"""Lesson 03's checks: wrong answers fail, each for its own reason, and right ones of another style pass.
What holds for the exercises of every lesson is in test_exercises.py."""

from __future__ import annotations

from typing import Any

import pytest

from utilities.course.exercises import Exercise
from utilities.course.lesson03 import checks as lesson03

EXERCISES = [exercise for exercise in vars(lesson03).values() if isinstance(exercise, Exercise)]
SHELL = "<>|&;$`()\n"
READERS = ("cat", "grep", "head", "ls", "tail", "wc")


# -- 1: what a session waits for -----------------------------------------------------------------------


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


def waits(
    events: list[Any],
    verdicts: bool = True,
    idle: str = "session.status_idle",
    over: tuple[str, ...] = ("session.status_running", "session.status_terminated", "session.deleted"),
) -> list[str]:
    """A right answer, with something left out on request. Backwards, unlike the solution."""
    answered: set[str | None] = set()
    for event in reversed(events):
        if event.type in over:
            return []
        if event.type.endswith(idle):
            ids = getattr(event.stop_reason, "event_ids", None) or []
            return [id for id in ids if id not in answered]
        answered.add(getattr(event, "custom_tool_use_id", None))
        if verdicts:
            answered.add(getattr(event, "tool_use_id", None))
    return []


def test_another_way_to_see_what_waits_passes(passes):
    passes(lesson03.waiting, waits)
    passes(lesson03.waiting, lambda events: tuple(waits(events)))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (last_idle, "one answer sent, but not processed yet"),
        (all_calls, "before the idle event"),
        (results_only, "a permission that was given"),
        (processed_only, "one answer sent, but not processed yet"),
        (any_thread, "another thread's idle event"),
        (never_over, "terminated"),
        (lambda events: sorted(waits(events)), "the session's own order"),
        (lambda events: [], "three calls that wait"),
        (lambda events: set(waits(events)), "you returned set()"),
    ],
)
def test_a_wrong_idea_of_what_waits_fails(wrong, why, fails):
    fails(lesson03.waiting, wrong, why=why)


# -- 2: in batches -------------------------------------------------------------------------------------


def history(client: Any, session_id: str) -> tuple[list[Any], dict[str, Any]]:
    events = list(client.beta.sessions.events.list(session_id))
    return events, {event.id: event for event in events if event.type == "agent.custom_tool_use"}


def send(client: Any, session_id: str, events: list[Any]) -> None:
    client.beta.sessions.events.send(session_id, events=events)


def by_history(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Right: looks at the history instead of the stream."""
    while ids := waits((found := history(client, session_id))[0]):
        send(client, session_id, [answer(found[1][id]) for id in ids[:size]])


def all_at_once(client: Any, session_id: str, answer: Any, size: int) -> None:
    ids = waits((found := history(client, session_id))[0])
    send(client, session_id, [answer(found[1][id]) for id in ids])


def one_by_one(client: Any, session_id: str, answer: Any, size: int) -> None:
    by_history(client, session_id, answer, 1)


def first_batch(client: Any, session_id: str, answer: Any, size: int) -> None:
    ids = waits((found := history(client, session_id))[0])
    send(client, session_id, [answer(found[1][id]) for id in ids[:size]])


def from_the_start_again(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Forgets what it has answered."""
    calls = history(client, session_id)[1]
    while waits(history(client, session_id)[0]):
        send(client, session_id, [answer(call) for call in list(calls.values())[:size]])


def first_ids_only(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Takes the first idle event's ids for all there are."""
    ids = waits((found := history(client, session_id))[0])
    for start in range(0, len(ids), size):
        send(client, session_id, [answer(found[1][id]) for id in ids[start : start + size]])


def late_stream(client: Any, session_id: str, answer: Any, size: int) -> None:
    """Waits for an idle event that was there before the stream."""
    with client.beta.sessions.events.stream(session_id) as stream:
        for event in stream:
            if event.type == "session.status_idle":
                return


def test_batches_by_the_history_pass(passes):
    passes(lesson03.batches, by_history)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (all_at_once, "one request had 8 results"),
        (one_by_one, "are two requests"),
        (first_batch, "4 of 8 calls were answered"),
        (from_the_start_again, "answered already"),
        (first_ids_only, "3 of 8 calls were answered (with window=3)"),
        (lambda client, session_id, answer, size: None, "0 of 8 calls were answered"),
        (lambda client, session_id, answer, size: 1 / 0, "your code raised ZeroDivisionError"),
    ],
)
def test_wrong_batches_fail(wrong, why, fails):
    fails(lesson03.batches, wrong, why=why)


def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(lesson03, "PATIENCE", 0.5)
    fails(lesson03.batches, late_stream, why="before its stream was open")


# -- 3: a policy ---------------------------------------------------------------------------------------


def policy(call: Any, readers: tuple[str, ...] = READERS, shell: str = SHELL, no: Any = "read only") -> Any:
    """A right answer, with something left out on request."""
    if call.name != "bash":
        return None
    command = call.input.get("command") or ""
    words = command.split() or [""]
    return True if words[0] in readers and not any(c in command for c in shell) else no


def beginning(call: Any) -> Any:
    """Compares the beginning of the command, not its first word."""
    command = (call.input.get("command") or "").strip()
    return True if command.startswith(READERS) and not set(command) & set(SHELL) else "read only"


def forbidden(call: Any) -> Any:
    command = call.input.get("command") or "rm"
    return "no" if any(word in command for word in ("rm", ">", ";", "python")) else True


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda call: True, "'rm -r /mnt/user' is rm"),
        (lambda call: "no", "only reads"),
        (lambda call: False, "only reads"),
        (lambda call: policy(call, no=False), "a reason was expected"),
        (lambda call: policy(call, no=" "), "a reason was expected"),
        (lambda call: policy(call, shell=";|"), "a redirection"),
        (lambda call: policy(call, shell=SHELL[:-1]), "a second command on a second line"),
        (lambda call: policy(call, readers=(*READERS, "python3")), "a program that can do anything"),
        (lambda call: policy(call, readers=READERS[:-1]), "'wc' only reads"),
        (lambda call: policy(call) or "no", "web_fetch is not this policy's business"),
        (beginning, "only begins like cat"),
        (forbidden, "a pipe"),
        (lambda call: policy(call) if call.input["command"] else "no", "your code raised KeyError"),
    ],
)
def test_a_policy_with_a_hole_fails(wrong, why, fails):
    fails(lesson03.policy, wrong, why=why)


def test_a_right_policy_passes_and_has_played_a_turn(monkeypatch, fails, passes):
    passes(lesson03.policy, policy)

    def allows_in_a_turn(call: Any) -> Any:
        return True if hasattr(call, "session_thread_id") else policy(call)

    fails(lesson03.policy, allows_in_a_turn, why="its verdicts ['allow', 'allow']")


def test_not_attempted_is_no_error(capsys):
    lesson03.waiting.check(lambda events: ...)
    lesson03.batches.check(lambda client, session_id, answer, size: ...)
    lesson03.policy.check(lambda call: ...)
    assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
    assert capsys.readouterr().out.count("not attempted yet") == 3
