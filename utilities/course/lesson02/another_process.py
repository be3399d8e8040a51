"""What a learner's function returns in a new process, for exercise 3 of lesson 02.

A notebook's function can't be pickled, so its source goes there: of the cell that defines it, the statements
that it needs. All of them run anew, as they will tomorrow.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import linecache
import os
import subprocess
import symtable
import sys
from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType
from typing import Any

ASKS = """
import json, sys
source, name, arguments = json.load(sys.stdin)
namespace = {"__name__": "another_process"}
exec(compile(source, "<the cell>", "exec"), namespace)
said = [namespace[name](argument) for argument in arguments]
print("\\n" + json.dumps(said, default=repr))
"""


class NotThere(Exception):
    """What the function needs isn't to be had in another process, or fails there; the message says what."""


def returned_elsewhere(function: Callable[[str], Any], arguments: Sequence[str], seconds: float) -> list[Any]:
    """Define a function again in a new interpreter, and call it there.

    Args:
        function: one of a cell or of a module's top level.
        arguments: to call it with, one after the other.
        seconds: how long that may take.

    Returns:
        What it returned for each.

    Raises:
        NotThere: it can't be defined there, it raised something, or it took too long.
    """
    plain = inspect.unwrap(function)
    assert isinstance(plain, FunctionType)
    names = [name for name, value in plain.__globals__.items() if value is function]
    if not names:
        raise NotThere("the function has no name at the top level of a cell")
    # Python's own hash() of a text differs from process to process, unless this variable is the same.
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
    source = "from __future__ import annotations\n" + source_of(plain, names[0])
    given = json.dumps([source, names[0], list(arguments)])
    command = [sys.executable, "-c", ASKS]
    options: dict[str, Any] = {"capture_output": True, "text": True, "encoding": "utf-8"}
    try:
        done = subprocess.run(command, input=given, env=environment, timeout=seconds, check=False, **options)
    except subprocess.TimeoutExpired:
        raise NotThere(f"it hadn't returned after {seconds:.0f} s") from None
    if done.returncode:
        raise NotThere((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    returned: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return returned


def source_of(function: FunctionType, name: str) -> str:
    """The statements that define `name`, and all that it uses, in the order of its cell.

    Args:
        function: the function, for its file and its globals.
        name: what the cell calls it.

    Raises:
        NotThere: its source can't be read, or it uses a value of another cell that can't be written down, or
            that may have changed since.
    """
    tree = ast.parse("".join(linecache.getlines(function.__code__.co_filename)))
    binding = {statement: _bound(statement) for statement in tree.body}
    if not any(name in bound for bound in binding.values()):
        raise NotThere(f"the source of {name} can't be read; define it at the top level of a cell")
    needed, seen, brought = [name], set(), []
    while needed:
        one = needed.pop()
        if one in seen:
            continue
        seen.add(one)
        statements = [statement for statement, bound in binding.items() if one in bound]
        for statement in statements:
            needed += _used(statement)
        if not statements and one in function.__globals__ and not hasattr(builtins, one):
            brought.append(_brought(one, function.__globals__[one]))
    chosen = [ast.unparse(statement) for statement, bound in binding.items() if bound & seen]
    return "\n".join([*brought, *chosen])


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement of the top level gives a value to."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return set()
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    nodes = ast.walk(statement)
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _used(statement: ast.stmt) -> set[str]:
    """The global names that a statement reads, also inside the functions that it defines."""
    tables, used = [symtable.symtable(ast.unparse(statement), "<the cell>", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and s.is_global()}
    return used


def _brought(name: str, value: Any) -> str:
    """A statement that makes what another cell has under this name."""
    if isinstance(value, ModuleType):
        return f"import {value.__name__}" + f" as {name}" * (value.__name__ != name)
    module, its_name = (str(getattr(value, what, "")) for what in ("__module__", "__name__"))
    if isinstance(value, FunctionType) and module == "__main__":
        return source_of(value, name)
    if module != "__main__" and getattr(sys.modules.get(module), its_name, None) is value:
        return f"from {module} import {its_name} as {name}"
    try:
        if not isinstance(value, dict | list | set) and ast.literal_eval(repr(value)) == value:
            return f"{name} = {value!r}"
    except (ValueError, SyntaxError):
        pass
    raise NotThere(f"{name} is of another cell ({type(value).__name__}); define it in the same cell")
