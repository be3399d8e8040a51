"""The helpers of the course: `turn`, `memory` and `show` are folders, `webhook` a file, made to be copied.

Names are imported when they are first used, so that a helper costs only what it needs itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import connect
    from .made import Ended, Made, made_with
    from .memory import BrainError, memory_tools, open_brain
    from .show import LiveTranscript, print_event, timeline, transcript
    from .turn import (
        TurnError,
        TurnResult,
        TurnTimeout,
        custom_tool_params,
        outputs_of,
        outputs_of_async,
        poll_until_end_turn,
        poll_until_end_turn_async,
        stream_until_end_turn,
        stream_until_end_turn_async,
        wait_for_idle_status,
        wait_for_idle_status_async,
    )
    from .webhook import WebhookApp, WebhookReceiver, serving

__all__ = [
    "BrainError",
    "Ended",
    "LiveTranscript",
    "Made",
    "TurnError",
    "TurnResult",
    "TurnTimeout",
    "WebhookApp",
    "WebhookReceiver",
    "connect",
    "custom_tool_params",
    "made_with",
    "memory_tools",
    "open_brain",
    "outputs_of",
    "outputs_of_async",
    "poll_until_end_turn",
    "poll_until_end_turn_async",
    "print_event",
    "serving",
    "stream_until_end_turn",
    "stream_until_end_turn_async",
    "timeline",
    "transcript",
    "wait_for_idle_status",
    "wait_for_idle_status_async",
]

_HOME = {
    "BrainError": "memory",
    "LiveTranscript": "show",
    "connect": "client",
    "custom_tool_params": "turn",
    "Ended": "made",
    "Made": "made",
    "made_with": "made",
    "memory_tools": "memory",
    "open_brain": "memory",
    "outputs_of": "turn",
    "outputs_of_async": "turn",
    "poll_until_end_turn": "turn",
    "poll_until_end_turn_async": "turn",
    "print_event": "show",
    "serving": "webhook",
    "stream_until_end_turn": "turn",
    "stream_until_end_turn_async": "turn",
    "timeline": "show",
    "transcript": "show",
    "TurnError": "turn",
    "TurnResult": "turn",
    "TurnTimeout": "turn",
    "wait_for_idle_status": "turn",
    "wait_for_idle_status_async": "turn",
    "WebhookApp": "webhook",
    "WebhookReceiver": "webhook",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
