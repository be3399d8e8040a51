"""Custom tools and confirmations: from a session's calls to the events that answer them.

The tools are the SDK's own (`@beta_tool`, `@beta_async_tool`), so what you write here also
works in its `tool_runner`. Copy this file with `turn.py` and `stream.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from anthropic.lib.tools import BetaAsyncFunctionTool, BetaFunctionTool, ToolError
from anyio.to_thread import run_sync

__all__ = ["Confirm", "Tool", "custom_tool_params", "run_tools", "tools_by_name", "verdict_event"]

Tool = BetaFunctionTool[Any] | BetaAsyncFunctionTool[Any]
Event = Any
Verdict = bool | str | None
Confirm = Callable[[Event], Any]
"""Decides about a call that asks for permission: True allows, False or a text (the reason, shown to
the agent) denies, None leaves it undecided. May be async in the async helpers."""

BLOCKS = ("text", "image", "document", "search_result")  # what a session accepts as a result [sdk]


def custom_tool_params(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """The tools as `agents.create(tools=[…])` and a recording want them.

    Args:
        tools: the SDK's runnable tools.

    Returns:
        One `{"type": "custom", "name", "description", "input_schema"}` for each.
    """
    params = []
    for tool in tools:
        given = tool.to_dict()
        keys = ("name", "description", "input_schema")
        params.append({"type": "custom", **{key: given.get(key) or "" for key in keys}})
    return params


def tools_by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """The tools by the name that the agent calls them by.

    Raises:
        ValueError: two have the same name.
    """
    named = {tool.name: tool for tool in tools}
    if len(named) != len(tools):
        names = [tool.name for tool in tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two tools are named {', '.join(twice)}: the agent could not tell them apart")
    return named


async def run_tools(calls: Sequence[Event], tools: Mapping[str, Tool]) -> dict[str, dict[str, Any]]:
    """Run the custom calls that we have a tool for, all at once.

    What a tool raises becomes a result with `is_error`, so that the agent can react to it and the
    session never hangs; a sync tool runs in a thread.

    Returns:
        The answering events by call id; calls for which there is no tool are left out.
    """
    mine = [call for call in calls if call.type == "agent.custom_tool_use" and call.name in tools]
    results = await asyncio.gather(*(_run(tools[call.name], dict(call.input)) for call in mine))
    return {
        call.id: {
            "type": "user.custom_tool_result",
            "custom_tool_use_id": call.id,
            "content": content,
            "is_error": is_error,
        }
        for call, (content, is_error) in zip(mine, results, strict=True)
    }


async def _run(tool: Tool, arguments: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
    try:
        if isinstance(tool, BetaAsyncFunctionTool):
            return result_content(await tool.call(arguments)), False
        result: Any = await run_sync(tool.call, arguments, abandon_on_cancel=True)
        return result_content(await result if inspect.isawaitable(result) else result), False
    except ToolError as error:
        return result_content(error.content), True
    except Exception as error:  # whatever it is, the agent has to hear of it, or the session waits for ever
        return result_content(f"{type(error).__name__}: {error}"), True


def result_content(result: Any) -> list[dict[str, Any]]:
    """What a tool returned, as content blocks that a session takes; nothing becomes "(no output)"."""
    if isinstance(result, str) or result is None:
        return [{"type": "text", "text": _sendable(result) or "(no output)"}]
    blocks = []
    for block in result:
        if block.get("type") == "text":
            blocks.append({**block, "text": _sendable(block.get("text")) or "(no output)"})
        elif block.get("type") in BLOCKS:
            blocks.append(block)
        else:  # the Messages API has more kinds of blocks than a session takes
            blocks.append({"type": "text", "text": json.dumps(block)})
    return blocks or [{"type": "text", "text": "(no output)"}]


def _sendable(text: str | None) -> str:
    """The text without lone surrogates, which JSON over HTTP can't carry."""
    return (text or "").encode("utf-8", "replace").decode()


def asks(call: Event) -> bool:
    """Whether a built-in or MCP call waits for the user's permission."""
    return getattr(call, "evaluated_permission", None) == "ask"


def verdict_event(call: Event, verdict: Verdict) -> dict[str, Any] | None:
    """The event that carries the user's verdict; None when there is no verdict yet."""
    if verdict is None:
        return None
    event = {
        "type": "user.tool_confirmation",
        "tool_use_id": call.id,
        "result": "allow" if verdict is True else "deny",
    }
    if isinstance(verdict, str):
        event["deny_message"] = verdict
    return event
