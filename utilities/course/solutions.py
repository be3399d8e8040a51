"""An exercise's solution, as its cell in the solutions notebook has it.

The notebooks of the clone are read, so it is found from a copy of a lesson too, wherever that lies.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from .places import ROOT

SOLUTIONS = ROOT / "notebooks" / "solutions"
LESSON = re.compile(r"utilities\.course\.(lesson\d\d)\b")


def called(exercise: object) -> str | None:
    """How the notebooks call an exercise, as in `lesson01.ending`; None if it is no lesson's."""
    for module in [name for name in sys.modules if LESSON.search(name)]:
        for name, value in vars(sys.modules[module]).items():
            if value is exercise:
                return f"{LESSON.findall(module)[0]}.{name}"
    return None


def solution_of(name: str, folder: Path = SOLUTIONS) -> str | None:
    """The code that solves it, without the call of its check; None if no solutions notebook has it.

    Args:
        name: as `called` has it.
        folder: where the solutions notebooks are.
    """
    check = re.compile(rf"^\s*#?\s*{re.escape(name)}\.(check|hint|solution)\(.*$", re.M)
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            source = _text(cell["source"])
            if cell["cell_type"] == "code" and f"{name}.check(" in source:
                return check.sub("", source).strip()
    return None


def _text(source: Any) -> str:
    """A cell's source; a notebook's file has it as a text or as lines."""
    return source if isinstance(source, str) else "".join(source)
