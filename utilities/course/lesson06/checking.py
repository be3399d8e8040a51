"""The forge's checks: the visible tests and the hidden cases, in a process of their own.

What a hidden case expects stays in this process: the other one, in which the code under test runs, gets the
titles and hands back what it makes of them. So it has nothing to report but its own work.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["Checks", "Files", "commit_of", "run_checks"]

Files = dict[str, str]  # text by path, as "src/slugs.py"
TESTS = "tests/test_slugs.py"
TIME = 20.0  # seconds for all of it
SHORT = 10  # digits of a hash

# The results go into a file, since the code under test may print.
RUNNER = """
import json, sys
asked = json.loads(sys.argv[1])
sys.path[:0] = ["tests", "src"]  # in this order: src/test_slugs.py is nobody's test
results = {"tests": {}, "slugs": {}}
for name in asked["tests"]:
    try:
        import test_slugs
        vars(test_slugs)[name]()
        results["tests"][name] = True
    except BaseException:
        results["tests"][name] = False
for title in asked["titles"]:
    try:
        import slugs
        results["slugs"][title] = str(slugs.slug(title))
    except BaseException as error:
        results["slugs"][title] = type(error).__name__
with open("results.json", "w", encoding="utf-8") as file:
    json.dump(results, file)
"""


def commit_of(files: Mapping[str, str]) -> str:
    """What these files are known by: a hash of all paths and texts."""
    whole = json.dumps(dict(files), sort_keys=True).encode()
    return hashlib.sha256(whole).hexdigest()[:SHORT]


@dataclass(frozen=True)
class Checks:
    """What the checks found, of one state of the files and of no other.

    Attributes:
        head: that state, by its hash.
        visible: by the name of each visible test, whether it passed.
        hidden: by the title of each hidden case, whether its slug was the expected one.
        made: by the title of each hidden case, the slug.
    """

    head: str
    visible: dict[str, bool]
    hidden: dict[str, bool]
    made: dict[str, str]

    @property
    def green(self) -> bool:
        """Whether all passed; no tests are no success."""
        return bool(self.visible) and all(self.visible.values()) and all(self.hidden.values())

    def __str__(self) -> str:
        colour = "green" if self.green else "red"
        return f"{self.head}: {self.counts}: {colour}"

    @property
    def counts(self) -> str:
        """`visible 6 of 6, hidden 0 of 3`: no names, so that nobody learns a hidden case from it."""
        both = {"visible": self.visible, "hidden": self.hidden}
        return ", ".join(f"{name} {sum(all_.values())} of {len(all_)}" for name, all_ in both.items())


def run_checks(files: Mapping[str, str], hidden: Mapping[str, str]) -> Checks:
    """Run the visible tests and the hidden cases against these files.

    In a process of its own, in an empty folder, with an empty environment. That is no sandbox: the code
    can read what this process was started with. CI should run foreign code where there is nothing to take.

    Args:
        files: all files, by path.
        hidden: by title, the expected slug.

    Returns:
        What was found. A test or case that gave no result, because the process ended early or took too long,
        has failed.
    """
    names = _test_names(files.get(TESTS, ""))
    found = _run(files, {"tests": names, "titles": list(hidden)})
    made = {title: str(found["slugs"].get(title, "no result")) for title in hidden}
    return Checks(
        commit_of(files),
        {name: found["tests"].get(name) is True for name in names},
        {title: made[title] == expected for title, expected in hidden.items()},
        made,
    )


def _test_names(source: str) -> list[str]:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def _run(files: Mapping[str, str], asked: dict[str, list[str]]) -> dict[str, dict[str, object]]:
    # Without `site`, so that it finds none of the packages that are installed here, and not this one.
    command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", RUNNER, json.dumps(asked)]
    # Windows starts no Python without SYSTEMROOT.
    environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        try:
            _write(files, Path(folder))
            subprocess.run(command, cwd=folder, capture_output=True, timeout=TIME, env=environment)
            found = json.loads(Path(folder, "results.json").read_text("utf-8"))
        except (
            subprocess.TimeoutExpired,
            OSError,
            ValueError,
        ):  # no result, or files that can't all be there
            found = None
    # The code under test can write this file, too, so nothing is taken for granted.
    parts = found if isinstance(found, dict) else {}
    return {key: part if isinstance(part := parts.get(key), dict) else {} for key in ("tests", "slugs")}


def _write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        path = folder / require_inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def require_inside(name: str) -> str:
    """The path, if it leads to a file below the folder that it is relative to, and is written in one way.

    Raises:
        ValueError: it doesn't, or there is a plainer way: ./tests/x.py would be another path than tests/x.py.
    """
    path = PurePosixPath(name)
    plain = path.as_posix() == name and not path.is_absolute() and path.parts and ".." not in path.parts
    if not plain or any(character in name for character in "\\:\0"):
        raise ValueError(f"{name!r} is no path inside the repository: it looks like src/slugs.py")
    return name
