"""A cell of a notebook as a file: what it defines, below what it takes from other cells."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import symtable
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = ("project", "lesson11")  # with these a cell speaks of the lesson, not of the tests


def as_file(function: Callable[..., Any]) -> str:
    """The text of a file that defines this function, and all that its cell has beside it.

    Args:
        function: one that a cell defines; of a module's function only its own text is taken.

    Returns:
        Imports and values of other cells that it uses, then the cell, up to where it speaks of the lesson.
    """
    body = _cell(function)
    given: dict[str, Any] = getattr(function, "__globals__", {})
    names = sorted(name for name in _missing(body) if name in given)
    lines = sorted((_written(name, given[name]) for name in names), key=_order)
    return "\n\n".join(filter(None, ["\n".join(lines), f"\n{body}\n" if lines else f"{body}\n"]))


def _cell(function: Callable[..., Any]) -> str:
    code: Any = getattr(function, "__code__", None)
    lines = linecache.getlines(code.co_filename) if code else []
    if not lines or Path(code.co_filename).is_file():
        return textwrap.dedent(inspect.getsource(function)).strip()
    last = 0
    for statement in ast.parse("".join(lines)).body:
        if any(isinstance(node, ast.Name) and node.id in OURS for node in ast.walk(statement)):
            break
        last = statement.end_lineno or last
    return "".join(lines[:last]).strip()


def _missing(body: str) -> set[str]:
    """The global names that it reads and doesn't define."""
    whole = symtable.symtable(body, "cell", "exec")
    defined = {symbol.get_name() for symbol in whole.get_symbols() if symbol.is_assigned()}
    defined |= {symbol.get_name() for symbol in whole.get_symbols() if symbol.is_imported()}
    tables, used = [whole], set[str]()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and (s.is_global() or table is whole)
        }
    return {name for name in used - defined if not hasattr(builtins, name)}


def _written(name: str, value: Any) -> str:
    if isinstance(value, ModuleType):
        return f"import {name}" if value.__name__ == name else f"import {value.__name__} as {name}"
    module = getattr(value, "__module__", None)
    if module and module != "__main__":
        its_name: str = value.__name__
        return f"from {module} import {its_name}" + f" as {name}" * (its_name != name)
    if callable(value):
        return _cell(value)
    return f"{name} = {value!r}"


def _order(line: str) -> tuple[bool, bool, str]:
    """Imports first, of modules before of names."""
    return not line.startswith(("import ", "from ")), not line.startswith("import "), line
