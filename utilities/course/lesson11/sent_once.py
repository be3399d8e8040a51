"""Lesson 11's last exercise: send an event once, although the answer to it may get lost."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from anthropic import Anthropic, BadRequestError

from utilities import custom_tool_result, stream_until_end_turn, user_message

from .. import places
from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from .cells import as_file
from .project import Project

__all__ = ["once"]

CASE = "My order A-1001 never arrived. I want my money back."
SECONDS = 20.0
LOSE, BUSY = "lose,on=POST/events", "status=503,on=POST/events"
SITUATIONS = {
    "": "nothing goes wrong",
    BUSY: "the service turns the first try away with a 503, so nothing has arrived",
    LOSE: "the message arrives, and the response is lost",
}
SENT_AGAIN = (
    "your send sent it a second time, and the service refused that with a 400. The history has it already, "
    "and it needn't be the last event there: the agent goes on at once"
)
# The lesson's test of the connection, for a desk with the learner's send.
TEST = """
import pytest
from desk import handle

FAULTS = ["drop=2", "repeat", "status=503,on=POST/events", "lose,on=POST/events"]
mark = pytest.mark.managed_agents


@pytest.mark.parametrize("fault", [pytest.param(fault, marks=mark(faults=fault)) for fault in FAULTS])
def test_on_a_bad_connection(managed_agents_api, fault):
    ledger = []
    handle("My order A-1001 never arrived. I want my money back.", ledger)
    assert ledger == [("A-1001", 49.0)]
    managed_agents_api.assert_finished()
"""
Send = Callable[[Any, str, Any], Any]


def _check(send: Send) -> str:
    from utilities.replay.testing import ManagedAgentsApi  # takes its time

    if not callable(send):
        raise Wrong(f"check() takes your function, and this is {send!r:.60}")
    if _untouched(send):
        raise NotAttempted
    with ManagedAgentsApi([places.RECORDINGS / "11_a.jsonl"]) as api:
        for fault, situation in SITUATIONS.items():
            _sent_once(send, api, fault, situation)
        _answered_once(send, api)
    _green_again(send)
    return (
        "a message or a result is in the session once, also if it was turned away or its response got lost. "
        "With your send in the desk, the test is green under all four faults"
    )


def _sent_once(send: Send, api: Any, fault: str, situation: str) -> None:
    session = api.create_session("11_a")
    _call(send, _broken(api.client, fault), session, user_message(CASE), situation)
    _count(api.client, session, "user.message", "the message", situation)


def _answered_once(send: Send, api: Any) -> None:
    situation = "the result of a tool arrives, and the response is lost"
    session = api.create_session("11_a")
    [call] = stream_until_end_turn(api.client, session, CASE).pending
    result = custom_tool_result(call, "paid back 49.00", is_error=False)
    _call(send, _broken(api.client, LOSE), session, result, situation)
    _count(api.client, session, "user.custom_tool_result", "the result", situation)


def _green_again(send: Send) -> None:
    """The lesson's test, with this send in the desk."""
    project = Project(scenarios=())
    try:
        (project.folder / "mine.py").write_text(as_file(send), "utf-8")
        (project.folder / "tests/test_wire.py").write_text(TEST, "utf-8")
        with (project.folder / "wire.py").open("a", encoding="utf-8") as wire:
            wire.write(f"\n\nfrom mine import {send.__name__} as send\n")  # it may import what is above
        run = project.pytest("test_wire.py", agent=str(places.RECORDINGS / "11_a"))
    finally:
        project.remove()
    if run.failed:
        raise Wrong(f"in the desk, your send leaves {run.failed[0]} red: {run.reason()}".rstrip("."))


def _broken(client: Anthropic, fault: str) -> Anthropic:
    """The client, with a fault for each of its sessions."""
    return client.with_options(default_headers={"x-replay-faults": fault})


def _call(send: Send, client: Anthropic, session: str, event: Any, situation: str) -> None:
    try:
        within(SECONDS, send, client, session, event)
    except TookTooLong:
        raise Wrong(f"{situation}: your send was still at it after {SECONDS:.0f} s") from None
    except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
        if isinstance(error, BadRequestError) and _times(client, session, event["type"]):
            raise Wrong(f"{situation}: {SENT_AGAIN}") from None
        raise Wrong(f"{situation}: your send raised {type(error).__name__}: {_said(error)}") from None


def _said(error: Exception) -> str:
    body = getattr(error, "body", None)
    return str(body["error"]["message"] if isinstance(body, dict) and "error" in body else error)


def _count(client: Anthropic, session: str, type: str, what: str, situation: str) -> None:
    times = _times(client, session, type)
    if times != 1:
        raise Wrong(f"{situation}: {what} is in the session {times} times after your send, not once")


def _times(client: Anthropic, session: str, type: str) -> int:
    """How many events of a type a session's history has."""
    return sum(event.type == type for event in client.beta.sessions.events.list(session))


def _untouched(send: Send) -> bool:
    """Whether what it does about an error is still the placeholder."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(send)))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return any(ast.unparse(node) == "..." for handler in handlers for node in handler.body)


once = Exercise(
    "Exercise 4",
    _check,
    [
        "After such an error you don't know whether it arrived. Who does?",
        "Read the session's history, events.list(session_id), and ask arrived(event, history).",
        "if not arrived(event, events.list(session_id)): send it again, else there is nothing to do.",
    ],
    minutes=4,
)
