"""In a notebook, an error of the API in a few lines: what was said, at which line, which cell to run again.

IPython would show a hundred lines of the SDK and of the HTTP client, and the one that matters last. `%tb` in
the next cell still shows all of them. An interrupted wait is shown so too, and a name that a cell uses and no
cell that has run defines.
"""

from __future__ import annotations

import asyncio
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import anthropic
import httpx2

__all__ = ["in_short", "install", "said"]

STOPPED = (KeyboardInterrupt, asyncio.CancelledError)  # by the button; the second where a cell awaits
SHORTENED = (anthropic.APIError, httpx2.TransportError, NameError, *STOPPED)
IN_A_CELL = re.compile(r"ipykernel_\d+|<ipython-input")  # the file that a cell's code pretends to be in
CHARACTERS = 600  # of what the service said

INTERRUPTED = (
    "You stopped it; its session, if it has one, goes on. To do it again, run the cell that creates the "
    "session, then this one. To end all, run the notebook's last section (made.end())."
)
UNDEFINED = (
    "No cell that has run here defines it. If it isn't mistyped, run the cells above this one; from the "
    "first one, if the kernel was restarted."
)
# What to do about it, by a word of the error; the first that is found counts.
ENDED = (
    "The server is not there any more: the notebook's last section ends it, and so does a restart of the "
    "kernel. Run the notebook again from its first code cell."
)
ADVICE = {
    "had this message already|answered already": (
        "Run the cell that creates the session again, then this one."
    ),
    "no recording continues": (
        "What was recorded is over here, or goes on otherwise: run the cell that creates the session again, "
        "then the cells after it."
    ),
    r"\barchived\b|\bterminated\b": (
        "Archived is for good; the notebook's last section does it (made.end()). Run the cells that create "
        "the agent, the environment and the session again, then this one."
    ),
    r"\bexists\b|\bhas a \w+ already\b|concurrent modification": (
        "This cell has run before: what it makes is there. Run the cells above it again, from the one that "
        "creates the agent (or the vault), then this one."
    ),
    r"\bnot found\b|\bno such\b|does not exist": (
        "It was deleted, or made before the kernel was restarted: run the cell that creates it again, then "
        "this one."
    ),
}


def said(error: BaseException) -> str:
    """What the service said in one line, without the JSON around it."""
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) else None
    message = inner.get("message") if isinstance(inner, dict) else None
    text = " ".join(str(message or error).split())
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"


def in_short(error: BaseException) -> list[str]:
    """The lines in place of a traceback: the error, the cell's line that it comes from, what to do."""
    status = getattr(error, "status_code", None)
    lines = [f"{type(error).__name__}{f' {status}' if status else ''}: {said(error)}".removesuffix(": ")]
    frames = traceback.extract_tb(error.__traceback__)
    if own := [frame for frame in frames if IN_A_CELL.search(frame.filename)]:
        lines.append(f"  in line {own[-1].lineno} of the cell: {own[-1].line}")
    return [*lines, *([advice] if (advice := _advice(error)) else [])]


def _advice(error: BaseException) -> str | None:
    if isinstance(error, STOPPED):
        return INTERRUPTED
    if isinstance(error, NameError):
        return UNDEFINED
    refused = isinstance(error, httpx2.ConnectError | anthropic.APIConnectionError)
    if refused and not isinstance(error, anthropic.APITimeoutError):
        return ENDED
    words = said(error).casefold()
    return next((advice for word, advice in ADVICE.items() if re.search(word, words)), None)


def install() -> None:
    """Have IPython show these errors so; without IPython, nothing."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.set_custom_exc(SHORTENED, _show)


def _is_of_a_cell(trace: TracebackType | None) -> bool:
    """Whether the error is of a cell's own lines, and not of a function that they call."""
    *_, last = traceback.extract_tb(trace)
    return bool(IN_A_CELL.search(last.filename)) and last.name.startswith("<")  # <module>, <cell line: 1>


def _show(
    shell: Any, kind: type[BaseException], error: Any, trace: TracebackType, tb_offset: int | None = None
) -> list[str]:
    """IPython's handler; it is told by a method of the error what to show, and only this once."""
    if isinstance(error, NameError) and not _is_of_a_cell(trace):
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)  # a bug: all of it is news
        return []
    lines = in_short(error)
    error._render_traceback_ = lambda: lines
    try:
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    finally:
        del error._render_traceback_
    return lines
