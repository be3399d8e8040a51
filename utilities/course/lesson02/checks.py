"""The exercises of lesson 02."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from astrocyte import Astrocyte

from utilities import (
    TurnResult,
    custom_tool_params,
    memory_tools,
    open_brain,
    stream_until_end_turn,
    wait_for_idle_status,
)
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, failing_on_purpose, within
from ..places import RECORDINGS

PATIENCE = 10.0  # seconds for what should take a tenth of one


def _run(function: Callable[[Astrocyte], Any]) -> Any:
    """Await `function(brain)` for an empty brain; in a thread, since a notebook's event loop is running."""

    async def run() -> Any:
        with TemporaryDirectory() as folder:
            return await function(open_brain(Path(folder, "brain.db")))

    return within(PATIENCE, asyncio.run, run())


# -- 1: a note that is found -------------------------------------------------------------------------

NOTE = "Thu 19h Rosa, castellano"
OTHERS = (
    "Ada is allergic to hazelnuts.",
    "Ada's product launch is on 19 March.",
    "Ada wants a window seat on trains.",
    "Ada prefers mail to calls.",
    "Ada's sister Maya lives in Lisbon.",
    "Ada drinks her coffee black.",
    "Ada's team meets on Mondays at 9.",
)
QUESTIONS = (
    "When is Ada's language course?",
    "Who teaches Ada Spanish?",
    "Does Ada learn a foreign language?",
)
LONGEST = 200  # characters


def ranks(content: str) -> dict[str, int]:
    """How manieth `content` is in what a bank with seven other facts recalls, for each question."""

    async def rank(brain: Astrocyte) -> dict[str, int]:
        for fact in (*OTHERS, content):
            await brain.retain(fact, "ada")
        found = {}
        for question in QUESTIONS:
            texts = [hit.text for hit in (await brain.recall(question, "ada", max_results=50)).hits]
            found[question] = texts.index(content) + 1 if content in texts else 0
        return found

    return dict(_run(rank))


def _check_finding(content: Any) -> str:
    if not isinstance(content, str) or not content.strip():
        raise Wrong("what is stored is a text")
    if content == NOTE:
        raise Wrong(f"that is the note as it was: {_said(ranks(content))}")
    if "?" in content or len(content) > LONGEST:
        raise Wrong(
            f"store the fact, in at most {LONGEST} characters; a list of questions is not what the user said"
        )
    for kept in (("Thu",), ("7", "seven", "19"), ("Rosa",)):
        if not any(part in content for part in kept):
            raise Wrong(f"the note said {NOTE!r}; of that, {kept[0]!r} is lost")
    found = ranks(content)
    if any(rank != 1 for rank in found.values()):
        raise Wrong(f"not yet first for each question: {_said(found)}")
    return f"first for {len(found)} questions; before, {_said(ranks(NOTE))}"


def _said(found: dict[str, int]) -> str:
    places = (f"{question!r} {f'number {rank}' if rank else 'not found'}" for question, rank in found.items())
    return ", ".join(places)


finding = Exercise(
    "Exercise 1",
    _check_finding,
    [
        "The note leaves out what was obvious when it was written: whose, what, which language.",
        "Write one sentence that a stranger would understand, with the words that a question could mean.",
        "Who is it about, what does she do with Rosa, when? 'castellano' is Spanish, and it is a course.",
    ],
)


# -- 2: one bank for each user ------------------------------------------------------------------------

USERS = (
    *("ada", "Ada", "ada ", "ada\n", "ada@example.org", "ada+1@example.org", "../ada", "..", "-ada"),
    *("a/b", "a_b", "a-b", "a.b", "Ümit", "Umit", "梅", "💜", "x" * 300, "x" * 301),
)


def _check_bank_for(bank_for: Callable[[str], Any]) -> str:
    banks = {user: bank_for(user) for user in USERS}
    if all(bank is ... or bank is None for bank in banks.values()):
        raise NotAttempted
    for user, bank in banks.items():
        if bank_for(user) != bank:
            raise Wrong(f"the second time, {user!r} got another bank: what was stored would be lost")
    owners: dict[Any, str] = {}
    for user, bank in banks.items():
        if bank in owners:
            raise Wrong(f"{_short(owners[bank])} and {_short(user)} would share the bank {_short(bank)}")
        owners[bank] = user
    try:
        leaks = _run(lambda brain: _leaks(brain, banks))
    except TookTooLong:
        raise Wrong(f"the banks were not filled after {PATIENCE:.0f} s") from None
    if leaks:
        raise Wrong(leaks)
    return f"{len(banks)} users, however they are named, and none finds what another has stored"


async def _leaks(brain: Astrocyte, banks: dict[str, str]) -> str:
    """Whose bank doesn't hold exactly what its user has stored; empty if each does."""
    tools = {}
    for user, bank in banks.items():
        try:
            tools[user] = {tool.name: tool for tool in memory_tools(brain, bank)}
        except (ValueError, TypeError) as error:
            return f"for {_short(user)}: {error}"
        await tools[user]["memory_retain"].call({"content": f"The user is number {len(tools)}."})
    for number, user in enumerate(tools, 1):
        texts = [hit.text for hit in (await brain.recall("Which user is it?", banks[user])).hits]
        if texts != [f"The user is number {number}."]:
            return f"in the bank of {_short(user)} there is {texts}"
    return ""


def _short(text: Any) -> str:
    return repr(text) if len(repr(text)) < 60 else f"{repr(text)[:40]}… ({len(text)} characters)"


banking = Exercise(
    "Exercise 2",
    _check_bank_for,
    [
        "A bank's name takes A-Z a-z 0-9 . _ : @ - only, and at most 255 of them; a user's can be anything.",
        "Replacing what isn't allowed makes two users one. What gives different texts different plain names?",
        "hashlib.sha256(user_id.encode()).hexdigest() has 64 letters and digits, and no two users share it.",
    ],
)


# -- 3: a tool of one's own beside the memory tools ----------------------------------------------------


def _check_own_tool(my_tools: Callable[..., Any]) -> str:
    recording = Recording.load(RECORDINGS / "02_own_tool.jsonl")
    with TemporaryDirectory() as folder, ManagedAgentsApi(recording, strict=False) as api:
        tools = my_tools(open_brain(Path(folder, "brain.db"), client=api.client), "user-ada")
        if tools is ... or tools is None:
            raise NotAttempted
        _require_tools(tools)
        with failing_on_purpose():  # one call is for a day that doesn't exist
            first, second = _turns(api, recording, tools)
    calls = {call.name: call for call in first.tool_calls}
    if '"stored": true' not in calls["memory_retain"].text:
        raise Wrong(f"memory_retain answered {calls['memory_retain'].text!r}: is it memory_tools' own?")
    _require_days(calls["days_between"], 118)
    impossible, possible = second.tool_calls
    if not impossible.is_error:
        raise Wrong(
            f"30 February is no day, but the agent was told {impossible.text!r} as if it were; raise an error"
        )
    _require_days(possible, 99)
    return (
        "two tools at once, each answered once, and a day that doesn't exist is an error the agent can mend"
    )


def _require_tools(tools: Sequence[Any]) -> None:
    params = {tool["name"]: tool for tool in custom_tool_params(tools)}
    for name in ("memory_retain", "memory_recall", "days_between"):
        if name not in params:
            raise Wrong(f"the agent has no tool {name}; it has {', '.join(params) or 'none'}")
    days = params["days_between"]
    if sorted(days["input_schema"].get("properties") or ()) != ["first", "last"]:
        raise Wrong("days_between takes two days, `first` and `last`")
    if not days["description"].strip():
        raise Wrong("days_between has no description: the agent would not know what it is for")


def _turns(api: ManagedAgentsApi, recording: Recording, tools: Sequence[Any]) -> list[TurnResult]:
    session_id = api.create_session(recording.name)
    messages = [event["content"] for event in recording.events if event["type"] == "user.message"]
    turns = []
    for content in messages:
        try:
            turns.append(
                stream_until_end_turn(api.client, session_id, content, tools=tools, timeout=PATIENCE)
            )
        except TimeoutError:
            raise Wrong(f"a tool had not answered after {PATIENCE:.0f} s") from None
    wait_for_idle_status(api.client, session_id)
    return turns


def _require_days(call: Any, days: int) -> None:
    first, last = call.input["first"], call.input["last"]
    if call.is_error:
        raise Wrong(f"days_between({first!r}, {last!r}) failed: {call.text}")
    if call.text.strip() != str(days):
        raise Wrong(f"from {first} to {last} there are {days} days; your tool said {call.text!r}")


own_tool = Exercise(
    "Exercise 3",
    _check_own_tool,
    [
        "@beta_tool makes a tool of a typed function with a docstring; its name is the function's.",
        "date.fromisoformat reads a day; the difference of two has .days. A tool returns a text.",
        "return [*memory_tools(brain, bank_id), days_between]; what your function raises reaches the agent.",
    ],
)
