"""Custom tools and confirmations: from a session's calls to the events that answer them.

The tools are the SDK's own (`@beta_tool`, `@beta_async_tool`), so what you write here also
works in its `tool_runner`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from anthropic.lib.tools import BetaAsyncFunctionTool, BetaFunctionTool, ToolError
from anthropic.types.beta import BetaManagedAgentsCustomToolParams
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pydantic import BaseModel

from .result import Event
from .schemas import inlined

__all__ = [
    "Confirm",
    "Tool",
    "asks",
    "custom_tool_params",
    "run_tools",
    "run_tools_in_background",
    "tools_by_name",
    "verdict_event",
]

Tool = BetaFunctionTool[Any] | BetaAsyncFunctionTool[Any]
Verdict = bool | str | None
Confirm = Callable[[Event], Any]
"""Decides about a call that asks for permission: True allows, False or a text (the reason, shown to
the agent) denies, None leaves it undecided. May be async in the async helpers; only there can the turn's
deadline end it."""
Outcome = tuple[list[dict[str, Any]], bool]  # a result's content and `is_error`

BLOCKS = ("text", "image", "document", "search_result")  # what the SDK's types let a result consist of


def custom_tool_params(tools: Iterable[Tool]) -> list[BetaManagedAgentsCustomToolParams]:
    """The tools as `agents.create(tools=[…])` and a recording want them.

    Args:
        tools: the SDK's runnable tools.

    Returns:
        One `{"type": "custom", "name", "description", "input_schema"}` for each, nested models written out
        where they are used: the API takes no references.

    Raises:
        ValueError: what the API would refuse: a tool without a description, or with a model that contains
            itself. The message names the tool.
    """
    return cast(list[BetaManagedAgentsCustomToolParams], [_custom_tool(tool) for tool in tools])


def _custom_tool(tool: Tool) -> dict[str, Any]:
    given: Mapping[str, Any] = tool.to_dict()
    description = given.get("description") or ""
    if not description.strip():
        add = "give its function a docstring, or `description=`: the agent decides by it when to call"
        raise ValueError(f"the tool {tool.name!r} has no description, which agents.create refuses: {add}")
    try:
        schema = inlined(dict(given["input_schema"]))
    except ValueError as error:
        why = "agents.create takes no references, so everything must be written out: take flat parameters"
        raise ValueError(f"the input of the tool {tool.name!r} can't be described: {error}; {why}") from error
    return {"type": "custom", "name": tool.name, "description": description, "input_schema": schema}


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
    session never hangs. Each sync tool runs in a thread of its own; a thread can't be ended, so one that
    is cut off by the turn's deadline goes on to its end, and nobody hears its result.

    Returns:
        The answering events by call id; calls for which there is no tool are left out.
    """
    mine = [call for call in calls if call.type == "agent.custom_tool_use" and call.name in tools]
    threads = CapacityLimiter(max(1, len(mine)))  # anyio's own, of 40, would make the others wait
    results = await asyncio.gather(*(_run(tools[call.name], dict(call.input), threads) for call in mine))
    return {
        call.id: {
            "type": "user.custom_tool_result",
            "custom_tool_use_id": call.id,
            "content": content,
            "is_error": is_error,
        }
        for call, (content, is_error) in zip(mine, results, strict=True)
    }


def run_tools_in_background(
    calls: Sequence[Event], tools: Mapping[str, Tool], seconds: float
) -> dict[str, dict[str, Any]] | None:
    """`run_tools` for a caller without an event loop; None if it took longer, and it is cancelled then."""
    future = asyncio.run_coroutine_threadsafe(run_tools(calls, tools), background.get())
    try:
        return future.result(None if seconds == float("inf") else seconds)
    except TimeoutError:  # of the waiting: what a tool raises has become its result
        return None
    finally:
        future.cancel()


class BackgroundLoop:
    """One event loop for the tools of sync callers: it works inside Jupyter, where a loop runs already,
    and stays the same from turn to turn, for tools whose connections belong to a loop. If its thread has
    ended, because a tool stopped the loop or because this process was forked, there is a new one."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self.running = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.running.run_forever, name="tools", daemon=True)
                self.thread.start()
            return self.running


background = BackgroundLoop()
if hasattr(os, "register_at_fork"):  # the child has the lock, but not the thread that may hold it
    os.register_at_fork(after_in_child=background.forget)


async def _run(tool: Tool, arguments: dict[str, Any], threads: CapacityLimiter) -> Outcome:
    try:
        if isinstance(tool, BetaAsyncFunctionTool):
            return result_content(await tool.call(arguments)), False
        outcome = await run_sync(_called, tool, arguments, abandon_on_cancel=True, limiter=threads)
        return (result_content(await outcome), False) if inspect.isawaitable(outcome) else outcome
    except BaseException as error:
        if _is_ours(error):
            raise
        return _failure(error)


def _called(tool: BetaFunctionTool[Any], arguments: dict[str, Any]) -> Outcome | Awaitable[Any]:
    """A sync tool's outcome. Nothing is raised out of the thread: what is no `Exception` would end the
    event loop that waits for it, and with it the tools of every later turn."""
    try:
        result: Any = tool.call(arguments)
        return result if inspect.isawaitable(result) else (result_content(result), False)
    except BaseException as error:  # noqa: BLE001
        return _failure(error)


def _is_ours(error: BaseException) -> bool:
    """Whether it is meant for us, not the tool's own: the turn is cancelled, or the user pressed Ctrl-C."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def _failure(error: BaseException) -> Outcome:
    """What a tool raised, whatever it is: the agent has to hear of it, or the session waits for ever."""
    if isinstance(error, ToolError):
        return result_content(error.content), True
    return result_content(f"{type(error).__name__}: {error}"), True


def result_content(result: Any) -> list[dict[str, Any]]:
    """What a tool returned, as content blocks that a session takes.

    A text or content blocks are sent as they are, anything else as JSON; nothing becomes "(no output)".
    """
    result = _plain(result)
    if result is None or isinstance(result, str):
        return [_text(result)]
    if isinstance(result, Mapping) and result.get("type") in BLOCKS:
        result = [result]
    elif isinstance(result, Iterable) and not isinstance(result, Mapping | bytes | bytearray):
        result = list(map(_plain, result))
    else:
        return [_text(_json(result))]
    if not all(isinstance(item, Mapping) and isinstance(item.get("type"), str) for item in result):
        return [_text(_json(result))]
    return [_block(item) for item in result] or [_text("")]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    if block["type"] == "text":
        return {**block, **_text(block.get("text"))}
    if block["type"] in BLOCKS:
        return dict(block)
    return _text(_json(block))  # the Messages API has more kinds of blocks than a session takes


def _text(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": _sendable("" if text is None else str(text)) or "(no output)"}


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # a key that is no text, a value inside itself
        return str(value)


def _sendable(text: str) -> str:
    """The text without lone surrogates, which JSON over HTTP can't carry."""
    return text.encode("utf-8", "replace").decode()


def asks(call: Event) -> bool:
    """Whether a built-in or MCP call waits for the user's permission."""
    return getattr(call, "evaluated_permission", None) == "ask"


def verdict_event(call: Event, verdict: Verdict) -> dict[str, Any] | None:
    """The event that carries the user's verdict; None when there is no verdict yet.

    Raises:
        TypeError: the verdict is none of `Confirm`'s.
    """
    if verdict is None:
        return None
    if not isinstance(verdict, bool | str):
        raise TypeError(
            f"confirm returned {verdict!r:.80} for {getattr(call, 'name', 'a call')} ({call.id}): it must be "
            "True (allow), False or a text (deny) or None (undecided)"
        )
    event = {
        "type": "user.tool_confirmation",
        "tool_use_id": call.id,
        "result": "allow" if verdict is True else "deny",
    }
    if isinstance(verdict, str) and verdict:
        event["deny_message"] = verdict
    return event
