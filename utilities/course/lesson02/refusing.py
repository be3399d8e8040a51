"""Calling a memory tool in a way that it must refuse, for lesson 02."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anthropic.lib.tools import BetaAsyncFunctionTool, ToolError
from anthropic.types.beta.sessions import BetaManagedAgentsAgentCustomToolUseEvent

from utilities.turn.tools import run_tools, tools_by_name

CALL = "sevt_by_hand"


async def answer_to(
    tools: Sequence[BetaAsyncFunctionTool[Any]], name: str, given: dict[str, Any]
) -> dict[str, Any]:
    """Run a tool as a turn does when an agent has called it.

    Args:
        tools: from `memory_tools`.
        name: which of them.
        given: its input.

    Returns:
        The event that the turn would send.
    """
    call = BetaManagedAgentsAgentCustomToolUseEvent.construct(
        id=CALL, type="agent.custom_tool_use", name=name, input=given
    )
    return (await run_tools([call], tools_by_name(tools)))[CALL]


async def refused(tools: Sequence[BetaAsyncFunctionTool[Any]], name: str, given: dict[str, Any]) -> str:
    """Call a tool as an agent would, and expect it to refuse.

    Args:
        tools: from `memory_tools`.
        name: which of them.
        given: its input.

    Returns:
        What the agent would read, as a result with `is_error`.

    Raises:
        AssertionError: the tool did it.
    """
    (tool,) = (tool for tool in tools if tool.name == name)
    try:
        answer = await tool.call(given)
    except ToolError as error:
        return str(error)
    raise AssertionError(f"{name} took {given} and answered {answer}")
