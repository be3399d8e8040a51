"""What a client sends to a session, each event as the SDK's types want it. Nothing is sent here.

client.beta.sessions.events.send(session.id, events=[user_message("Fix the tests")])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import anthropic
from anthropic.types.beta.sessions import (
    BetaManagedAgentsUserCustomToolResultEventParams,
    BetaManagedAgentsUserDefineOutcomeEventParams,
    BetaManagedAgentsUserInterruptEventParams,
    BetaManagedAgentsUserMessageEventParams,
    BetaManagedAgentsUserToolConfirmationEventParams,
)

__all__ = ["custom_tool_result", "define_outcome", "interrupt", "tool_confirmation", "user_message"]

Content = str | Iterable[Any]


def user_message(content: Content) -> BetaManagedAgentsUserMessageEventParams:
    """The `user.message` that begins a turn.

    Args:
        content: a text, or content blocks.

    Raises:
        TypeError: it is neither.
    """
    return {"type": "user.message", "content": _blocks(content, "message")}


def custom_tool_result(
    call_id: str, content: Content, *, is_error: bool = False
) -> BetaManagedAgentsUserCustomToolResultEventParams:
    """The `user.custom_tool_result` that answers a call of a custom tool.

    Args:
        call_id: the id of the `agent.custom_tool_use`.
        content: a text, or content blocks.
        is_error: whether the tool failed; the agent is told so, and goes on.

    Raises:
        TypeError: the content is neither, or the call's id is no text.
    """
    return {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": _id(call_id),
        "content": _blocks(content, "content"),
        "is_error": is_error,
    }


def tool_confirmation(call_id: str, verdict: bool | str) -> BetaManagedAgentsUserToolConfirmationEventParams:
    """The `user.tool_confirmation` that decides about a call which asks for permission.

    Args:
        call_id: the id of the `agent.tool_use` or `agent.mcp_tool_use`.
        verdict: True allows; False denies; a text denies and tells the agent why.

    Raises:
        TypeError: the verdict is something else, or the call's id is no text.
    """
    if not isinstance(verdict, bool | str):
        raise TypeError(f"verdict must be True (allow), False or a text (deny), not {verdict!r:.80}")
    event: BetaManagedAgentsUserToolConfirmationEventParams = {
        "type": "user.tool_confirmation",
        "tool_use_id": _id(call_id),
        "result": "allow" if verdict is True else "deny",
    }
    if isinstance(verdict, str) and verdict:
        event["deny_message"] = verdict
    return event


def interrupt() -> BetaManagedAgentsUserInterruptEventParams:
    """The `user.interrupt` that stops a turn, in all threads of the session."""
    return {"type": "user.interrupt"}


def define_outcome(
    description: str, rubric: str, *, max_iterations: int | None = None
) -> BetaManagedAgentsUserDefineOutcomeEventParams:
    """The `user.define_outcome` with which an agent works until a grader is satisfied.

    Args:
        description: what it should produce; this is the task.
        rubric: how to grade it, as text. One that is a file: `{**event, "rubric": {"type": "file", …}}`.
        max_iterations: how often it may revise; by default 3, at most 20.
    """
    event: BetaManagedAgentsUserDefineOutcomeEventParams = {
        "type": "user.define_outcome",
        "description": description,
        "rubric": {"type": "text", "content": rubric},
    }
    if max_iterations is not None:
        event["max_iterations"] = max_iterations
    return event


def _id(call_id: str) -> str:
    if not isinstance(call_id, str):
        raise TypeError(f"call_id must be a text, call.id, not a {type(call_id).__name__}")
    return call_id


def _blocks(content: Content, name: str) -> list[Any]:
    """Content blocks as they are sent; `name` is what the message of an error calls them."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, Mapping):
        raise TypeError(f"{name} is a single content block; it must be a text or a list of blocks: [block]")
    blocks = [block.to_dict() if isinstance(block, anthropic.BaseModel) else block for block in content]
    for block in blocks:
        if not isinstance(block, Mapping) or "type" not in block:
            raise TypeError(
                f"{name} must be a text or a list of content blocks, not a list with {block!r:.80}"
            )
    return blocks
