"""An exercise of 05b: a stream and a webhook report the same end, and it is delivered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from utilities import stream_until_end_turn, wait_for_idle_status
from utilities.replay import Recording
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.testing import ManagedAgentsApi
from utilities.turn.result import TurnResult, text_of

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import RECORDINGS

__all__ = ["finish"]

PATIENCE = 3.0  # seconds for a call that should take 0.05
A_WHILE = 600  # seconds that a turn is rescheduled for: it is still under way when it is looked at
TWO_TURNS = RECORDINGS / "01_tests_green.jsonl"
PARKING = RECORDINGS / "05_tickets.jsonl"


@contextmanager
def _session(recording: Path) -> Iterator[tuple[ManagedAgentsApi, str]]:
    with ManagedAgentsApi(recording) as api:
        yield api, api.create_session(recording.stem)


def _messages(recording: Path) -> list[Any]:
    events = Recording.load(recording).events
    return [event["content"] for event in events if event["type"] == "user.message"]


def _final(turn: TurnResult) -> str:
    """The last thing that the agent said in this turn."""
    return text_of([event for event in turn.events if event.type == "agent.message"][-1])


def _broken(api: ManagedAgentsApi, faults: str) -> Any:
    """A client whose next message meets these faults."""
    return api.client.with_options(default_headers={FAULTS_HEADER: faults})


Finish = Callable[[Any, str, set[Any]], Any]
Call = Callable[..., None]  # `_call`, with the learner's function


def _call(
    finish: Finish,
    what: str,
    api: ManagedAgentsApi,
    session: str,
    delivered: set[Any],
    expected: str | None,
    why: str = "",
) -> None:
    try:
        answer = within(PATIENCE, finish, api.client, session, delivered)
    except TookTooLong:
        raise Wrong(
            f"{what}: it was still at it after {PATIENCE:.0f} s; a handler looks, and returns"
        ) from None
    except Exception as error:
        raise Wrong(f"{what}: your code raised {type(error).__name__}: {error}") from error
    if answer is ...:
        raise NotAttempted
    if answer != expected and not (expected == "" and answer is None):  # nothing was said: either will do
        told = f"expected {_short(expected)}, and you returned {_short(answer)}"
        raise Wrong(f"{what}: {told}{why and '; '}{why}")


def _check_finish(finish: Finish) -> str:
    for check in (_check_order, _check_parked, _check_under_way, _check_silent, _check_terminated):
        check(partial(_call, finish))
    return "delivered once for each turn, whoever came first, and never on a webhook's word"


def _check_order(call: Call) -> None:
    first, second = _messages(TWO_TURNS)
    with _session(TWO_TURNS) as (api, session):
        delivered: set[Any] = set()
        turn = stream_until_end_turn(api.client, session, first)
        call("the webhook comes first", api, session, delivered, _final(turn))
        call("then the stream's idle event", api, session, delivered, None)
        call("the webhook is repeated", api, session, delivered, None)
        turn = stream_until_end_turn(api.client, session, second)
        call("a second turn in the same session", api, session, delivered, _final(turn))
        call("a late repetition of the first turn's webhook", api, session, delivered, None)
        wait_for_idle_status(api.client, session, interval=0.02)
        api.client.beta.sessions.update(session, title="Renamed")
        call("the session got a new title, and a webhook says so", api, session, delivered, None)
        call("another program, which has delivered nothing yet", api, session, set(), _final(turn))


def _check_parked(call: Call) -> None:
    with _session(PARKING) as (api, session):
        stream_until_end_turn(api.client, session, _messages(PARKING)[0])  # without tools, it parks
        call("idle, but waiting for an answer of ours", api, session, set(), None)


def _check_under_way(call: Call) -> None:
    first, second = _messages(TWO_TURNS)
    with _session(TWO_TURNS) as (api, session):
        call("a session in which nothing happened yet", api, session, set(), None)
        stream_until_end_turn(api.client, session, first)
        events = _broken(api, f"reschedule={A_WHILE},after=2").beta.sessions.events
        with events.stream(session) as stream:
            events.send(session, events=[{"type": "user.message", "content": second}])
            next(event for event in stream if event.type == "session.status_rescheduled")
        what = "the first turn is over and wasn't delivered, and the second one is under way"
        why = "the newest idle event is of the turn before"
        call(what, api, session, set(), None, why)


def _check_silent(call: Call) -> None:
    first, second = _messages(TWO_TURNS)
    with _session(TWO_TURNS) as (api, session):
        delivered: set[Any] = set()
        turn = stream_until_end_turn(api.client, session, first)
        call("a first turn", api, session, delivered, _final(turn))
        stream_until_end_turn(_broken(api, "error=exhausted,after=1"), session, second)
        what, why = (
            "a second turn, which gave up without a message",
            "the text is to be of the turn that ended",
        )
        call(what, api, session, delivered, "", why)
    with _session(TWO_TURNS) as (api, session):
        stream_until_end_turn(_broken(api, "error=exhausted,after=1"), session, first)
        call("a first turn, which gave up without a message", api, session, set(), "")


def _check_terminated(call: Call) -> None:
    with _session(TWO_TURNS) as (api, session):
        delivered: set[Any] = set()
        turn = stream_until_end_turn(_broken(api, "terminate,after=4"), session, _messages(TWO_TURNS)[0])
        what, why = "a session that was terminated in its first turn", "that turn has ended too"
        call(what, api, session, delivered, _final(turn), why)
        call("the same, told again", api, session, delivered, None)


def _short(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 60 else f"{text[:57]}…"


finish = Exercise(
    "Exercise 3",
    _check_finish,
    [
        "The webhook only says where to look. Read the session's events; the `over` of lesson 05 says "
        "whether a turn has ended.",
        "None and 'requires_action' are nothing to deliver. For the rest, remember what was delivered: not "
        "the session's id, since it will have more turns.",
        "The event with which the turn ended is the newest session.status_idle or session.status_terminated. "
        "Its id is the same, whoever reports it: put it into `delivered`. Then return the text of the newest "
        "agent.message that comes after the newest user.message: event.content[0].text.",
    ],
    minutes=9,
)
