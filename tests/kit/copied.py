"""A project that has copied helpers, and only some packages: what the README's "Copy a helper" promises."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

from tests.kit.places import ROOT

# Starts the program in sys.argv[2:] with what is not in the list of sys.argv[1] as good as uninstalled.
ONLY = """
import json, runpy, sys

class Uninstalled:
    names = set(json.loads(sys.argv[1]))
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"{name} is not installed there", name=name)

sys.meta_path.insert(0, Uninstalled())
sys.path.insert(0, ".")
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def project_of(folder: Path, *names: str) -> Path:
    """A project with these folders and files of `utilities/` in its own package `helpers`."""
    helpers = folder / "helpers"
    helpers.mkdir()
    (helpers / "__init__.py").touch()
    for name in names:
        there = ROOT / "utilities" / name
        if there.is_dir():
            shutil.copytree(there, helpers / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(there, helpers)
    return folder


def run(project: Path, *arguments: str, also: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a program of the project, without `utilities` and what anthropic (and `also`) does not need."""
    return run_with(("anthropic", *also), project, *arguments, hidden=("utilities",))


def run_with(
    requirements: Iterable[str], project: Path, *arguments: str, hidden: Iterable[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program of a project in which only these distributions, and what they need, are installed.

    Args:
        requirements: as in a pyproject.toml.
        project: its folder.
        arguments: the program, and its arguments.
        hidden: names of imports that aren't there either.
    """
    allowed = {*needed_by(*requirements), "managed-agents-cookbook"}
    installed = importlib.metadata.packages_distributions()
    missing = {name for name, owners in installed.items() if not set(map(normalised, owners)) & allowed}
    assert "jupyterlab" in missing
    command = [sys.executable, "-I", "-c", ONLY, json.dumps(sorted({*hidden, *missing})), *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, encoding="utf-8", timeout=60)


def needed_by(*requirements: str) -> set[str]:
    """These distributions and what they require, all the way down, by their normalised names."""
    found: set[tuple[str, str]] = set()  # with the extra for which it is needed
    waiting = list(map(Requirement, requirements))
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras}:
            if (normalised(wanted.name), extra) not in found:
                found.add((normalised(wanted.name), extra))
                more = map(Requirement, importlib.metadata.requires(wanted.name) or ())
                waiting += [r for r in more if not r.marker or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
