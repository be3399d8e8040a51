"""The helpers of the course, to copy: folders (`turn`, `memory`, `show`), files (`webhook`, `approvals`).

Names are imported when they are first used, so that a helper costs only what it needs itself.
"""

import sys
from importlib import import_module
from os.path import abspath, dirname
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .approvals import Approvals
    from .client import connect
    from .made import Ended, Made, made_with
    from .memory import BrainError, memories_of, memory_tools, open_brain
    from .show import LiveTranscript, print_event, timeline, transcript
    from .turn import (
        TurnError,
        TurnResult,
        TurnTimeout,
        custom_tool_params,
        custom_tool_result,
        define_outcome,
        interrupt,
        outputs_of,
        outputs_of_async,
        poll_until_end_turn,
        poll_until_end_turn_async,
        stream_until_end_turn,
        stream_until_end_turn_async,
        tool_confirmation,
        user_message,
        wait_for_idle_status,
        wait_for_idle_status_async,
    )
    from .webhook import WebhookApp, WebhookReceiver, new_secret, serving

__all__ = [
    "Approvals",
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
    "custom_tool_result",
    "define_outcome",
    "interrupt",
    "made_with",
    "memories_of",
    "memory_tools",
    "new_secret",
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
    "tool_confirmation",
    "transcript",
    "user_message",
    "wait_for_idle_status",
    "wait_for_idle_status_async",
]

_HOME = {
    "Approvals": "approvals",
    "BrainError": "memory",
    "connect": "client",
    "custom_tool_params": "turn",
    "custom_tool_result": "turn",
    "define_outcome": "turn",
    "Ended": "made",
    "interrupt": "turn",
    "LiveTranscript": "show",
    "Made": "made",
    "made_with": "made",
    "memories_of": "memory",
    "memory_tools": "memory",
    "new_secret": "webhook",
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
    "tool_confirmation": "turn",
    "transcript": "show",
    "TurnError": "turn",
    "TurnResult": "turn",
    "TurnTimeout": "turn",
    "user_message": "turn",
    "wait_for_idle_status": "turn",
    "wait_for_idle_status_async": "turn",
    "WebhookApp": "webhook",
    "WebhookReceiver": "webhook",
}


def __getattr__(name: str) -> Any:
    """What is imported from here.

    Raises:
        ModuleNotFoundError: a package that it needs isn't installed; how to get it is in its message.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == __name__:
            raise
        raise ModuleNotFoundError(_missing(error.name, name), name=error.name) from None


def _missing(package: str, name: str) -> str:
    """What to do without a package: most often a notebook runs in the kernel of another Python."""
    if sys.platform == "emscripten":
        elsewhere = "clone the course and `make lab`, or use Binder or Colab: the README has the links"
        return f"{package} can't be had in a browser, and `{name}` needs it. To use it, {elsewhere}"
    clone = dirname(dirname(abspath(__file__)))
    return (
        f"{package} is not installed in {sys.executable}, and `{name}` needs it. In {clone}, `make setup` or "
        "`python -m utilities.course.setup` gets all that the course needs; then `make lab`, or in another "
        f"front end the kernel of .venv. Or get it here: {sys.executable} -m pip install "
        f'-e "{clone}[course]"'
    )
