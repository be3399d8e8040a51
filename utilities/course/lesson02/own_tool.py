"""The exercise of 02b: a tool of one's own beside the memory tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anthropic.lib.tools import BetaAsyncFunctionTool, BetaFunctionTool

from utilities import (
    TurnResult,
    custom_tool_params,
    open_brain,
    stream_until_end_turn,
    wait_for_idle_status,
)
from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, Wrong, failing_on_purpose
from ..places import RECORDINGS

PATIENCE = 10.0  # seconds for what should take a tenth of one


def _check_own_tool(my_tools: Callable[..., Any]) -> str:
    if not callable(my_tools):
        raise Wrong(f"my_tools is to be a function of brain and bank_id, not {my_tools!r}")
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
    return "two tools at once, each answered once, and a day that doesn't exist reaches the agent as an error"


def _require_tools(tools: Any) -> None:
    if not isinstance(tools, list | tuple):
        raise Wrong(f"my_tools is to return a list of tools, and it returns {_named(tools)}")
    for tool in tools:
        if not isinstance(tool, BetaFunctionTool | BetaAsyncFunctionTool):
            raise Wrong(f"{_named(tool)} in your list is no tool yet: @beta_tool above a function makes one")
    params = {tool["name"]: tool for tool in custom_tool_params(tools)}
    for name in ("memory_retain", "memory_recall", "days_between"):
        if name not in params:
            raise Wrong(f"the agent has no tool {name}; it has {', '.join(params) or 'none'}")
    days = params["days_between"]
    if sorted(days["input_schema"].get("properties") or ()) != ["first", "last"]:
        raise Wrong("days_between takes two days, `first` and `last`")
    if not days["description"].strip():
        raise Wrong("days_between has no description: the agent would not know what it is for")


def _named(thing: Any) -> str:
    """What it is, in a few words."""
    if isinstance(thing, BetaFunctionTool | BetaAsyncFunctionTool):
        return f"the tool {thing.name}"
    name = getattr(thing, "__name__", None)
    return f"the function {name}" if callable(thing) and name else repr(thing)


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
    "Exercise 1",
    _check_own_tool,
    [
        "@beta_tool makes a tool of a typed function with a docstring; its name is the function's.",
        "date.fromisoformat reads a day; the difference of two has .days. A tool returns a text.",
        "return [*memory_tools(brain, bank_id), days_between]; what your function raises reaches the agent.",
    ],
    minutes=8,
)
