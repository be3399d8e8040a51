"""Which lines of a repository take part in one call: it is made under a tracer, in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["Trace", "reached"]

TIME = 30.0  # seconds for the call
IGNORED = shutil.ignore_patterns("__pycache__")

# Runs in a copy of the repository. Imports are traced too: a constant takes part when its module is imported.
# Of a data file nobody can say which lines were used, so each line of a file that was opened counts.
RUNNER = """
import importlib, json, os, sys

package, call, answer = sys.argv[1:]
root = os.getcwd() + os.sep
sys.path.insert(0, root)
lines, opened = {}, set()

def noticed(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        path = os.path.abspath(os.fspath(arguments[0]))
        if path.startswith(root) and not path.endswith(".py") and os.path.isfile(path):
            opened.add(path)

def line_of(frame, event, argument):
    if event == "line":
        lines.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
    return line_of

def entered(frame, event, argument):
    return line_of if frame.f_code.co_filename.startswith(root) else None

sys.addaudithook(noticed)
sys.settrace(entered)
try:
    result = eval(call, dict(vars(importlib.import_module(package))))
finally:
    sys.settrace(None)
found = {path[len(root):].replace(os.sep, "/"): sorted(numbers) for path, numbers in lines.items()}
data = sorted(path[len(root):].replace(os.sep, "/") for path in opened)
with open(answer, "w", encoding="utf-8") as file:
    json.dump({"result": str(result), "lines": found, "data": data}, file)
"""


class Trace(dict[tuple[str, int], str]):
    """The lines that took part in a call: the text of each by its path and its number.

    Attributes:
        result: what the call returned, as text.
    """

    def __init__(self, result: str, lines: dict[tuple[str, int], str]) -> None:
        super().__init__(lines)
        self.result = result

    @property
    def paths(self) -> list[str]:
        """The files that took part, in path order."""
        return sorted({path for path, _ in self})

    def __repr__(self) -> str:
        return f"<{len(self.paths)} files took part>"  # how many lines differs between versions of Python


def reached(repository: Path, call: str) -> Trace:
    """Make a call of a repository's package, and say which of the repository's lines took part.

    The repository is copied, and the call is made in a process of its own: nothing that it changes stays.

    Args:
        repository: a folder with a package of the same name in it.
        call: Python, with the names that the package has, as in `checkout({"mug": 12}, country="NO")`.

    Raises:
        RuntimeError: the call failed; the message ends with what Python said.
        subprocess.TimeoutExpired: it took longer than half a minute.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "repository"
        shutil.copytree(repository, root, ignore=IGNORED)
        answer = Path(folder, "answer.json")
        command = [sys.executable, "-I", "-B", "-c", RUNNER, repository.name, call, str(answer)]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=TIME
        )
        if done.returncode:
            raise RuntimeError(f"{call} of {repository.name} failed: {done.stderr.strip()[-500:]}")
        found = json.loads(answer.read_text("utf-8"))
        lines = {}
        for path, numbers in [*found["lines"].items(), *((path, None) for path in found["data"])]:
            text = (root / path).read_text("utf-8").splitlines()
            for number in range(1, len(text) + 1) if numbers is None else numbers:
                if 1 <= number <= len(text):  # a module that is empty begins at line 0
                    lines[path, number] = text[number - 1]
    return Trace(found["result"], lines)
