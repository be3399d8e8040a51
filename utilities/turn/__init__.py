"""A turn of a session, followed to its end: over the event stream, or by polling.

Copy this folder into a project; besides `anthropic` it needs nothing.
"""

from .outputs import outputs_of, outputs_of_async
from .poll import poll_until_end_turn, poll_until_end_turn_async
from .result import ToolCall, TurnError, TurnResult, TurnTimeout
from .sending import (
    custom_tool_result,
    define_outcome,
    interrupt,
    tool_confirmation,
    user_message,
)
from .settle import wait_for_idle_status, wait_for_idle_status_async
from .stream import stream_until_end_turn, stream_until_end_turn_async
from .tools import custom_tool_params

__all__ = [
    "ToolCall",
    "TurnError",
    "TurnResult",
    "TurnTimeout",
    "custom_tool_params",
    "custom_tool_result",
    "define_outcome",
    "interrupt",
    "outputs_of",
    "outputs_of_async",
    "poll_until_end_turn",
    "poll_until_end_turn_async",
    "stream_until_end_turn",
    "stream_until_end_turn_async",
    "tool_confirmation",
    "user_message",
    "wait_for_idle_status",
    "wait_for_idle_status_async",
]
