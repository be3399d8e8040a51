"""A lesson as a browser's JupyterLab has it."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

__all__ = ["in_browser", "linked"]

KERNELSPEC = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)\s#]+)[^)\s]*\)")  # a relative one, of no picture
NOTE = (
    "*This copy runs in your browser: nothing is installed, and nothing leaves this machine. Three things "
    "are different here. What code draws is told in words. What would be a second process runs in this one. "
    "Where a lesson waits for your click, type your answer instead. Your changes are kept in this browser.*"
)


def linked(lesson: NotebookNode, path: str) -> set[str]:
    """What a lesson links to, pictures too, by paths from the root of all files.

    Args:
        lesson: the notebook.
        path: where it is: `notebooks/00_one_turn.ipynb`.
    """
    folder = PurePosixPath(path).parent
    texts = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
    links = [link for text in texts for link in re.findall(r"\]\((?!\w+:|#)([^)\s#]+)", text)]
    return {normpath(f"{folder}/{link}") for link in links}


def in_browser(lesson: NotebookNode, path: str, there: Collection[str]) -> NotebookNode:
    """The lesson with a note at the top, and with links only to what is there.

    Args:
        lesson: stays as it is.
        path: where it is, from the root of all files: `notebooks/00_one_turn.ipynb`.
        there: the paths of all files that can be linked to.
    """
    made: NotebookNode = nbformat.from_dict(lesson)
    made.metadata["kernelspec"] = KERNELSPEC
    folder = PurePosixPath(path).parent

    def kept(link: re.Match[str]) -> str:
        return link[0] if normpath(f"{folder}/{link[2]}") in there else link[1]

    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(kept, cell.source)
    note: Any = new_markdown_cell(NOTE, id="in-the-browser")
    made.cells.insert(1, note)
    return made
