"""The trace of a test that failed, without the hundred lines in which we and the SDK call ourselves."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import anthropic

__all__ = ["shorten"]

# Where the program has handed over: to this package, or to the SDK.
OURS = tuple(str(path) + os.sep for path in (Path(__file__).parents[1], Path(anthropic.__file__).parent))
STANDARD = os.path.dirname(os.__file__) + os.sep
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def shorten(error: BaseException) -> None:
    """Let its trace, and those of its causes, end where the program called this package or the SDK.

    What the program does in a function that these call, an `on_event` for example, stays.
    """
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in chain:
        chain.append(each)
        each.__traceback__ = _theirs(each.__traceback__)
        each = each.__cause__ or each.__context__


def _theirs(trace: TracebackType | None) -> TracebackType | None:
    links: list[TracebackType] = []
    last, handed_over = 0, False
    while trace is not None:
        links.append(trace)
        file = trace.tb_frame.f_code.co_filename
        handed_over = file.startswith(OURS) or handed_over and _is_installed(file)
        last = last if handed_over else len(links)
        trace = trace.tb_next
    kept: TracebackType | None = None
    for link in reversed(links[:last]):
        kept = TracebackType(kept, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return kept


def _is_installed(file: str) -> bool:
    """Whether it comes with Python or from an index, and not from whoever wrote the test."""
    return file.startswith((STANDARD, "<")) or any(folder in file for folder in INSTALLED)
