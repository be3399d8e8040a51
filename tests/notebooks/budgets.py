"""How large each lesson is, beside what it may be: `make budgets` prints the table.

A lesson that asks one question fits these numbers; one that doesn't, asks two. For a notebook that says in
its metadata that it is done (`"course": {"done": true, "needs": ["01"]}`), test_lesson_size.py fails where it
is too large. These are the hard limits: aim at 1,500 words and 160 lines.

*Honest minutes* are words of prose / 200 + lines of code / 25 + words of output / 350 + the exercises + 2. An
exercise takes the minutes that it declares (`Exercise(minutes=…)`), or seven.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from nbformat import NotebookNode

from tests.kit.places import NOTEBOOKS
from utilities.course.exercises import Exercise
from utilities.course.running.notebooks import read

UNDECLARED = 7  # minutes of an exercise that doesn't say how long it takes
TAUGHT = "taught"  # tag of a cell whose function or class is the subject itself
# What follows a turn or begins one, by the last part of its name; a lesson's own helpers for it beside them.
ACTS = re.compile(r"(stream|poll)_until_end_turn(_async)?|send_and_wait|follow_all|pytest")


class Budget(NamedTuple):
    """What a notebook may have at most; `headings` and `minutes` from, to. None: whatever it needs."""

    cells: int
    words: int
    lines: int
    median: float
    longest: int
    acts: int | None
    output: int
    definitions: int
    headings: tuple[int, int] | None
    assertions: int | None
    minutes: int | None
    columns: int = 88


FIRST = Budget(15, 450, 45, 6, 25, 5, 800, 2, (4, 10), 2, 10)
LESSON = Budget(45, 1800, 180, 6, 25, 10, 800, 2, (6, 10), 2, 32)
DEEP = Budget(60, 2500, 350, 10, 30, None, 1500, 6, None, None, None)


def notebooks() -> list[Path]:
    """The lessons, and those that go deeper; without the solutions."""
    return [*sorted(NOTEBOOKS.glob("[0-9]*.ipynb")), *sorted(NOTEBOOKS.glob("deep/[0-9]*.ipynb"))]


def budget_of(path: Path) -> Budget:
    if path.parent.name == "deep":
        return DEEP
    return FIRST if path.name.startswith("00") else LESSON


def is_done(notebook: NotebookNode) -> bool:
    """Whether the notebook says that it keeps to the course's rules."""
    return bool(notebook.metadata.get("course", {}).get("done"))


def done() -> list[Path]:
    """The notebooks that say so."""
    return [path for path in notebooks() if is_done(read(path))]


# -- what is counted ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Size:
    """What a notebook has. `acts` is the index of the first cell that makes an agent act; None if none does.

    Attributes:
        minutes: honest ones. stated: those of cell 0, None if it has none. sections: those of its headings.
    """

    cells: int
    words: int
    lines: int
    median: float
    longest: int
    acts: int | None
    output: int
    definitions: int
    headings: int
    assertions: int
    minutes: int
    stated: int | None
    sections: int
    columns: int


def size_of(notebook: NotebookNode) -> Size:
    """Count it all."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lengths = [len(lines_of(cell)) for cell in code] or [0]
    words = sum(len(words_of(text)) for text in prose)
    output = sum(len(shown.split()) for cell in code for shown in outputs_of(cell))
    honest = words / 200 + sum(lengths) / 25 + output / 350 + sum(exercise_minutes(notebook)) + 2
    return Size(
        cells=len(notebook.cells),
        words=words,
        lines=sum(lengths),
        median=median(lengths),
        longest=max(lengths),
        acts=first_act(notebook),
        output=output,
        definitions=sum(len(own_definitions(cell)) for cell in code),
        headings=sum(len(re.findall(r"^## ", text, re.M)) for text in prose),
        assertions=max((len(claims(cell)) for cell in code), default=0),
        minutes=round(honest),
        stated=stated_minutes(notebook),
        sections=section_minutes(notebook),
        columns=max((len(line) for cell in code for line in cell.source.splitlines()), default=0),
    )


def readable(markdown: str) -> str:
    """What a reader reads of it: without pictures, addresses of links and HTML."""
    text = re.sub(r"!\[.*?\]\(.*?\)|<[^>]*>", " ", markdown, flags=re.S)
    return re.sub(r"\]\([^)]*\)", "]", text)


def words_of(markdown: str) -> list[str]:
    """The words that a reader reads, without the marks of Markdown."""
    return [word for word in readable(markdown).split() if re.search(r"\w", word)]


def lines_of(cell: NotebookNode) -> list[str]:
    """Its lines of code, without what the first cell says to those whose kernel hasn't the course."""
    lines = cell.source.splitlines()
    return [line for line in lines if line.strip() and not line.startswith("# Not found? `make setup`")]


def outputs_of(cell: NotebookNode) -> Iterator[str]:
    """The texts that a cell shows; a picture is none."""
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield output.text
        elif not any(kind.startswith("image/") for kind in data):
            yield data.get("text/plain", "")


def walk(cell: NotebookNode) -> Iterator[ast.AST]:
    """The nodes of a cell's code."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return ast.walk(compile(cell.source, "cell", "exec", flags))


def own_definitions(cell: NotebookNode) -> list[str]:
    """Functions and classes of a cell that is no exercise, and doesn't say that they are what it teaches."""
    if TAUGHT in cell.metadata.get("tags", []) or checked(cell):
        return []
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node.name for node in walk(cell) if isinstance(node, kinds)]


def claims(cell: NotebookNode) -> list[ast.Assert]:
    """The assertions that a cell makes; those inside of a test that it teaches are none of its own."""
    nodes = list(walk(cell))
    taught: set[ast.AST] = set()
    if TAUGHT in cell.metadata.get("tags", []):
        functions = (node for node in nodes if isinstance(node, ast.FunctionDef))
        taught = {inside for function in functions for inside in ast.walk(function)}
    return [node for node in nodes if isinstance(node, ast.Assert) and node not in taught]


def checked(cell: NotebookNode) -> list[str]:
    """The exercises that a cell checks, as it names them: `lesson01.ending`."""
    return [
        ast.unparse(node.func.value)
        for node in walk(cell)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check"
    ]


def exercise_minutes(notebook: NotebookNode) -> list[int]:
    """The minutes of each of its exercises."""
    names = {name for cell in notebook.cells if cell.cell_type == "code" for name in checked(cell)}
    return [_minutes(name) for name in sorted(names)]


def _minutes(name: str) -> int:
    module, _, attribute = name.partition(".")
    try:
        exercise = getattr(importlib.import_module(f"utilities.course.{module}"), attribute)
    except (ImportError, AttributeError, ValueError):
        return UNDECLARED
    return (exercise.minutes if isinstance(exercise, Exercise) else None) or UNDECLARED


def first_act(notebook: NotebookNode) -> int | None:
    """The index of the first code cell that makes an agent act, itself or by a function of an earlier one."""
    known: set[str] = set()
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        nodes = list(walk(cell))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside = {id(node) for function in functions for node in ast.walk(function)}
        for function in functions:
            if any(_acts(node, known) for node in ast.walk(function)):
                known.add(function.name)
        if any(_acts(node, known) for node in nodes if id(node) not in inside):
            return index
    return None


def _acts(node: ast.AST, known: set[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    name = called.rpartition(".")[2]
    return called.endswith("events.send") or bool(ACTS.fullmatch(name)) or called in known


def stated_minutes(notebook: NotebookNode) -> int | None:
    """What the first cell says: "**28 minutes**, 15 without the exercises", or "About 25 minutes"."""
    found = re.search(r"(\d+) minutes", notebook.cells[0].source) if notebook.cells else None
    return int(found[1]) if found else None


def section_minutes(notebook: NotebookNode) -> int:
    """What headings and exercises say together: "## A finding · 3 min", "**Exercise 1 · make, 5 min.**"."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heads = re.findall(r"^(?:#+ |\*\*Exercise ).*", prose, re.M)
    return sum(int(found[1]) for head in heads if (found := re.search(r"(\d+) min\b", head)))


# -- what it may be --------------------------------------------------------------------------------------


def too_large(size: Size, budget: Budget) -> dict[str, str]:
    """Each measure that doesn't fit, and what it may be."""
    found = {}
    for name in ("cells", "words", "lines", "median", "longest", "output", "definitions", "columns"):
        if getattr(size, name) > (most := getattr(budget, name)):
            found[name] = f"at most {most}"
    if budget.assertions is not None and size.assertions > budget.assertions:
        found["assertions"] = f"at most {budget.assertions} in a cell"
    if budget.acts is not None and (size.acts is None or size.acts > budget.acts):
        found["acts"] = f"at cell {budget.acts} at the latest"
    if budget.headings is not None and not budget.headings[0] <= size.headings <= budget.headings[1]:
        found["headings"] = "{} to {}".format(*budget.headings)
    if budget.minutes is not None and size.minutes > budget.minutes:
        found["minutes"] = f"at most {budget.minutes}"
    if size.stated is None or size.stated < size.minutes:
        found["stated"] = f"at least the honest {size.minutes}"
    if size.sections != size.stated:
        found["sections"] = "together what cell 0 states"
    return found


def table(paths: list[Path]) -> str:
    """A line for each notebook, `!` behind what doesn't fit, and below what each kind may have."""
    names = list(Size.__dataclass_fields__)
    lines = [_line("", names)]
    for path in paths:
        notebook = read(path)
        size = size_of(notebook)
        wrong = too_large(size, budget_of(path))
        cells = [_shown(getattr(size, name)) + ("!" if name in wrong else " ") for name in names]
        lines.append(_line(f"{path.stem[:28]:28} {'done' if is_done(notebook) else ''}", cells))
    for kind, budget in {"00 may have": FIRST, "a lesson may have": LESSON, "deep/ may have": DEEP}.items():
        lines.append(_line(kind, [_shown(getattr(budget, name, None)) + " " for name in names]))
    return "\n".join(lines)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "{}-{}".format(*value)
    return "-" if value is None else f"{value:g}"


def _line(name: str, cells: list[str]) -> str:
    return f"{name:34}" + "".join(f"{cell:>9}" for cell in (each[:8] for each in cells))


if __name__ == "__main__":
    print(table([path for path in notebooks() if path.name.startswith(sys.argv[1] if sys.argv[1:] else "")]))
