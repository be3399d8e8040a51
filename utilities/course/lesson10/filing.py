"""Where a ticket is in the end, from a session's history: the first exercise of lesson 10."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any

from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.replay import Recording

from ..exercises import Exercise, Wrong, answer_of, require_answers
from ..places import RECORDINGS

__all__ = ["filed"]

History = tuple[str, list[Any], str, str | None]  # what it is, its events, the ticket, its queue


def _call(id: str, queue: str, *, ticket: str = "T-7", name: str = "route") -> Any:
    given = {"ticket": ticket, "queue": queue}
    return SimpleNamespace(type="agent.custom_tool_use", id=id, name=name, input=given)


def _result(call: str, *, is_error: bool | None = None) -> Any:
    return SimpleNamespace(
        type="user.custom_tool_result",
        id=f"for_{call}",
        custom_tool_use_id=call,
        is_error=is_error,
        content=[],
    )


def _events(name: str) -> list[Any]:
    """A recording's events, as the SDK gives them to a program."""
    events = Recording.load(RECORDINGS / f"{name}.jsonl").events
    return [construct_type(value=event, type_=BetaManagedAgentsSessionEvent) for event in events]


@cache
def _histories() -> Iterable[History]:
    user = SimpleNamespace(type="user.message", id="m", content=[])
    calls = [_call("c1", "billing", ticket="T-9"), _call("c2", "returns")]
    crossed = [user, *calls, _result("c2"), _result("c1")]
    return (
        ("session 10_a", _events("10_a"), "T-7", "returns"),
        ("session 10_b", _events("10_b"), "T-7", "shipping"),
        ("session 10_b, for ticket T-8", _events("10_b"), "T-8", "shipping"),
        ("session 10_a, for a ticket that it never had", _events("10_a"), "T-1", None),
        ("a session whose call was answered with an error", _events("10_c"), "T-7", None),
        ("a session that moved the ticket, and was refused a third queue", _events("10_d"), "T-7",
         "returns"),
        ("a call that nobody has answered yet", [user, _call("c1", "returns")], "T-7", None),
        ("two calls at once, of which the first was refused",
         [user, _call("c1", "repairs"), _call("c2", "returns"), _result("c1", is_error=True), _result("c2")],
         "T-7", "returns"),
        ("two tickets in one session, answered in the other order", crossed, "T-7", "returns"),
        ("the same session, for the other ticket", crossed, "T-9", "billing"),
        ("a session without any event", [], "T-7", None),
    )  # fmt: skip


def _check(filed_under: Callable[[list[Any], str], Any]) -> str:
    answers = [answer_of(what, filed_under, deepcopy(events), id) for what, events, id, _ in _histories()]
    require_answers(filed_under, answers)
    for (what, _, ticket, queue), answer in zip(_histories(), answers, strict=True):
        if answer != queue and (queue or answer):  # no queue may be None or an empty text
            raise Wrong(f"{what}: you returned {answer!r} for {ticket}, which is in {queue or 'no queue'}")
    return "it reads what was done, also in two sessions that say just the same and did something else"


filed = Exercise(
    "Exercise 1",
    _check,
    [
        "What an agent says is in agent.message; leave it alone. What it called is in agent.custom_tool_use: "
        "event.input['ticket'] and event.input['queue'].",
        "A call files nothing by itself. Its result does: a user.custom_tool_result whose custom_tool_use_id "
        "is the call's id, and whose is_error isn't true.",
        "Go through the events once. Keep calls by id; at each result that is no error, look its call up: if "
        "the ticket is yours, its queue replaces what you had.",
    ],
    minutes=5,
)
