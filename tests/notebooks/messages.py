"""The messages that the course can show, and those that a lesson's last table quotes.

A table "If something looks different" has a row for each thing that a learner may see: *you see · it means ·
do*. What its first column quotes, in backticks, has to be a text that something here can say; `…` is what
differs each time.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import anthropic
from nbformat import NotebookNode

from tests.kit.places import RECORDINGS, ROOT

TITLE = "If something looks different"
# Whose texts a learner can see: ours, and the client's where it could not reach the service.
SOURCES = [*sorted((ROOT / "utilities").rglob("*.py")), Path(anthropic.__file__).with_name("_exceptions.py")]


def quoted(notebook: NotebookNode) -> list[str]:
    """What the table quotes; nothing, if there is no table."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    _, _, table = prose.rpartition(TITLE)
    if TITLE not in prose:
        return []
    rows = [row.split("|")[1] for row in re.findall(r"^\|.*\|$", table, re.M)[2:]]
    return [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]


def nobody_says(quotes: Iterable[str]) -> list[str]:
    """Those of the quotes that nothing here can say."""
    return [quote for quote in quotes if not hasattr(builtins, quote) and not _said(quote)]


def _said(quote: str) -> bool:
    pattern = re.compile(".*?".join(re.escape(part.strip()) for part in quote.split("…")), re.S)
    return any(pattern.search(text) for text in everything())


@cache
def everything() -> list[str]:
    """Every text of the code, `…` for what is filled in, and every text of a recording."""
    code = (text for path in SOURCES for text in texts_of(path.read_text("utf-8")))
    recorded = (text for path in sorted(RECORDINGS.glob("*.jsonl")) for text in _recorded(path))
    return [" ".join(text.split()) for text in (*code, *recorded)]


def texts_of(source: str) -> Iterator[str]:
    """The strings of some Python; parts of an f-string that are filled in are `…`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def _recorded(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        yield from _strings(json.loads(line))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
