"""What a notebook's cells showed, compared with what is committed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

# What a browser says more, where it does something in another way.
ONLY_THERE = "(A browser has no second process: "


def differences(cells: Sequence[Any], told: Sequence[dict[str, str]]) -> list[str]:
    """What is wrong, a line each; nothing if each cell showed, as text, what its outputs have.

    Args:
        cells: the notebook's code cells, with their outputs.
        told: for each that ran, its text and its error, as `cells.executed` returns them.
    """
    wrong = []
    for number, (cell, one) in enumerate(zip(cells, told, strict=False), 1):
        wanted = "".join(map(_text, cell.outputs)).splitlines()
        here = [line for line in one["text"].splitlines() if not line.startswith(ONLY_THERE)]
        wrong += [f"[{number}] {line}" for line in difflib.unified_diff(wanted, here, lineterm="", n=0)]
        wrong += [f"[{number}] {line}" for line in one["error"].splitlines()[-8:]]
    if len(told) < len(cells):
        wrong.append(f"{len(told)} of {len(cells)} code cells ran")
    return wrong


def _text(output: Any) -> str:
    """An output's text, as it is written or displayed."""
    if output.output_type == "stream":
        return str(output.text)
    return str(output.get("data", {}).get("text/plain", "")) + "\n"
