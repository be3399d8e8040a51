"""Lesson 10: wrong answers fail, each for its own reason, and right ones of another style pass. What holds
for the exercises of every lesson is in test_exercises.py; shares of users are in test_lesson10_shares.py."""

from __future__ import annotations

import itertools
import math
import threading
from collections import defaultdict
from typing import Any

import pytest

from utilities.course import lesson10
from utilities.course.chance import sign_test
from utilities.course.places import RECORDINGS
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

# -- where a ticket is ------------------------------------------------------------------------------------

CALL, RESULT = "agent.custom_tool_use", "user.custom_tool_result"


def by_result(events: list[Any], ticket: str) -> str | None:
    calls, queue = {}, None
    for event in events:
        if event.type == CALL:
            calls[event.id] = event.input
        elif (
            event.type == RESULT
            and not event.is_error
            and calls[event.custom_tool_use_id]["ticket"] == ticket
        ):
            queue = calls[event.custom_tool_use_id]["queue"]
    return queue


def from_the_end(events: list[Any], ticket: str) -> str | None:
    done = {e.custom_tool_use_id for e in events if e.type == RESULT and not e.is_error}
    for event in reversed(events):
        if event.type == CALL and event.id in done and event.input["ticket"] == ticket:
            return str(event.input["queue"])
    return None


def by_ticket(events: list[Any], ticket: str) -> str:
    """An empty text for a ticket that is nowhere."""
    good = [e.custom_tool_use_id for e in events if e.type == RESULT and e.is_error is not True]
    queues = defaultdict(lambda: [""])
    for event in events:
        if event.type == CALL and event.name == "route" and event.id in good:
            queues[event.input["ticket"]].append(event.input["queue"])
    return queues[ticket][-1]


@pytest.mark.parametrize("right", [by_result, from_the_end, by_ticket])
def test_what_was_filed_is_found_in_several_ways(right, passes):
    passes(lesson10.filed, right)


def believes_calls(events: list[Any], ticket: str) -> str | None:
    queues = [e.input["queue"] for e in events if e.type == CALL and e.input["ticket"] == ticket]
    return queues[-1] if queues else None


def the_first(events: list[Any], ticket: str) -> str | None:
    done = {e.custom_tool_use_id for e in events if e.type == RESULT and not e.is_error}
    return next((e.input["queue"] for e in events if e.id in done and e.input["ticket"] == ticket), None)


def any_ticket(events: list[Any], ticket: str) -> str | None:
    queue = None
    for event in events:
        if event.type == CALL:
            called = event.input["queue"]
        elif event.type == RESULT and not event.is_error:
            queue = called
    return queue


def an_error_takes_it_out(events: list[Any], ticket: str) -> str | None:
    calls, queue = {}, None
    for event in events:
        if event.type == CALL:
            calls[event.id] = event.input
        elif event.type == RESULT and calls[event.custom_tool_use_id]["ticket"] == ticket:
            queue = None if event.is_error else calls[event.custom_tool_use_id]["queue"]
    return queue


def believes_words(events: list[Any], ticket: str) -> str | None:
    said = [e for e in events if e.type == "agent.message" and ticket in e.content[0].text]
    return "returns" if said else None


def the_latest_call(events: list[Any], ticket: str) -> str | None:
    """It never asks which call a result is for."""
    last, queue = {}, None
    for event in events:
        if event.type == CALL:
            last = event.input
        elif event.type == RESULT and not event.is_error and last["ticket"] == ticket:
            queue = last["queue"]
    return queue


def takes_it_apart(events: list[Any], ticket: str) -> str | None:
    queues = [e.input.pop("queue") for e in events if e.type == CALL and e.input.pop("ticket") == ticket]
    return queues[-1] if queues else None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (believes_calls, "whose call was answered with an error: you returned 'return'"),
        (the_first, "that moved the ticket, and was refused a third queue: you returned 'shipping'"),
        (any_ticket, "a ticket that it never had: you returned 'returns'"),
        (an_error_takes_it_out, "and was refused a third queue: you returned None"),
        (the_latest_call, "the same session, for the other ticket: you returned None for T-9"),
        (takes_it_apart, "whose call was answered with an error: you returned 'return'"),
        (believes_words, "session 10_b: you returned 'returns' for T-7, which is in shipping"),
        (lambda events, ticket: events[-1].content[0].text, "it raised AttributeError"),
        (lambda events, ticket: {"T-7": "returns"}[ticket], "it raised KeyError"),
    ],
)
def test_a_wrong_idea_of_what_was_filed_fails(wrong, why, fails):
    fails(lesson10.filed, wrong, why=why)


def test_what_an_attempt_does_to_the_events_is_gone_in_the_next(passes):
    lesson10.filed.check(takes_it_apart)
    passes(lesson10.filed, by_result)


def test_all_agents_say_the_same_and_did_something_else():
    histories = [Recording.load(RECORDINGS / f"10_{letter}.jsonl").events for letter in "abcd"]
    said = [[e["content"][0]["text"] for e in events if e["type"] == "agent.message"] for events in histories]
    calls = [[e["input"]["queue"] for e in events if e["type"] == CALL] for events in histories]
    assert len({words[0] for words in said}) == 1
    assert len(set(map(tuple, calls))) == len(calls)


# -- how many must get worse ------------------------------------------------------------------------------


def counted_up(better: int) -> int:
    worse = better
    while sign_test(better, worse) >= 0.05:
        worse += 1
    return worse


def with_a_search(better: int) -> int:
    return next(n for n in itertools.count(better) if sign_test(n, better) < 0.05)


def by_the_formula(better: int) -> int:
    for worse in range(better + 1, 200):
        tosses = better + worse
        if 2 * sum(math.comb(tosses, k) for k in range(better + 1)) / 2**tosses < 0.05:
            return worse
    raise AssertionError(better)


@pytest.mark.parametrize("right", [counted_up, with_a_search, by_the_formula])
def test_how_many_must_get_worse_is_counted_in_several_ways(right, passes):
    passes(lesson10.flips, right)


def from_zero(better: int) -> int:
    return next(n for n in itertools.count() if sign_test(better, n) < 0.05)


def one_sided(better: int) -> int:
    return next(n for n in itertools.count(better) if sign_test(better, n) / 2 < 0.05)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda better: 6, "must_flip(1) is 6: that would still happen by chance"),
        (lambda better: better + 6, "must_flip(1) is 7: that would still happen by chance, p = 0.070"),
        (from_zero, "isn't even behind"),
        (one_sided, "must_flip(0) is 5: that would still happen by chance, p = 0.062"),
        (lambda better: counted_up(better) + 1, "one ticket less is enough already, p = 0.031"),
        (lambda better: sign_test(better, 6), "no number of tickets"),
        (lambda better: counted_up(better) == 6, "no number of tickets"),
    ],
)
def test_a_wrong_number_of_flips_fails(wrong, why, fails):
    fails(lesson10.flips, wrong, why=why)


def test_a_count_without_an_end_is_left(fails, monkeypatch):
    monkeypatch.setattr("utilities.course.lesson10.flipping.PATIENCE", 0.01)
    over = threading.Event()
    fails(lesson10.flips, lambda better: over.wait(), why="still counting")
    over.set()


# -- who still has the new prompt -------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["acd", "a, c, d", ["d", "c", "a"]])
def test_what_has_the_new_version_keeps_it(right, passes):
    passes(lesson10.still_new, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("abcd", "which version does a bare id get"),
        ("ae", "what version 1 says never changes"),
        ("ac", "when does a roster look up"),
        ("cd", "what did the first session do"),
        ("ad", "a pin holds also where you wish"),
        ("f", "none of the answers"),
    ],
)
def test_a_wrong_guess_is_told_what_it_overlooks(wrong, why, fails):
    fails(lesson10.still_new, wrong, why=why)


# -- what differs between two versions --------------------------------------------------------------------


def test_what_differs_is_named_down_to_the_field():
    with ManagedAgentsApi() as api:
        agents = api.client.beta.agents
        first = agents.create(name="a", model="claude-sonnet-4-6", system="one", metadata={"team": "x"})
        tool = {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}}
        model = {"id": "claude-sonnet-4-6", "effort": "low"}
        second = agents.update(
            first.id, version=1, system="two", metadata={"team": "y"}, tools=[tool], model=model
        )
        assert second.version == 2
        assert lesson10.changed(first, second) == ["metadata.team", "model.effort.type", "system", "tools"]
        assert lesson10.changed(second, agents.retrieve(first.id)) == []
