"""The module that lesson 01 hands over: its tests, its planted bugs, and which of its functions changed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from utilities.turn.timing import has_threads

from ..places import DATA

__all__ = ["FOLDER", "TESTS", "changed_functions", "planted", "run_tests"]

FOLDER = DATA / "iterate"
TESTS = (FOLDER / "test_calc.py").read_text("utf-8")
TIME = 30.0  # seconds for all tests

planted = {bug["function"] for bug in json.loads((FOLDER / "planted_bugs.json").read_text("utf-8"))}
"""The functions of calc.py that have a bug."""

# The outcomes go into a file, since the code under test may print.
RUNNER = """
import json, sys
outcomes = dict.fromkeys(sys.argv[1:], "passed")
for name in outcomes:
    try:
        import test_calc
        vars(test_calc)[name]()
    except BaseException as error:
        outcomes[name] = type(error).__name__
with open("outcomes.json", "w", encoding="utf-8") as file:
    json.dump(outcomes, file)
"""


def run_tests(code: str) -> dict[str, str]:
    """Run every test against this version of calc.py.

    In a process of its own and in an empty folder, so that nothing but the given code takes part. In a
    browser, which has no processes, in two modules that are made for it; there, nothing ends a loop.

    Args:
        code: the text of calc.py.

    Returns:
        By the name of each test "passed", or the name of what it raised. It is the same for all of
        them if the code can't be imported, takes too long or ends the process.
    """
    names = [f.name for f in _functions(TESTS) if f.name.startswith("test_")]
    if not has_threads():
        return _run_here(code, names)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "calc.py").write_text(code, encoding="utf-8")
        Path(folder, "test_calc.py").write_text(TESTS, encoding="utf-8")
        command = [sys.executable, "-B", "-c", RUNNER, *names]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIME)
        except subprocess.TimeoutExpired:
            return dict.fromkeys(names, "TimeoutExpired")
        outcomes = Path(folder, "outcomes.json")
        if not outcomes.exists():
            return dict.fromkeys(names, f"the process ended with code {done.returncode}")
        found: dict[str, str] = json.loads(outcomes.read_text("utf-8"))
        return found


def _run_here(code: str, names: list[str]) -> dict[str, str]:
    outcomes = dict.fromkeys(names, "passed")
    before = sys.modules.get("calc")
    try:
        for name in outcomes:
            sys.modules["calc"] = calc = ModuleType("calc")
            tests: dict[str, Any] = {"__name__": "test_calc"}
            try:
                with redirect_stdout(StringIO()):
                    exec(compile(code, "calc.py", "exec"), vars(calc))
                    exec(compile(TESTS, "test_calc.py", "exec"), tests)
                    tests[name]()
            except (Exception, SystemExit) as error:
                outcomes[name] = type(error).__name__
    finally:
        sys.modules.pop("calc", None)
        if before is not None:
            sys.modules["calc"] = before
    return outcomes


def changed_functions(old: str, new: str) -> set[str]:
    """The functions that two versions of a module don't share.

    They are compared as syntax trees, in which comments and formatting don't count.

    Args:
        old, new: the text of both versions.

    Returns:
        The names of those that are other ones, are gone, or were added.

    Raises:
        SyntaxError: one of the two is no Python.
    """
    before, after = ({f.name: ast.dump(f) for f in _functions(text)} for text in (old, new))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _functions(source: str) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
