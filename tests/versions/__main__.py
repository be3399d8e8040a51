"""`make versions`: the quick tests with the lowest versions that pyproject.toml allows, or another Python.

    python -m tests.versions                                      # the lowest, with this Python
    python -m tests.versions --python python3.13 --locked         # the lock's, with that one
    python -m tests.versions --some                               # what CI has time for

The environment is made anew in `.versions`, which git ignores; the package index is the one that uv is set up
with. Notebooks are left to `make test`: what they print is the lock's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

from tests.conformance.sdk import LOCK, UV
from tests.kit.places import ROOT

FOLDER = ROOT / ".versions"
ROOMS = ("tests/turn", "tests/webhook", "tests/show", "tests/memory", "tests/replay")
# Where versions that are too low showed: each failed with some, or is the heart of a room.
SOME = (
    "tests/turn/test_stream.py", "tests/turn/test_answers.py", "tests/show/test_transcript.py",
    "tests/memory/test_brain.py", "tests/memory/test_memory_tools.py", "tests/replay/test_testing.py",
    "tests/replay/http/test_validation.py", "tests/replay/resources/test_limits_of_agents.py",
    "tests/replay/server/test_server.py", "tests/replay/server/test_fuzz.py",
    "tests/replay/server/test_streams.py",
)  # fmt: skip
SHOWN = (
    "anthropic", "astrocyte", "wordllama", "pydantic", "starlette", "uvicorn", "python-multipart", "nbclient",
    "ipywidgets", "matplotlib", "pyyaml", "detect-secrets",
)  # fmt: skip


def lowest(python: str, kept: Path) -> Path:
    """The lowest versions of what pyproject.toml names, and the lock's of what these need in turn."""
    others = kept.with_name("constraints.txt")
    others.write_text("".join(line for line in LOCK.open(encoding="utf-8") if not _is_named(line)), "utf-8")
    _uv("pip", "compile", "--resolution", "lowest-direct", "--python", python, "--all-extras",
        "pyproject.toml", "-c", str(others), "-o", str(kept))  # fmt: skip
    return kept


def _is_named(pin: str) -> bool:
    """Whether a line of the lock is about what pyproject.toml names, or about what goes by its version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    given = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    named = {Requirement(each).name for each in given}
    return pin.partition("==")[0].partition("[")[0] in named | {"pydantic-core"}


def environment(python: str, versions: Path) -> Path:
    """The Python of an environment with these versions, and this project as it is."""
    made = FOLDER / "venv" / "bin" / "python"
    _uv("venv", "--python", python, str(FOLDER / "venv"))
    _uv("pip", "install", "--python", str(made), "-r", str(versions))
    _uv("pip", "install", "--python", str(made), "--no-deps", "-e", ".")
    return made


def main(argv: list[str] | None = None) -> int:
    """0: all tests pass. 1: some don't. 2: the environment can't be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="this one by default")
    parser.add_argument("--locked", action="store_true", help="the versions of requirements-dev.lock instead")
    parser.add_argument("--some", action="store_true", help="only those tests that have shown it")
    parser.add_argument("tests", nargs="*", help=f"by default {', '.join(ROOMS)}")
    options = parser.parse_args(argv)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    try:
        versions = LOCK if options.locked else lowest(options.python, FOLDER / "lowest.txt")
        python = environment(options.python, versions)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"versions: {error}", file=sys.stderr)
        return 2
    pinned = [line.split()[0] for line in versions.read_text("utf-8").splitlines() if "==" in line]
    print(*[pin for pin in pinned if pin.partition("==")[0].partition("[")[0] in SHOWN], flush=True)
    command = [str(python), "-m", "pytest", "-q", "-n", "3", "-m", "not slow", "-p", "no:cacheprovider"]
    chosen = options.tests or (SOME if options.some else ROOMS)
    done = subprocess.run(
        [*command, "--disable-warnings", *chosen], cwd=ROOT, env=os.environ | {"PYTEST_ADDOPTS": ""}
    )
    return int(done.returncode != 0)


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments, "--quiet"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
