"""The ids of memories as they are shown in lesson 02: #1, #2, …, the same in every run."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from typing import Any

MEMORY_ID = re.compile(r"\b[0-9a-f]{16}\b")
_numbers: dict[str, int] = {}  # of all ids that were shown, in the order in which they turned up


def numbered(shows: Callable[..., object]) -> Callable[[Any], None]:
    """What prints as `shows` does, but memories by numbers, since Astrocyte draws their ids at random.

    Args:
        shows: `print`, `print_event` or whatever else takes one thing and `file=`.
    """

    def show(thing: Any) -> None:
        text = io.StringIO()
        shows(thing, file=text)
        sys.stdout.write(MEMORY_ID.sub(_number, text.getvalue()))

    return show


def _number(id: re.Match[str]) -> str:
    return f"#{_numbers.setdefault(id[0], len(_numbers) + 1)}"
