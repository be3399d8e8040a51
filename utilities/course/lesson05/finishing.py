"""An exercise of 05b: a stream and a webhook report the same end, and it is delivered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utilities import stream_until_end_turn, wait_for_idle_status
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi
from utilities.turn.result import TurnResult, text_of

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import RECORDINGS

__all__ = ["finish"]

PATIENCE = 3.0  # seconds for a call that should take 0.05
TWO_TURNS = RECORDINGS / "01_tests_green.jsonl"
PARKING = RECORDINGS / "05_tickets.jsonl"


@contextmanager
def _session(recording: Path, **options: Any) -> Iterator[tuple[ManagedAgentsApi, str]]:
    with ManagedAgentsApi(recording, **options) as api:
        yield api, api.create_session(recording.stem)


def _messages(recording: Path) -> list[Any]:
    events = Recording.load(recording).events
    return [event["content"] for event in events if event["type"] == "user.message"]


def _final(turn: TurnResult) -> str:
    """The last thing that the agent said in this turn."""
    return text_of([event for event in turn.events if event.type == "agent.message"][-1])


def _check_finish(finish: Callable[[Any, str, set[Any]], Any]) -> str:
    def call(
        what: str, api: ManagedAgentsApi, session: str, delivered: set[Any], expected: str | None
    ) -> None:
        try:
            answer = within(PATIENCE, finish, api.client, session, delivered)
        except TookTooLong:
            raise Wrong(
                f"{what}: it was still at it after {PATIENCE:.0f} s; a handler looks, and returns"
            ) from None
        if answer is ...:
            raise NotAttempted
        if answer != expected:
            raise Wrong(f"{what}: expected {_short(expected)}, and you returned {_short(answer)}")

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
    with _session(PARKING) as (api, session):
        stream_until_end_turn(api.client, session, _messages(PARKING)[0])  # without tools, it parks
        call("idle, but waiting for an answer of ours", api, session, set(), None)
    with _session(TWO_TURNS, speed=0.01) as (api, session):
        call("a session in which nothing happened yet", api, session, set(), None)
        opening: Any = {"type": "user.message", "content": first}
        api.client.beta.sessions.events.send(session, events=[opening])
        call("a webhook of the turn before, while the next one runs", api, session, set(), None)
    return "delivered once for each turn, whoever came first, and never on a webhook's word"


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
        "The id of the newest session.status_idle event names the turn's end, whoever reports it. Put it "
        "into `delivered`, and return the text of the newest agent.message: event.content[0].text.",
    ],
    minutes=9,
)
