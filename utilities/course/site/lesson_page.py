"""A lesson as a page: its cells as committed, and below each exercise its solution, folded."""

from __future__ import annotations

import html
import json
from pathlib import PurePosixPath
from typing import Any

from ..places import ROOT

Cell = dict[str, Any]
SOLUTIONS = "solutions-"  # and the lesson's name: where its first one is


def with_solutions(path: str, cells: list[Cell]) -> list[Cell]:
    """The cells, and after each exercise one that holds its solution and what that showed.

    Args:
        path: the lesson's, from the repository's root.
        cells: as the notebook's file has them.
    """
    solved = ROOT / "notebooks/solutions" / PurePosixPath(path).relative_to("notebooks")
    if not solved.is_file():
        return cells
    solutions = json.loads(solved.read_text("utf-8"))["cells"]
    made: list[Cell] = []
    number = 0
    for cell, solution in zip(cells, solutions, strict=True):
        made.append(cell)
        if "exercise" in cell["metadata"].get("tags", []) and source(solution) != source(cell):
            number += 1
            name = f"{SOLUTIONS}{solved.stem.lower()}" + (f"-{number}" if number > 1 else "")
            made.append(_folded(solution, f"{cell['id']}-solution", name))
    return made


def source(cell: Cell) -> str:
    """A cell's text; a notebook's file has it as a text or as lines."""
    return "".join(cell["source"])


def _folded(solution: Cell, identity: str, name: str) -> Cell:
    # Sphinx knows the place by its label, the browser by the id, which Sphinx makes of it like this.
    shown = "".join("".join(output.get("text", "")) for output in solution["outputs"])
    parts = [
        f'<details class="solution" id="{name.replace("_", "-")}"><summary>Solution</summary>',
        fenced(source(solution), "python"),
        *([fenced(shown.rstrip(), "text")] if shown.strip() else []),
        *("".join(output.get("data", {}).get("text/html", "")) for output in solution["outputs"]),
        "</details>",
    ]
    text = f"({name})=\n" + "\n\n".join(part for part in parts if part)
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": text}


def fenced(code: str, language: str) -> str:
    """A block of code in Markdown, whatever backticks it has."""
    fence = "```"
    while fence in code:
        fence += "`"
    return f"{fence}{html.escape(language)}\n{code}\n{fence}"
