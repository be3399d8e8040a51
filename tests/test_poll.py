"""Polling against the replay server: what is true of the stream is true of it, it reads only what is new,
and a process that dies is replaced by another."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, DefaultHttpxClient, beta_tool
from anthropic.lib.tools import ToolError

from utilities import TurnTimeout, poll_until_end_turn, poll_until_end_turn_async
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.ids import later
from utilities.replay.paging import page_of
from utilities.replay.recording import Recording

from .recordings import START, Script
from .serving import KINDS, Served, healthy, served
from .test_export import RECORDINGS
from .test_faults import (  # noqa: F401
    test_a_lost_response_does_not_send_anything_twice,
    test_a_request_that_is_never_answered_is_made_again,
    test_a_rescheduled_session_goes_on,
    test_a_service_that_stays_busy_is_its_own_error,
    test_a_session_error_ends_what_it_says_it_ends,
    test_a_turn_cut_short_has_its_own_outcome,
    test_a_turn_survives_a_busy_service,
    test_a_wait_that_is_longer_than_the_deadline_is_not_begun,
    test_a_window_slides_over_parallel_calls,
    test_requests_that_are_never_answered_do_not_outlast_the_deadline,
)
from .test_stream import (  # noqa: F401
    a_turn,
    make_tool,
    only_the_status_knows,
    parallel_calls,
    test_a_call_that_nobody_has_a_tool_for_stays_with_its_owner,
    test_a_confirm_that_raises_allows_nothing,
    test_a_message_that_is_none_is_told,
    test_a_message_that_the_api_refuses_is_its_error,
    test_a_refusal_says_why,
    test_a_requires_action_that_names_no_call_does_not_wait_for_the_deadline,
    test_a_slow_tool_meets_the_deadline_and_can_be_run_again,
    test_a_terminal_error_without_a_last_word_ends_promptly,
    test_a_tool_that_raises_is_an_answer_too,
    test_a_turn_that_was_over_before_the_stream_was_opened,
    test_an_action_that_nobody_takes_is_an_outcome_not_a_hang,
    test_an_answer_that_never_arrived_is_given_again_without_running_the_tool_again,
    test_an_answer_that_somebody_else_gave_first_is_theirs,
    test_an_answer_whose_response_was_lost_is_not_given_twice,
    test_an_error_of_on_event_is_the_callers,
    test_an_undecided_call_is_an_outcome_and_can_be_decided_later,
    test_an_unknown_session_is_the_apis_own_error,
    test_another_threads_idle_is_not_the_sessions,
    test_calls_that_come_together_run_together_and_go_in_one_send,
    test_content_blocks_can_be_the_sdks_own,
    test_every_stop_reason_ends_the_turn_under_its_own_name,
    test_nothing_to_wait_for_is_an_error,
    test_only_the_last_turn_is_returned,
    test_session_errors_are_told_apart,
    test_silence_makes_the_connection_doubtful,
    test_the_deadline_says_what_it_waited_for_and_loses_nothing,
    test_the_end_of_the_session_ends_the_turn,
    test_the_users_verdict_leads_on,
    test_two_tools_of_one_name_are_refused,
    test_unknown_events_are_shown_and_do_no_harm,
)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(autouse=True)
def polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever follows a session in this file does it by polling, the tests that were written for the
    stream among them."""
    monkeypatch.setattr(Served, "way", "poll")


@dataclass
class Wire:
    """What a client asked for and got: path and query of each request, events and bytes of each answer."""

    asked: list[tuple[str, dict[str, str], int, int]] = field(default_factory=list)

    def note(self, response: httpx2.Response) -> None:
        body = response.read()
        events = len(json.loads(body).get("data", [])) if response.request.method == "GET" else 0
        url = response.request.url
        self.asked.append((f"{response.request.method} {url.path}", dict(url.params), events, len(body)))

    def client(self, session: Served) -> Anthropic:
        hooks: dict[str, Any] = {"response": [self.note]}
        http = DefaultHttpxClient(event_hooks=hooks)
        return Anthropic(api_key="x", base_url=session.server.base_url, http_client=http)

    @property
    def polls(self) -> list[tuple[int, int]]:
        """Events and bytes of each read of what is new."""
        return [(events, size) for _, query, events, size in self.asked if "created_at[gte]" in query]

    @property
    def events(self) -> int:
        return sum(events for _, _, events, _ in self.asked)


@contextmanager
def bit_by_bit(
    session: Served, step: int = 1, view: Callable[[list[Any], int], list[Any]] | None = None
) -> Iterator[None]:
    """The history has `step` more events at each request for it, so that no test depends on the time.

    Args:
        session: whose server this is done to.
        step: how many events.
        view: makes the rows of a list from the session's events and how many of them have happened.
    """
    sessions = session.server.api.sessions
    whole, happened = sessions.list_events, len(sessions.plays[session.session_id].log)

    def list_events(id: str, query: Any, now: float) -> dict[str, Any]:
        nonlocal happened
        log = sessions.play(id, now).log
        if query.text("page") is None:
            happened = min(happened + step, len(log))
        rows = view(log, happened) if view else log[:happened]
        if within := query.within("created_at"):
            rows = [event for event in rows if event["processed_at"] and within(event["processed_at"])]
        return page_of(rows, query, default=100, most=1000, order=query.order("asc"))

    sessions.list_events = list_events  # type: ignore[method-assign]
    try:
        yield
    finally:
        sessions.list_events = whole  # type: ignore[method-assign]


def two_turns(first: int = 10, second: int = 10) -> Script:
    """In each turn so many messages of the agent, a second apart, and six events around them."""
    script = Script()
    for number, count in enumerate((first, second)):
        script.message(f"go {number}")
        for _ in range(count):
            script.say("working on it")
        script.idle()
    return script


def send(session: Served, text: str) -> None:
    """Send a message without following its turn."""
    message: Any = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    healthy(session.server).beta.sessions.events.send(session.session_id, events=[message])


# -- only what is new --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3])
def test_a_poll_costs_the_same_however_long_the_session_is(step: int) -> None:
    """Counted: requests, events and bytes of a turn, after one of 16 events and after one of 5,006."""
    wires = []
    for before in (10, 5000):
        with served(two_turns(first=before)) as session:
            send(session, "go 0")
            wire = Wire()
            with bit_by_bit(session, step):
                turn = poll_until_end_turn(wire.client(session), session.session_id, "go 1", interval=0.001)
            assert len(turn.events) == 16
            assert len(session.history()) == 16 + before + 6
            wires.append(wire)
    short, long = wires
    assert long.polls == short.polls and len(long.polls) >= 16 // step
    assert (long.events, len(long.asked)) == (short.events, len(short.asked))
    assert not [path for path, *_ in long.asked if path.endswith("/stream")]
    # Nothing but what is new, and what is a second older than the newest that was known.
    assert max(events for events, _ in long.polls) <= step + 7


def test_a_poll_of_a_silent_session_asks_for_one_event_at_most() -> None:
    script = a_turn()
    script.events = script.events[:-1]
    with served(script) as session:
        wire = Wire()
        with pytest.raises(TurnTimeout):
            poll_until_end_turn(wire.client(session), session.session_id, "go", interval=0.05, timeout=0.6)
    assert len(wire.polls) > 3
    assert {events for events, _ in wire.polls[1:]} == {1}  # those of the newest time, which may get more


def test_a_turn_that_is_taken_over_is_read_once_and_the_session_before_it_is_not() -> None:
    with served(two_turns(first=3000)) as session:
        send(session, "go 0")
        send(session, "go 1")
        wire = Wire()
        result = poll_until_end_turn(wire.client(session), session.session_id)
    assert len(result.events) == 16
    assert [(path.split("/")[-1], events) for path, _, events, _ in wire.asked] == [("events", 100)]


def test_more_new_events_than_a_page_has(kind: str) -> None:
    with served(two_turns(second=2500)) as session:
        send(session, "go 0")
        shown: list[Any] = []
        result = session.follow(kind, "go 1", on_event=shown.append)
        whole = session.history()
    assert [event.id for event in result.events] == [event.id for event in whole[16:]]
    assert shown == result.events


# -- times ---------------------------------------------------------------------------------------------


def followed(session: Served, kind: str, view: Any = None, **options: Any) -> Any:
    """A second turn, bit by bit; all of it is shown, each event once, and nothing of the first."""
    send(session, "go 0")
    before = len(session.history())
    shown: list[Any] = []
    with bit_by_bit(session, 1, view):
        result = session.follow(kind, "go 1", on_event=shown.append, interval=0.001, **options)
    whole = [event.id for event in session.history()[before:]]
    assert sorted(event.id for event in shown) == sorted(whole)
    assert sorted(event.id for event in result.events) == sorted(whole)
    return result


def test_events_of_the_same_time_are_not_lost(kind: str) -> None:
    """A clock that only knows tens of seconds, so that many events have the time of the newest known."""

    def coarse(log: list[Any], happened: int) -> list[Any]:
        return [{**e, "processed_at": e["processed_at"][:18] + "0.000000Z"} for e in log[:happened]]

    with served(two_turns(second=25)) as session:
        assert followed(session, kind, coarse).outcome == "end_turn"


def late_by(reads: int, place: int) -> Any:
    """The event at this place is listed so many reads after its time."""

    def view(log: list[Any], happened: int) -> list[Any]:
        return [e for number, e in enumerate(log[:happened]) if number != place or happened > place + reads]

    return view


def test_an_event_that_is_listed_after_later_ones_is_not_lost(kind: str) -> None:
    with served(two_turns()) as session:
        assert followed(session, kind, late_by(2, place=18)).outcome == "end_turn"  # µs before its neighbours


def test_an_event_that_is_listed_very_late_is_found_when_there_is_silence(kind: str) -> None:
    """The idle, long after an error that was processed after it: nothing else could end the turn."""
    script = two_turns(second=3)
    script.event("session.error", after=0.5)
    reads = 0

    def view(log: list[Any], happened: int) -> list[Any]:
        nonlocal reads
        reads += happened == len(log)
        return [e for n, e in enumerate(log[:happened]) if reads > 9 or n != 16 + 3 + 5]

    with served(script) as session:
        assert followed(session, kind, view, quiet=0.3, timeout=10.0).outcome == "end_turn"


def test_a_message_that_is_listed_without_its_time_first(kind: str) -> None:
    """It waits with `processed_at` null while others are processed; then it has its time, and its place."""

    def view(log: list[Any], happened: int) -> list[Any]:
        ours = 16 + 2  # behind the running pair
        if not ours < happened <= ours + 3:
            return log[:happened]
        return [*log[:ours], *log[ours + 1 : happened], {**log[ours], "processed_at": None}]

    with served(two_turns()) as session:
        assert all(event.processed_at for event in followed(session, kind, view).events)


@pytest.mark.parametrize("way", ["stream", "poll"])
def test_a_message_that_waits_for_the_turn_before_it(kind: str, way: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(Served, "way", way)
    script = a_turn()
    script.message("and now")
    script.say("second")
    script.idle()
    with served(script, speed=20) as session:
        send(session, "go")
        result = session.follow(kind, "and now")
        assert (result.outcome, result.text) == ("end_turn", "second")
        assert result.events == session.history()[len(a_turn().events) :]
