"""Runs a notebook's cells inside Pyodide, as a kernel would; what they show, as text, cell by cell.

`run.mjs` gives it to Pyodide and calls `executed`. Nothing of the tests can be imported there.
"""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

shown: list[str] = []  # by the cell that runs, in order


class Written(io.TextIOBase):
    """Standard output and error."""

    def write(self, text: str) -> int:
        shown.append(text)
        return len(text)


class Publisher(DisplayPublisher):
    """What `display` shows."""

    def publish(self, data: Any, metadata: Any = None, **options: Any) -> None:
        shown.append(data.get("text/plain", "") + "\n")

    def clear_output(self, wait: bool = False) -> None:
        shown.clear()


class Hook(DisplayHook):
    """What the last line of a cell is."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        shown.append(format_dict.get("text/plain", "") + "\n")


class Shell(InteractiveShell):
    """IPython, without a terminal and without a file for its history."""

    displayhook_class = Hook
    display_pub_class = Publisher

    def init_history(self) -> None:
        super().init_history()
        self.history_manager.enabled = False


async def executed(cells: list[str]) -> list[dict[str, str]]:
    """Run the cells; stops after one that fails.

    Returns:
        For each that ran `text`, what it showed, and `error`, the traceback or nothing.
    """
    shell = Shell.instance()
    sys.stdout = sys.stderr = Written()
    told = []
    for cell in cells:
        shown.clear()
        result = await shell.run_cell_async(
            cell, store_history=True, transformed_cell=shell.transform_cell(cell)
        )
        error = result.error_before_exec or result.error_in_exec
        trace = "".join(traceback.format_exception(error)) if error else ""
        told.append({"text": "".join(shown), "error": trace})
        if error:
            break
    return told
