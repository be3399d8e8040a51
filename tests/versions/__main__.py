"""`make versions`: the quick tests with the lowest versions that pyproject.toml allows, or another Python.

    python -m tests.versions                                      # the lowest, with this Python
    python -m tests.versions --python python3.13 --locked         # the lock's, with that one

The environment is made anew in `.versions`, which git ignores; the package index is the one that uv is set up
with. Notebooks are left to `make test`: what they print is the lock's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conformance.sdk import LOCK, UV
from tests.kit.places import ROOT

FOLDER = ROOT / ".versions"
ROOMS = ("tests/turn", "tests/webhook", "tests/show", "tests/memory", "tests/replay")
SHOWN = (
    "anthropic", "astrocyte", "wordllama", "pydantic", "starlette", "uvicorn", "python-multipart", "nbclient",
    "ipywidgets", "matplotlib", "pyyaml", "detect-secrets",
)  # fmt: skip


def lowest(python: str, kept: Path) -> Path:
    """The lowest versions of what pyproject.toml names, with the newest of what these need in turn."""
    _uv("pip", "compile", "--resolution", "lowest-direct", "--python", python, "--all-extras",
        "pyproject.toml", "-o", str(kept))  # fmt: skip
    return kept


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
    parser.add_argument("--locked", action="store_true", help="the versions of requirements.lock instead")
    parser.add_argument("tests", nargs="*", default=ROOMS, help=f"by default {', '.join(ROOMS)}")
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
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "-m", "not slow", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *options.tests], cwd=ROOT, env=os.environ | {"PYTEST_ADDOPTS": ""})
    return int(done.returncode != 0)


def _uv(*arguments: str) -> None:
    subprocess.run([str(UV), *arguments, "--quiet"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
