"""Custom tools and confirmations: from a session's calls to the events that answer them.

The tools are the SDK's own (`@beta_tool`, `@beta_async_tool`), so what you write here also
works in its `tool_runner`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import anthropic
from anthropic.lib.tools import BetaAsyncFunctionTool, BetaFunctionTool, ToolError
from anthropic.types.beta import BetaManagedAgentsCustomToolParams
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from .contents import result_content, sendable, text_block
from .result import Event
from .schemas import inlined
from .sending import custom_tool_result, tool_confirmation
from .timing import has_threads

__all__ = [
    "Confirm",
    "Tool",
    "asks",
    "custom_tool_params",
    "run_tools",
    "run_tools_in_background",
    "tools_by_name",
    "undeliverable",
    "verdict_event",
]

Tool = BetaFunctionTool[Any] | BetaAsyncFunctionTool[Any]
Verdict = bool | str | None
Confirm = Callable[[Event], Any]
"""Decides about a call that asks for permission: True allows, False or a text (the reason, shown to
the agent) denies, None leaves it undecided. May be async in the async helpers; only there can the turn's
deadline end it."""
Outcome = tuple[list[dict[str, Any]], bool]  # a result's content and `is_error`

log = logging.getLogger(__name__)


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
    mine = _for_us(calls, tools)
    threads = CapacityLimiter(max(1, len(mine)))  # anyio's own, of 40, would make the others wait
    results = await asyncio.gather(*(_run(tools[call.name], call.input, threads) for call in mine))
    return _results(mine, results)


def _for_us(calls: Sequence[Event], tools: Mapping[str, Tool]) -> list[Event]:
    """The custom calls that we have a tool for."""
    custom = [call for call in calls if call.type == "agent.custom_tool_use"]
    return [call for call in custom if isinstance(call.name, str) and call.name in tools]


def _results(calls: Sequence[Event], outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    return {
        call.id: dict(custom_tool_result(call.id, content, is_error=is_error))
        for call, (content, is_error) in zip(calls, outcomes, strict=True)
    }


def run_tools_in_background(
    calls: Sequence[Event], tools: Mapping[str, Tool], seconds: float
) -> dict[str, dict[str, Any]] | None:
    """`run_tools` for a caller without an event loop; None if it took longer, and it is cancelled then.

    Where there are no threads, they run one after another, to their ends. An async one that waits for
    something can't go on there, and the agent hears that.
    """
    if not has_threads():
        mine = _for_us(calls, tools)
        return _results(mine, [_run_here(tools[call.name], call.input) for call in mine])
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


def _run_here(tool: Tool, arguments: Any) -> Outcome:
    """A tool's outcome, without an event loop."""
    running = _run(tool, arguments, None)
    try:
        running.send(None)
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
    running.close()
    log.warning("the async tool %s waits, which needs stream_until_end_turn_async here", tool.name)
    return [text_block(f"{tool.name} could not run: it waits, and nothing can wait here")], True


async def _run(tool: Tool, arguments: Any, threads: CapacityLimiter | None) -> Outcome:
    if not isinstance(arguments, dict):
        return [text_block(f"the input of {tool.name} must be an object, not {arguments!r:.80}")], True
    try:
        if isinstance(tool, BetaAsyncFunctionTool):
            return result_content(await tool.call(arguments)), False
        if has_threads():
            outcome = await run_sync(_called, tool, arguments, abandon_on_cancel=True, limiter=threads)
        else:
            outcome = _called(tool, arguments)
        return (result_content(await outcome), False) if inspect.isawaitable(outcome) else outcome
    except BaseException as error:
        if _is_ours(error):
            raise
        return _failure(tool, error)


def _called(tool: BetaFunctionTool[Any], arguments: dict[str, Any]) -> Outcome | Awaitable[Any]:
    """A sync tool's outcome. Nothing is raised out of the thread: what is no `Exception` would end the
    event loop that waits for it, and with it the tools of every later turn."""
    try:
        result: Any = tool.call(arguments)
        return result if inspect.isawaitable(result) else (result_content(result), False)
    except BaseException as error:  # noqa: BLE001
        return _failure(tool, error)


def _is_ours(error: BaseException) -> bool:
    """Whether it is meant for us, not the tool's own: the turn is cancelled, or the user pressed Ctrl-C."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def _failure(tool: Tool, error: BaseException) -> Outcome:
    """What a tool raised, whatever it is: the agent has to hear of it, or the session waits for ever.

    A `ToolError` is meant for the agent. Anything else may be a bug, which the developer has to hear of too.
    """
    if isinstance(error, ToolError):
        try:
            return result_content(error.content), True
        except Exception as unwritten:  # noqa: BLE001 (whatever it is, it is told)
            error = unwritten
    log.warning("the tool %s failed; the agent is told", tool.name, exc_info=error)
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 (its own code, with a bug in it)
        said = "its text can't be read"
    return [text_block(f"{type(error).__name__}: {said}")], True


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
    if isinstance(verdict, str):
        verdict = sendable(verdict)
    return dict(tool_confirmation(call.id, verdict))


def undeliverable(answer: Mapping[str, Any], error: anthropic.APIStatusError) -> dict[str, Any] | None:
    """What to answer in place of what the API refused for good; None if nothing smaller says it.

    Args:
        answer: the event that was refused.
        error: why.
    """
    if answer["type"] == "user.custom_tool_result":
        said = error.body.get("error") if isinstance(error.body, dict) else None
        reason = said.get("message", error) if isinstance(said, dict) else error
        why = f"The tool ran, but its result could not be delivered: the API refused it ({reason})"
        log.warning("the result of call %s was refused: %s", answer["custom_tool_use_id"], reason)
        return {**answer, "content": [text_block(why)], "is_error": True}
    if "deny_message" in answer:
        return {key: value for key, value in answer.items() if key != "deny_message"}
    return None
