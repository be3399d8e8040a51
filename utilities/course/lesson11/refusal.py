"""Lesson 11's first exercise: a scenario in which the program refuses what the agent asks for."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import places
from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong
from .apart import apart

__all__ = ["refused"]

SECONDS = 30.0  # for a program that waits for something that never comes
FILE = "refused.toml"


@dataclass
class Played:
    """What the program and a scenario came to.

    Attributes:
        unreadable: why no recording could be made, else empty.
        difference: what the program did otherwise than recorded, else empty.
        calls: what the recorded agent calls: the tool's name, its input, and if it hears an error.
        told: what the customer is told. ledger: what was paid.
    """

    unreadable: str = ""
    difference: str = ""
    calls: list[tuple[str, dict[str, Any], bool]] = field(default_factory=list)
    told: str = ""
    ledger: list[tuple[str, float]] = field(default_factory=list)


def play(scenario: str) -> Played:
    """Make the recording and run the desk on it; for `apart`, since it changes the process's environment."""
    from utilities.replay.scenario import ScenarioError, record

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "scenarios" / FILE
        path.parent.mkdir()
        path.write_text(scenario, "utf-8")
        try:
            recording = asyncio.run(record(path, folder))
        except ScenarioError as error:
            return Played(unreadable=str(error))
        for file in (places.DATA / "desk").glob("*.py"):
            shutil.copy(file, folder)
        sys.path.insert(0, name)
        return _played(recording)


def _played(recording: Any) -> Played:
    from anthropic import BadRequestError

    from utilities.replay.testing import ManagedAgentsApi

    events = recording.events
    failed = {
        e["custom_tool_use_id"]: e["is_error"] for e in events if e["type"] == "user.custom_tool_result"
    }
    calls = [
        (e["name"], e["input"], failed.get(e["id"], False))
        for e in events
        if e["type"] == "agent.custom_tool_use"
    ]
    case = next(e["content"][0]["text"] for e in events if e["type"] == "user.message")
    played = Played(calls=calls)
    with ManagedAgentsApi([recording]) as api:
        os.environ.update(api.environment)
        from desk import handle  # type: ignore[import-not-found]  # of the copy

        try:
            played.told = handle(case, played.ledger)
        except BadRequestError as refused:
            body: Any = refused.body
            played.difference = body["error"]["message"]
        else:
            played.difference = "; ".join(str(s.missing) for s in api.sessions if s.missing)
    return played


def _check(scenario: str) -> str:
    if not isinstance(scenario, str):
        raise Wrong(f"a scenario is a text, in TOML, and this is {scenario!r:.60}")
    if "turns.requests" not in scenario and "requests =" not in scenario:
        raise NotAttempted
    try:
        played = apart(play, scenario, seconds=SECONDS)
    except TookTooLong:
        raise Wrong("the program waits for something that your scenario never lets happen") from None
    if played.unreadable:
        raise Wrong(f"no recording can be made of it: {played.unreadable}")
    if others := [name for name, _, _ in played.calls if name != "refund"]:
        raise Wrong(f"the agent calls {others[0]!r}, and the desk has one tool, which is called refund")
    if played.difference:
        raise Wrong(f"your scenario and the program differ: {_in_short(played.difference)}")
    if not played.calls:
        raise Wrong("the agent never calls refund, so nothing is refused")
    if not any(failed for _, _, failed in played.calls):
        name, given, _ = played.calls[0]
        raise Wrong(f"{name} {given} isn't refused: it pays, and the ledger has {played.ledger}")
    if played.ledger:
        raise Wrong(f"one call is refused, and then money is paid after all: the ledger has {played.ledger}")
    if not played.told:
        raise Wrong("the agent says nothing after the refusal, so the customer is told nothing")
    return f"the refund is refused, nothing is paid, and the customer is told: {played.told.rstrip('.')}"


def _in_short(difference: str) -> str:
    """What a refusal of the server, or what a session lacks, comes to here."""
    found = re.search(r"it has (.*) where you sent (.*)\. Send what was recorded", difference)
    if found:
        return f"the scenario has {found[1]}, and the program answers {found[2]}"
    return difference.rstrip(".")


refused = Exercise(
    "Exercise 1",
    _check,
    [
        "Look at 11_a: one request of the model calls refund, the next one says something. What does refund "
        "answer for A-1002? desk.py says it.",
        "The result is the text of the ValueError, to the letter. The agent hears it as an error, and a "
        "scenario has to say that too: is_error = true beside the result.",
        'calls = [{ custom = "refund", seconds = 0.3, input.order = "A-1002", result = "189.00 is above '
        '100.00: a person decides", is_error = true }]',
    ],
    minutes=5,
)
