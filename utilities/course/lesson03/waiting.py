"""What a session waits for: the exercise of lesson 03 with results, that of 03b with verdicts as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

from ..exercises import Exercise, Wrong, answer_of, require_answers

__all__ = ["waiting", "waiting_all"]

History = tuple[str, list[Any], list[str]]  # what it is, its events, the ids that wait


def _event(type: str, **fields: Any) -> Any:
    return SimpleNamespace(type=type, **{"id": f"sevt_{type}", "processed_at": "now", **fields})


def _idle(*ids: str, reason: str = "requires_action", type: str = "session.status_idle") -> Any:
    stop = {"type": reason, **({"event_ids": list(ids)} if ids else {})}
    return _event(type, stop_reason=SimpleNamespace(**stop))


def _result(call: str, **fields: Any) -> Any:
    return _event("user.custom_tool_result", custom_tool_use_id=call, is_error=False, **fields)


def _verdict(call: str, **fields: Any) -> Any:
    return _event("user.tool_confirmation", tool_use_id=call, result="allow", **fields)


RUNNING = _event("session.status_running")
CALLS = [_event("agent.custom_tool_use", id=id, name="order_status", input={}) for id in ("a", "b", "c")]
OPENING = [RUNNING, _event("user.message"), *CALLS]
BUILT_IN = [
    RUNNING,
    _event("user.message"),
    _event("agent.tool_use", id="x", name="ls", evaluated_permission="allow"),
    _event("agent.tool_result", tool_use_id="x"),
    _event("agent.tool_use", id="y", name="bash", evaluated_permission="ask"),
]
HISTORIES: list[History] = [
    ("a session that has just been made", [], []),
    ("a turn that is under way", [RUNNING, _event("user.message")], []),
    ("calls that have come, before the idle event", OPENING, []),
    ("three calls that wait", [*OPENING, _idle("a", "b", "c")], ["a", "b", "c"]),
    ("ids in the session's own order", [*OPENING, _idle("c", "a")], ["c", "a"]),
    (
        "one answer sent, but not processed yet",
        [*OPENING, _idle("a", "b", "c"), _result("b", processed_at=None)],
        ["a", "c"],
    ),
    (
        "one answer processed, and the idle event with the rest",
        [*OPENING, _idle("a", "b", "c"), _result("b"), _idle("a", "c")],
        ["a", "c"],
    ),
    (
        "a window that has moved on",
        [*OPENING, _idle("a", "b"), _result("a"), _idle("b", "c")],
        ["b", "c"],
    ),
    (
        "all answers sent, none processed",
        [*OPENING, _idle("a", "b"), *[_result(id, processed_at=None) for id in ("a", "b")]],
        [],
    ),
    ("a turn that goes on after its answer", [*OPENING[:3], _idle("a"), _result("a"), RUNNING], []),
    (
        "a turn that is over",
        [*OPENING[:3], _idle("a"), _result("a"), RUNNING, _idle(reason="end_turn")],
        [],
    ),
    (
        "a turn that was interrupted while it waited",
        [*OPENING[:3], _idle("a"), _event("user.interrupt"), _idle(reason="end_turn")],
        [],
    ),
    ("a session that was terminated", [*OPENING, _idle("a"), _event("session.status_terminated")], []),
    (
        "a second question after the first was answered",
        [*OPENING[:3], _idle("a"), _result("a"), RUNNING, CALLS[1], _idle("b")],
        ["b"],
    ),
    (
        "another thread's idle event, which is not the session's",
        [*OPENING, _idle("a", type="session.thread_status_idle")],
        [],
    ),
]
WITH_VERDICTS: list[History] = [
    *HISTORIES,
    ("a built-in call that asks for permission", [*BUILT_IN, _idle("y")], ["y"]),
    ("a permission that was given", [*BUILT_IN, _idle("y"), _verdict("y", processed_at=None)], []),
]


def _check(histories: Sequence[History], waiting_calls: Callable[[list[Any]], Any]) -> str:
    answers = [answer_of(what, waiting_calls, list(events)) for what, events, _ in histories]
    require_answers(waiting_calls, answers)
    for (what, _, ids), answer in zip(histories, answers, strict=True):
        if isinstance(answer, set | frozenset):
            raise Wrong("you returned a set, which has no order: return a list")
        returned = list(answer) if isinstance(answer, Iterable) and not isinstance(answer, str) else answer
        if returned == [] == ids:
            continue
        if isinstance(returned, list) and [getattr(each, "id", None) for each in returned] == ids:
            raise Wrong(f"{what}: you returned whole events; an event's .id is what the session names")
        if returned != ids:
            raise Wrong(f"{what}: {_told(ids)}, and you returned {returned!r:.200}")
    return f"{len(histories)} histories, also those with answers that no idle event has told you of yet"


def _told(ids: list[str]) -> str:
    return f"{ids} wait there, in that order" if ids else "nothing waits there (an empty list)"


waiting = Exercise(
    "Exercise 2",
    partial(_check, HISTORIES),
    [
        "Start with the last event that tells a status. Only if it is an idle one does anything wait: what "
        "it names, less what was answered since.",
        "Or go through the events once, oldest first, with a list of what waits so far. An idle event "
        "replaces it, running or the session's end empties it, an answer takes one id out.",
        "getattr(event.stop_reason, 'event_ids', None) or [] is right for every stop reason. An answer has "
        "its call's id in custom_tool_use_id.",
    ],
    minutes=8,
)

waiting_all = Exercise(
    "Exercise 1",
    partial(_check, WITH_VERDICTS),
    [
        "Begin with lesson 03's waiting_calls, and look at which events answer a call.",
        "A verdict has its call's id in tool_use_id, a result in custom_tool_use_id.",
        "An agent.tool_result has a tool_use_id as well. That does no harm: its call has ended.",
    ],
    minutes=4,
)
