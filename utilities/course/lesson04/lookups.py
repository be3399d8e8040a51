"""What an agent looked up, for lesson 04: each call in a line, and the beginning of what came back."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

from utilities.show.untrusted import one_line

__all__ = ["looked_up"]

WIDTH = 100  # characters of a line
LONGEST = 110  # characters of what came back
ASKED = ("query", "content", "pattern", "command", "file_path")  # of a call's input, what says the most


def looked_up(result: Any) -> None:
    """Print a turn's calls, the beginning of what came back, and what the agent said in the end.

    Args:
        result: a `TurnResult`.
    """
    for call in result.tool_calls:
        asked = next((str(call.input[key]) for key in ASKED if key in call.input), str(call.input))
        back = textwrap.shorten(one_line(_came_back(call.text), 10_000), LONGEST)
        print(f"[{call.name}] {textwrap.shorten(one_line(asked, 10_000), 60)}")
        print(textwrap.fill(back, WIDTH, initial_indent="    ", subsequent_indent="    "))
    said = result.text.split("\n\n")[-1]
    print(textwrap.fill(one_line(said, 10_000), WIDTH, initial_indent="→ ", subsequent_indent="  "))


def _came_back(text: str) -> str:
    """A result as a reader wants it: the texts of a recall; elsewhere # for the random ids of memories."""
    try:
        return "; ".join(hit["text"] for hit in json.loads(text)["hits"])
    except (ValueError, KeyError, TypeError):  # no JSON, or not that of a recall
        return re.sub(r"\b[0-9a-f]{16}\b", "#", text.strip())
