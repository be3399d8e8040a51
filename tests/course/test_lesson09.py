"""Lesson 09: wrong answers fail, each for its own reason, and right ones of another style pass; what the
lesson says of credentials is what its helpers do."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from tests.kit.calling import serving, strict
from utilities.course import lesson09
from utilities.course.lesson09 import NEEDED, turn_of

URL = "https://mcp.tickets.example/mcp"

# -- whose vaults a session gets --------------------------------------------------------------------------


def with_a_loop(user: Any, vaults: list[Any]) -> list[str]:
    ids = []
    for vault in vaults:
        if user is not None and "user" in vault.metadata and vault.metadata["user"] == user:
            ids.append(vault.id)
    assert ids
    return ids


def by_grouping(user: Any, vaults: list[Any]) -> list[str]:
    of = defaultdict(list)
    for vault in vaults:
        if owner := vault.metadata.get("user"):
            of[owner].append(vault.id)
    return dict(of)[user]


def with_a_filter(user: Any, vaults: list[Any]) -> tuple[str, ...]:
    mine = tuple(vault.id for vault in filter(lambda vault: ("user", user) in vault.metadata.items(), vaults))
    if not mine:
        raise SystemExit(f"{user} has no vault")
    return mine[::-1]


@pytest.mark.parametrize("vaults_for", [with_a_loop, by_grouping, with_a_filter])
def test_other_ways_to_choose_vaults_pass(vaults_for, passes):
    passes(lesson09.choosing, vaults_for)


def or_raise(ids: list[Any]) -> list[Any]:
    if not ids:
        raise LookupError("no vault")
    return ids


WRONG_CHOICES = [
    (lambda user, vaults: [v.id for v in vaults if v.metadata.get("user") == user], "raise an error"),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if v.metadata.get("user") == user]),
        "for None, who has no vault, it returned ['vlt_4']",
    ),
    (lambda user, vaults: [v.id for v in vaults if v.metadata["user"] == user], "it raised KeyError"),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if v.display_name.lower() == user]),
        "a session of 'ada' got the vault 'ada' ({'user': 'grace'})",
    ),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if user in v.metadata.get("user", "")]),
        "got the vault 'Adam'",
    ),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if user in v.metadata.values()]),
        "a session of 'grace' got the vault 'Ada, second server'",
    ),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if v.metadata.get("user", "").lower() == user]),
        "a session of 'ada' got the vault 'ADA'",
    ),
    (
        lambda user, vaults: or_raise([v.id for v in vaults if v.metadata.get("user") == user][:1]),
        "didn't get the vault 'Ada, second server'",
    ),
    (
        lambda user, vaults: next(v.id for v in vaults if v.metadata.get("user") == user),
        "`vault_ids` takes a list",
    ),
    (
        lambda user, vaults: or_raise([v for v in vaults if v.metadata.get("user") == user]),
        "something else than ids",
    ),
    (lambda user, vaults: [v.id for v in vaults], "a session of 'ada' got the vault 'Grace'"),
]


@pytest.mark.parametrize(("vaults_for", "why"), WRONG_CHOICES)
def test_a_wrong_choice_of_vaults_is_told_which_vault_it_was(vaults_for, why, fails):
    fails(lesson09.choosing, vaults_for, why=why)


# -- whether a turn worked --------------------------------------------------------------------------------


def each_by_itself(turn: Any, needed: Any) -> bool:
    for name in needed:
        results = [c.result for c in turn.tool_calls if c.name == name and c.result is not c.verdict]
        if not any(result is not None and result.is_error is not True for result in results):
            return False
    return True


def by_events(turn: Any, needed: Any) -> bool:
    names = {event.id: event.name for event in turn.events if event.type == "agent.mcp_tool_use"}
    good = [e for e in turn.events if e.type == "agent.mcp_tool_result" and not e.is_error]
    return not set(needed) - {names[event.mcp_tool_use_id] for event in good}


def by_counting(turn: Any, needed: Any) -> bool:
    good = [c.name for c in turn.tool_calls if c.result not in (None, c.verdict) and not c.is_error]
    return all(good.count(name) for name in needed)


def by_type(turn: Any, needed: Any) -> bool:
    results = {c.name for c in turn.tool_calls if c.result and "result" in c.result.type and not c.is_error}
    return results.issuperset(needed)


@pytest.mark.parametrize("worked", [each_by_itself, by_events, by_counting, by_type])
def test_other_ways_to_see_that_a_turn_worked_pass(worked, passes):
    passes(lesson09.working, worked)


def good(call: Any) -> bool:
    return bool(call and call.result not in (None, call.verdict) and not call.is_error)


WRONG_CHECKS = [
    (lambda turn, needed: turn.outcome == "end_turn", "in which nobody called add_note: you say True"),
    (lambda turn, needed: not turn.errors, "if only create_ticket was needed: you say False"),
    (lambda turn, needed: "Done" in turn.text, "in which nobody called add_note: you say True"),
    (
        lambda turn, needed: {call.name for call in turn.tool_calls} >= set(needed),
        "in which the server refused add_note: you say True",
    ),
    (
        lambda turn, needed: (
            {call.name for call in turn.tool_calls} >= set(needed)
            and not any(call.is_error for call in turn.tool_calls)
        ),
        "both made good by a retry: you say False",
    ),
    (
        lambda turn, needed: set(needed) <= {call.name for call in turn.tool_calls if not call.is_error},
        "a turn whose call has no result yet: you say True",
    ),
    (
        lambda turn, needed: len(turn.tool_calls) == len(needed),
        "Ada's turn, if only create_ticket was needed: you say False",
    ),
    (
        lambda turn, needed: sorted(needed) == sorted(c.name for c in turn.tool_calls if good(c)),
        "Ada's turn, if only create_ticket was needed: you say False",
    ),
    (
        lambda turn, needed: all(
            good({c.name: c for c in turn.tool_calls}.get(name))
            for name in needed  # the last call of it
        ),
        "after it one that failed: you say False",
    ),
    (
        lambda turn, needed: set(needed) <= {c.name for c in turn.tool_calls if c.result and not c.is_error},
        "a turn whose call was allowed, and never ran: you say True",
    ),
    (
        lambda turn, needed: turn.outcome == "end_turn" and each_by_itself(turn, needed),
        "which its budget ended: you say False",
    ),
    (
        lambda turn, needed: (
            set(needed) <= {c.name for c in turn.tool_calls if good(c) and c.verdict is None}
        ),
        "a turn whose call was allowed and ran, and which its budget ended: you say False",
    ),
    (lambda turn, needed: None, "a `return` is missing"),
    (lambda turn, needed: turn.tool_calls[1].is_error, "Ada's turn, in which both calls have a good result"),
]


@pytest.mark.parametrize(("worked", "why"), WRONG_CHECKS)
def test_a_wrong_check_of_a_turn_is_told_which_turn_it_was(worked, why, fails):
    fails(lesson09.working, worked, why=why)


def test_both_agents_say_the_same_of_turns_that_differ():
    """What is held against them is their calls, never their words."""
    said = [turn_of(name).text.rpartition("Done: ")[2] for name in ("09_a", "09_b", "09_c", "09_d")]
    assert all(text.endswith("has its note.") for text in said)
    assert [turn_of(name).outcome for name in ("09_a", "09_b", "09_c", "09_d")] == ["end_turn"] * 4
    assert [each_by_itself(turn_of(name), NEEDED) for name in ("09_a", "09_b")] == [True, False]


# -- a prediction -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["cd", "d, c", ["c", "D"], ["10 cents", "null: no budget any more"]])
def test_what_becomes_of_a_budget(guess, passes):
    passes(lesson09.raising, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "more than that is spent already"),
        ("bc", "above what is spent"),
        ("c", "a budget may be removed, once"),
        ("d", "the session has room again"),
        ("e", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_what_it_overlooks(guess, why, fails):
    fails(lesson09.raising, guess, why=why)


# -- whose credential -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("HTTPS://MCP.tickets.example/mcp", True),
        ("https://mcp.tickets.example:443/mcp", True),
        ("https://mcp.tickets.example/mcp//", True),
        ("https://mcp.tickets.example/MCP", False),
        ("https://mcp.tickets.example/mcp/v2", False),
        ("https://mcp.tickets.example:8443/mcp", False),
        ("https://tickets.example/mcp", False),
        ("http://mcp.tickets.example/mcp", False),
    ],
)
def test_which_addresses_are_one_server(other, same):
    assert lesson09.same_server(URL, other) is same


def test_the_first_vault_with_a_match_decides():
    with serving() as server, strict(server) as client:
        vaults = [client.beta.vaults.create(display_name=name) for name in ("empty", "other", "a", "b")]
        for vault, url in zip(vaults[1:], (URL + "/v2", URL + "/", URL), strict=True):
            auth = {"type": "static_bearer", "mcp_server_url": url, "token": "secret"}
            client.beta.vaults.credentials.create(vault.id, auth=auth)
        variable = {"type": "environment_variable", "secret_name": "X", "secret_value": "secret"}
        networking = {"type": "unrestricted"}
        client.beta.vaults.credentials.create(vaults[0].id, auth={**variable, "networking": networking})
        empty, other, a, b = (vault.id for vault in vaults)

        def owner(*ids):
            found = lesson09.would_use(client, ids, URL)
            return found and found.vault_id

        assert owner(empty, other, a, b) == a
        assert owner(b, a) == b
        assert owner(empty, other) is owner() is None
