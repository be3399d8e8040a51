"""The exercises of lesson 05."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from utilities import stream_until_end_turn, wait_for_idle_status
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi
from utilities.turn.result import TurnResult, text_of

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import RECORDINGS

PATIENCE = 3.0  # seconds for a call that should take 0.05
TWO_TURNS = RECORDINGS / "01_tests_green.jsonl"
PARKING = RECORDINGS / "05_tickets.jsonl"

# -- 1: an interval ---------------------------------------------------------------------------------------

# requests per minute, workers, the shortest interval; the interval, and how late the end is known on average
PLANS = (
    ((60, 1, 1.0), (1.0, 0.5)),
    ((60, 5, 1.0), (5.0, 2.5)),
    ((300, 40, 1.0), (8.0, 4.0)),
    ((90, 4, 1.0), (8 / 3, 4 / 3)),
    ((600, 1, 1.0), (1.0, 0.5)),
    ((600, 2, 0.5), (0.5, 0.25)),
    ((2, 3, 1.0), (90.0, 45.0)),
)


def _check_plan(plan: Callable[[float, int, float], Any]) -> str:
    answers = [(given, plan(*given), expected) for given, expected in PLANS]
    if all(answer in (None, ...) for _, answer, _ in answers):
        raise NotAttempted
    for (budget, workers, shortest), answer, (interval, late) in answers:
        what = f"{budget} requests a minute for {workers} workers, at least {shortest:g} s apart"
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise Wrong(f"{what}: expected two numbers, (interval, late), and you returned {answer!r}")
        if answer[0] < shortest:
            raise Wrong(f"{what}: {answer[0]:g} s is closer together than that")
        if not math.isclose(answer[0], interval):
            cost = workers * 60 / answer[0]
            raise Wrong(
                f"{what}: all of them at an interval of {answer[0]:g} s make {cost:g} requests a minute"
                if cost > budget * (1 + 1e-9)
                else f"{what}: {answer[0]:g} s is not the shortest interval that keeps to that"
            )
        if not math.isclose(answer[1], late):
            raise Wrong(
                f"{what}: the interval is right; a turn can end at any moment between two reads, so how late "
                f"is its end known on average? Not {answer[1]:g} s"
            )
    return f"{len(PLANS)} budgets, some shared, and what each costs in seconds"


interval = Exercise(
    "Exercise 1",
    _check_plan,
    [
        "One worker makes 60 / interval requests a minute. How many do all of them make?",
        "workers * 60 / interval must not be more than the budget: solve that for the interval.",
        "The shortest interval is a limit of its own: max(). The dashed line of the picture says the rest.",
    ],
)


# -- 2: the exit condition ----------------------------------------------------------------------------------


def _event(type: str, **fields: Any) -> Any:
    return SimpleNamespace(type=type, **{"id": f"sevt_{type}", "processed_at": "now", **fields})


def _idle(reason: str, type: str = "session.status_idle", **fields: Any) -> Any:
    return _event(type, stop_reason=SimpleNamespace(type=reason, **fields))


RUNNING, SAID = _event("session.status_running"), _event("user.message", content=[])
WAITING = _event("user.message", content=[], processed_at=None)
PARKED, RESULT = _idle("requires_action", event_ids=["sevt_a"]), "user.custom_tool_result"
TURN = [RUNNING, SAID, _event("span.model_request_start"), _event("agent.message", content=[])]
HISTORIES: list[tuple[str, list[Any], str | None]] = [
    ("a session that has just been made", [], None),
    ("a turn that is under way", TURN, None),
    ("the end of a turn", [*TURN, _idle("end_turn")], "end_turn"),
    *(
        (f"a turn that ended with {reason}", [*TURN, _idle(reason)], reason)
        for reason in ("retries_exhausted", "budget_reached", "refusal", "a_reason_of_next_year")
    ),
    ("a call that waits for an answer of ours", [*TURN, PARKED], "requires_action"),
    ("a session that was terminated", [*TURN, _event("session.status_terminated")], "terminated"),
    ("a session that was deleted", [*TURN, _event("session.deleted")], "deleted"),
    ("the end of a turn, and a new title after it",
     [*TURN, _idle("end_turn"), _event("session.updated")], "end_turn"),
    ("an error that the service is retrying", [*TURN, _event("session.error")], None),
    ("an error told after the end", [*TURN, _idle("end_turn"), _event("session.error")], "end_turn"),
    ("the turn before, and our message, which nobody has come to yet",
     [*TURN, _idle("end_turn"), WAITING], None),
    ("the turn before, and the next one, which runs", [*TURN, _idle("end_turn"), *TURN], None),
    ("a budget that was raised, so that the turn goes on", [*TURN, _idle("budget_reached"), RUNNING], None),
    ("an answer to the call that waited, sent but not processed",
     [*TURN, PARKED, _event(RESULT, processed_at=None)], None),
    ("an answer to the call that waited, stamped at once, before the session runs on",
     [*TURN, PARKED, _event(RESULT)], None),
    ("a turn that goes on after its answer", [*TURN, PARKED, _event(RESULT), RUNNING], None),
    ("another thread that has ended", [*TURN, _idle("end_turn", "session.thread_status_idle")], None),
    ("a session that is being moved", [*TURN, _event("session.status_rescheduled")], None),
]  # fmt: skip


def _check_over(over: Callable[[list[Any]], Any]) -> str:
    answers = [(what, over(list(events)), expected) for what, events, expected in HISTORIES]
    if all(answer is ... or answer is None for _, answer, _ in answers):
        raise NotAttempted
    for what, answer, expected in answers:
        if answer != expected or answer is ...:
            loop = "end with" if expected else "go on, and your function is to return"
            raise Wrong(f"{what}: the loop has to {loop} {expected!r}, and you returned {answer!r}")
    return f"{len(HISTORIES)} histories, with every stop reason that there is and one that there isn't yet"


over = Exercise(
    "Exercise 2",
    _check_over,
    [
        "Go through the events backwards. Most say nothing about whether the turn is over: pass them by.",
        "The first that does decides: an idle event (return its reason, whichever), terminated, deleted; "
        "or running, rescheduled: not over.",
        "There is one more kind that decides: an event of ours (its type begins with 'user.') after the idle "
        "event means that more will come.",
    ],
)


# -- 3: whoever comes first ---------------------------------------------------------------------------------


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
        "The webhook only says where to look. Read the session's events; your `over` from exercise 2 says "
        "whether a turn has ended.",
        "None and 'requires_action' are nothing to deliver. For the rest, remember what was delivered: not "
        "the session's id, since it will have more turns.",
        "The id of the newest session.status_idle event names the turn's end, whoever reports it. Put it "
        "into `delivered`, and return the text of the newest agent.message: event.content[0].text.",
    ],
)
