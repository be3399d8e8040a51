"""Lesson 09b: wrong answers fail, each for its own reason, and right ones of another style pass; what its
helpers say of hosts, verbs and deliveries."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from anthropic import Anthropic

from utilities import WebhookReceiver, new_secret
from utilities.course import lesson09

# -- forgotten, or waiting --------------------------------------------------------------------------------

WAITS = ("requires_action", "budget_reached")


def with_a_state(events: list[Any]) -> bool:
    runs = waits = False
    for event in events:
        if event.type in ("session.status_running", "user.message"):
            runs, waits = True, False
        elif event.type == "session.status_idle":
            runs, waits = False, event.stop_reason.type in WAITS
        elif event.type == "session.status_terminated":
            runs = waits = False
    return not (runs or waits)


def backwards(events: list[Any]) -> bool:
    for event in reversed(events):
        if event.type.startswith("session.status_"):
            reason = getattr(event, "stop_reason", None)
            return event.type != "session.status_running" and getattr(reason, "type", "") not in WAITS
    return not events


def with_next(events: list[Any]) -> bool:
    told = (e for e in events[::-1] if "session.status" in e.type)
    last = next(told, None)
    if last is None:
        return "user.message" not in [event.type for event in events]
    if last.type.endswith("terminated"):
        return True
    return last.type.endswith("idle") and last.stop_reason.type == "end_turn"


@pytest.mark.parametrize("forgotten", [with_a_state, backwards, with_next])
def test_other_ways_to_see_that_a_session_was_forgotten_pass(forgotten, passes):
    passes(lesson09.forgetting, forgotten)


def any_wait(events: list[Any]) -> bool:
    """Believes in a wait that is long over."""
    reasons = [event.stop_reason.type for event in events if event.type == "session.status_idle"]
    return not set(reasons) & set(WAITS) and (not events or events[-1].type != "agent.message")


def any_idle(events: list[Any]) -> bool:
    """Takes a thread for the session."""
    idle = [event for event in events if event.type.endswith("status_idle")]
    return not events or (bool(idle) and idle[-1].stop_reason.type == "end_turn")


def no_status(events: list[Any]) -> bool:
    """Takes a session that hasn't begun for one that has nothing to do."""
    told = [event for event in events if event.type.startswith("session.status_")]
    return not told or with_next(events)


def last_event(events: list[Any]) -> bool:
    reason = getattr(events[-1], "stop_reason", None) if events else None
    return reason is None or reason.type not in WAITS


WRONG = [
    (lambda events: True, "a session that runs: you say True"),
    (lambda events: False, "a session that never got a message: you say False"),
    (lambda events: events[-1].type == "session.status_idle", "it raised IndexError"),
    (
        lambda events: not events or events[-1].type == "session.status_idle",
        "a call that waits for a person: you say True",
    ),
    (
        lambda events: not events or getattr(events[-1], "stop_reason", None) is None,
        "a turn that is over: you say False",
    ),
    (any_wait, "a call that was answered, and its turn is over: you say False"),
    (any_idle, "another thread that is idle"),
    (no_status, "has a message, and hasn't begun: you say True"),
    (last_event, "a session that runs: you say True"),
    (lambda events: None, "a `return` is missing"),
]


@pytest.mark.parametrize(("forgotten", "why"), WRONG)
def test_a_wrong_idea_of_a_forgotten_session_is_told_which_session_it_was(forgotten, why, fails):
    fails(lesson09.forgetting, forgotten, why=why)


# -- who is sent a secret ---------------------------------------------------------------------------------


def limited(*hosts: str) -> Any:
    return SimpleNamespace(type="limited", allowed_hosts=list(hosts))


def leaves(host: str, environment: Any, credential: Any, where: Any = "header", **places: bool) -> str:
    location = SimpleNamespace(**{"header": True, "body": False, **places})
    auth = SimpleNamespace(networking=credential, injection_location=location)
    config = SimpleNamespace(networking=environment)
    return lesson09.what_leaves(host, SimpleNamespace(config=config), SimpleNamespace(auth=auth), where)


OPEN = SimpleNamespace(type="unrestricted")


def test_both_lists_have_to_allow_the_host():
    assert leaves("a.example", limited("a.example"), limited("a.example")) == "the secret"
    assert leaves("a.example", limited("b.example"), limited("a.example")) == "no request"
    assert leaves("a.example", limited("a.example"), limited("b.example")) == "the placeholder"
    assert leaves("a.example", OPEN, limited()) == "the placeholder"
    assert leaves("a.example", limited(), OPEN) == "no request"
    assert leaves("a.example", OPEN, OPEN) == "the secret"


def test_a_wildcard_is_for_what_is_below_it():
    assert leaves("a.b.example", OPEN, limited("*.b.example")) == "the secret"
    assert leaves("b.example", OPEN, limited("*.b.example")) == "the placeholder"


def test_the_place_has_to_be_allowed_too():
    assert leaves("a.example", OPEN, OPEN, "body") == "the placeholder"
    assert leaves("a.example", OPEN, OPEN, "body", body=True, header=False) == "the secret"
    assert leaves("a.example", OPEN, OPEN, body=True, header=False) == "the placeholder"


@pytest.mark.parametrize("guess", ["a", "A)", "api.tickets.example, in a header"])
def test_who_is_sent_the_secret(guess, passes):
    passes(lesson09.leaving, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("b", "for headers only"),
        ("ac", "the credential doesn't know this host"),
        ("d", "lets no request out"),
        ("e", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_which_rule_it_overlooks(guess, why, fails):
    fails(lesson09.leaving, guess, why=why)


# -- verbs and deliveries ---------------------------------------------------------------------------------


def test_the_verbs_are_methods_of_the_client():
    client = Anthropic(api_key="not used")
    rows = lesson09.verbs(client).rows
    assert rows["sessions"] == {
        **{verb: verb for verb in ("create", "retrieve", "update", "list", "archive", "delete")},
        "more": "-",
    }
    assert rows["files"]["create"] == "upload" and rows["files"]["more"] == "download"
    assert rows["deployments"]["more"] == "pause, run, unpause"
    assert rows["deployment_runs"]["create"] == "-"
    assert all(callable(getattr(client.beta.files, name)) for name in ("upload", "retrieve_metadata"))


def test_one_delivery_is_genuine_and_our_receiver_takes_no_other():
    secret = new_secret()
    receiver = WebhookReceiver(secret, lambda session_id, types: None)
    sent = lesson09.deliveries(secret, "sesn_1")
    answers = {delivery.what: receiver.take(delivery.headers, delivery.body) for delivery in sent}
    receiver.close()
    assert [what for what, status in answers.items() if status < 300] == ["genuine"]
    assert [delivery.what for delivery in sent if delivery.genuine] == ["genuine"]
    assert set(answers.values()) == {202, 400}
