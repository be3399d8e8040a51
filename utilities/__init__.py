"""The helpers of the course. Each is a small file, made to be copied; its first lines say with what.

Names are imported when they are first used, so that a helper costs only what it needs itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import connect
    from .memory.brain import BrainError, open_brain
    from .memory.tools import memory_tools
    from .show.live import LiveTranscript
    from .show.printing import print_event
    from .show.transcript import timeline, transcript
    from .turn.poll import poll_until_end_turn, poll_until_end_turn_async
    from .turn.result import TurnError, TurnResult, TurnTimeout
    from .turn.settle import wait_for_idle_status, wait_for_idle_status_async
    from .turn.stream import stream_until_end_turn, stream_until_end_turn_async
    from .turn.tools import custom_tool_params
    from .webhook import WebhookApp, WebhookReceiver, serving

__all__ = [
    "BrainError",
    "LiveTranscript",
    "TurnError",
    "TurnResult",
    "TurnTimeout",
    "WebhookApp",
    "WebhookReceiver",
    "connect",
    "custom_tool_params",
    "memory_tools",
    "open_brain",
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
    "BrainError": "brain",
    "LiveTranscript": "live",
    "connect": "client",
    "custom_tool_params": "tools",
    "memory_tools": "memory",
    "open_brain": "brain",
    "poll_until_end_turn": "poll",
    "poll_until_end_turn_async": "poll",
    "print_event": "display",
    "serving": "webhook",
    "stream_until_end_turn": "stream",
    "stream_until_end_turn_async": "stream",
    "timeline": "display",
    "transcript": "display",
    "TurnError": "turn",
    "TurnResult": "turn",
    "TurnTimeout": "turn",
    "wait_for_idle_status": "settle",
    "wait_for_idle_status_async": "settle",
    "WebhookApp": "webhook",
    "WebhookReceiver": "webhook",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
