"""Which lines of a repository take part in one call: it is made under a tracer, in a process of its own.

Copy this file as it is: it needs Python, and what the traced code needs. Lines that run in threads are seen,
those that run in a child process aren't.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Trace", "reached"]

TIME = 30.0  # seconds for the call
LEFT_OUT = ("__pycache__", ".git", ".venv")  # is not copied

# Runs in a copy of the repository. Imports are traced too: what a module does when it is imported takes part.
# Of a data file nobody can say which lines were used, so each line of a file that was opened counts.
RUNNER = """
import importlib, json, os, sys, threading

package, call, answer = sys.argv[1:]
root = os.getcwd() + os.sep
sys.path[:0] = [root, os.path.join(root, "src")]
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
threading.settrace(entered)
sys.settrace(entered)
try:
    result = eval(call, dict(vars(importlib.import_module(package))))
finally:
    sys.settrace(None)
    threading.settrace(None)
found = {path[len(root):].replace(os.sep, "/"): sorted(numbers) for path, numbers in list(lines.items())}
data = sorted(path[len(root):].replace(os.sep, "/") for path in opened)
with open(answer, "w", encoding="utf-8") as file:
    json.dump({"result": str(result), "lines": found, "data": data}, file)
"""


class Trace(dict[tuple[str, int], str]):
    """The lines that took part in a call: the text of each by its path and its number.

    Attributes:
        result: what the call returned, as text; the text is made after the trace has ended.
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


def reached(
    repository: Path,
    call: str,
    *,
    package: str | None = None,
    instead: Mapping[tuple[str, int], str] | None = None,
) -> Trace:
    """Make a call of a repository's package, and say which of the repository's lines took part.

    The repository is copied, so its own files stay as they are. It is no sandbox: the code may use your
    network, your environment variables and your other files. Run only what you would run anyway.

    Args:
        repository: the folder that has the package, or has it in `src`.
        call: Python, with the names that the package has, as in `checkout({"mug": 12}, country="NO")`.
        package: its name; without it, the folder's.
        instead: lines that read otherwise in the copy, by path and number. Each keeps its indentation. If
            the line takes part, and what you ask about is otherwise then, the line decides.

    Raises:
        ValueError: the repository has no such line to replace.
        RuntimeError: the call failed; the message ends with what Python said.
        subprocess.TimeoutExpired: it took longer than half a minute.
    """
    package = package or repository.name
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "repository"
        shutil.copytree(repository, root, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for (path, number), text in (instead or {}).items():
            _replace(root, path, number, text)
        answer = Path(folder, "answer.json")
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", RUNNER, package, call, str(answer)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIME,
        )
        if done.returncode or not answer.is_file():  # there is none if the code ended the process
            said = done.stderr.strip()[-500:] or "it ended the process"
            raise RuntimeError(f"{call} of {package} failed: {said}")
        found = json.loads(answer.read_text("utf-8"))
        lines: dict[tuple[str, int], str] = {}
        for path, numbers in [*found["lines"].items(), *((path, None) for path in found["data"])]:
            texts = _lines(root / path)
            for number in range(1, len(texts) + 1) if numbers is None else numbers:
                if 1 <= number <= len(texts):  # a module that is empty begins at line 0
                    lines[path, number] = texts[number - 1]
    return Trace(found["result"], lines)


def _lines(file: Path) -> list[str]:
    """Those of a file that may have bytes that are no text, or may have been deleted by the call."""
    return file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []


def _replace(root: Path, path: str, number: int, text: str) -> None:
    """Let a line of the copy read otherwise."""
    file = root / path
    lines = _lines(file) if file.resolve().is_relative_to(root) else []
    if not 1 <= number <= len(lines):
        raise ValueError(f"{path} has no line {number} in the repository, so it can't be replaced")
    old = lines[number - 1]
    lines[number - 1] = old[: len(old) - len(old.lstrip())] + text.strip()
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
