"""Execute a notebook headless, bring its outputs into one form, and compare two of them.

Running returns a result object and prints nothing: the command decides how it is shown, the tests
decide what is a failure.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from nbformat.reader import NotJSONError
from nbformat.v4.rwbase import split_lines

from .kernel import kernel_environment, kernel_manager

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What a widget's output is without a live kernel: the id of a model that nobody has.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class NotebookError:
    """What stopped a notebook.

    Attributes:
        cell: the number of the code cell, as in `[7]`; 0 when none was reached.
        name: the exception's name.
        message: the first line of its message.
        trace: everything the kernel said, with the terminal's colours.
    """

    cell: int
    name: str
    message: str
    trace: str

    def __str__(self) -> str:
        where = f"cell [{self.cell}]" if self.cell else "before the first cell"
        return f"{where}: {self.name}: {self.message}"


@dataclass(frozen=True)
class NotebookRun:
    """One execution. `notebook` has what ran so far; None if the file could not be read."""

    path: Path
    outcome: Literal["passed", "failed"]
    seconds: float
    notebook: NotebookNode | None
    error: NotebookError | None = None


def execute(path: Path, *, timeout: int = 120) -> NotebookRun:
    """Run a notebook from top to bottom in a fresh kernel, on recordings. The file is not changed.

    Args:
        path: the notebook; its folder is the kernel's working directory.
        timeout: seconds that one cell may take.
    """
    return asyncio.run(execute_async(path, timeout=timeout))


async def execute_async(path: Path, *, timeout: int = 120) -> NotebookRun:
    """`execute` for a caller with several at once."""
    start = time.perf_counter()
    try:
        notebook = read(path)
    except (OSError, NotJSONError, nbformat.ValidationError) as problem:
        unread = NotebookError(0, type(problem).__name__, _first_line(str(problem)), str(problem))
        return NotebookRun(path, "failed", time.perf_counter() - start, None, unread)
    error = await _run_cells(notebook, path.resolve().parent, timeout)
    seconds = time.perf_counter() - start
    return NotebookRun(path, "failed" if error else "passed", seconds, notebook, error)


async def _run_cells(notebook: NotebookNode, folder: Path, timeout: int) -> NotebookError | None:
    reached = 0  # how many code cells have begun

    def begin(cell: NotebookNode, cell_index: int) -> None:
        nonlocal reached
        reached += 1

    client = NotebookClient(
        notebook,
        km=kernel_manager(),
        timeout=timeout,
        record_timing=False,
        store_widget_state=False,
        on_cell_execute=begin,
    )
    with tempfile.TemporaryDirectory() as scratch, open(Path(scratch, "stderr"), "w+b") as stderr:
        environment = kernel_environment(scratch)
        try:
            await client.async_execute(cwd=str(folder), env=environment, stderr=stderr, cleanup_kc=True)
        except CellExecutionError as failure:
            return NotebookError(reached, failure.ename, _first_line(failure.evalue), failure.traceback)
        except CellTimeoutError as failure:
            return NotebookError(reached, "TimeoutError", f"more than {timeout} s", str(failure))
        except RuntimeError as failure:  # the kernel died (DeadKernelError), or never answered
            stderr.seek(0)
            last_words = f"{failure}\n{stderr.read().decode(errors='replace')}"
            return NotebookError(reached, type(failure).__name__, _first_line(str(failure)), last_words)
    return None


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def read(path: Path) -> NotebookNode:
    """The notebook as it is in the file."""
    notebook: NotebookNode = nbformat.read(path, as_version=4)
    return notebook


def dumps(notebook: NotebookNode) -> str:
    """The notebook as file text: what nbformat and JupyterLab write, keys sorted."""
    return str(nbformat.writes(notebook, version=nbformat.NO_CONVERT)) + "\n"


def is_volatile(cell: NotebookNode) -> bool:
    """Whether the cell says of itself that its output can't repeat (a timing, say)."""
    return "volatile" in cell.metadata.get("tags", [])


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """The code cells with something in them, numbered as a fresh kernel numbers them."""
    return enumerate((c for c in notebook.cells if c.cell_type == "code" and c.source.strip()), start=1)


def normalise(notebook: NotebookNode) -> NotebookNode:
    """A copy without what differs between two runs, or two machines, that did the same."""
    notebook = copy.deepcopy(notebook)
    course = {
        key: value for key, value in notebook.metadata.items() if key == "course"
    }  # what it says of itself
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, **course}
    notebook.metadata = nbformat.from_dict(metadata)
    for cell in notebook.cells:
        for name in ("execution", "collapsed", "scrolled", "trusted"):
            cell.metadata.pop(name, None)
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = _merge_streams(cell.outputs)
    for number, cell in code_cells(notebook):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return notebook


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """One output for what was printed in a row: where the kernel cuts it is a matter of timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        same = merged and output.output_type == "stream" == merged[-1].output_type
        if same and merged[-1].name == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def keep_volatile(committed: NotebookNode, fresh: NotebookNode) -> NotebookNode:
    """A copy of `fresh` in which volatile cells show what they showed before.

    Otherwise every `make notebooks` would change every file. The cell carries a digest of
    the source that made its output, so that an edited cell gets a new one. They are of one run:
    if one of them needs a new output, all get one.
    """
    fresh = copy.deepcopy(fresh)
    before = dict(code_cells(committed))
    volatile = [(before.get(number), cell) for number, cell in code_cells(fresh) if is_volatile(cell)]
    kept = all(old is not None and old.outputs and _is_current(old, cell.source) for old, cell in volatile)
    for old, cell in volatile:
        if kept and old is not None:
            cell.outputs = copy.deepcopy(old.outputs)
        cell.metadata["output_of"] = _digest(cell.source)
    return fresh


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def _is_current(cell: NotebookNode, source: str) -> bool:
    return bool(cell.metadata.get("output_of") == _digest(source))


def differences(committed: NotebookNode, fresh: NotebookNode) -> list[str]:
    """How the outputs of two executions of one notebook differ, a line for each cell that does.

    A volatile cell's output is only asked to be of its present source.
    """
    before, after = list(code_cells(committed)), list(code_cells(fresh))
    if len(before) != len(after):
        return [f"{len(before)} code cells committed, {len(after)} executed"]
    found = []
    for (number, old), (_, new) in zip(before, after, strict=True):
        if old.source != new.source:
            found.append(f"cell [{number}]: not the same source")
        elif is_volatile(old):
            if not _is_current(old, old.source):
                found.append(f"cell [{number}]: its volatile output was made by other source")
        elif lines := _first_difference(_lines(old), _lines(new)):
            found.append(f"cell [{number}]: committed {lines[0]}, executed {lines[1]}")
    return found


def _lines(cell: NotebookNode) -> list[str]:
    """All that a cell showed, as the lines that its file has."""
    split = split_lines(nbformat.v4.new_notebook(cells=[copy.deepcopy(cell)])).cells[0]
    shown = {"execution_count": cell.execution_count, "outputs": split.outputs}
    return json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _first_difference(old: list[str], new: list[str]) -> tuple[str, str] | None:
    if old == new:
        return None
    pairs = zip([*old, "nothing"], [*new, "nothing"], strict=False)
    a, b = next((a.strip(), b.strip()) for a, b in pairs if a != b)
    start = max(0, len(os.path.commonprefix([a, b])) - 30)  # an HTML table is one long line
    return _around(a, start), _around(b, start)


def _around(line: str, start: int) -> str:
    return ("…" if start else "") + line[start : start + 100]
