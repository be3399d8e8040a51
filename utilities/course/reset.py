"""Brings a lesson's original back; what you made of it is kept.

    python -m utilities.course.reset 01        # or: make reset NB=01

Your version goes to `my_notebooks/`, which git and the tests leave alone. It runs there as well.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

from utilities.console import forgiving

from .places import ROOT


class NoOriginal(Exception):
    """There is nothing to bring back; the message says why."""


def reset(begins: str, root: Path = ROOT) -> list[str]:
    """Bring back the notebooks whose names begin so.

    Args:
        begins: how a name begins: "01", "" for all.
        root: the git clone.

    Returns:
        What was done, a line for each notebook.

    Raises:
        NoOriginal: this is no clone, or it has no such notebook.
    """
    names = [
        name for name in _git(root, "ls-files", "notebooks").decode().splitlines() if _is_meant(name, begins)
    ]
    if not names:
        raise NoOriginal(f"no notebook in {root / 'notebooks'} begins with {begins!r}")
    return [_reset(name, root) for name in names]


def _is_meant(name: str, begins: str) -> bool:
    return name.endswith(".ipynb") and Path(name).name.startswith(begins)


def _reset(name: str, root: Path) -> str:
    """One notebook, by its path in the clone."""
    original, path = _git(root, "show", f"HEAD:{name}"), root / name
    if path.exists() and path.read_bytes() == original:
        return f"{name} is the original"
    kept = ""
    if path.exists():
        kept = f", yours is {_keep(path, root / 'my_notebooks').relative_to(root).as_posix()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(original)
    return f"{name} is the original again{kept}; in JupyterLab: File, Reload Notebook from Disk"


def _keep(path: Path, folder: Path) -> Path:
    """A copy in the folder, under a name that is free."""
    folder.mkdir(exist_ok=True)
    names = (f"{path.stem}{f'-{number}' if number > 1 else ''}.ipynb" for number in count(1))
    free = next(folder / name for name in names if not (folder / name).exists())
    shutil.copy(path, free)
    return free


def _git(root: Path, *arguments: str) -> bytes:
    """What git says in the clone."""
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise NoOriginal("git is not installed: get the notebook from where you got the course") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise NoOriginal(f"{root} is no git clone that has it: {said}") from error


def main(argv: list[str] | None = None) -> int:
    """The command. 0: done. 1: nothing to bring back."""
    forgiving()
    parser = argparse.ArgumentParser(prog="python -m utilities.course.reset", description=__doc__)
    parser.add_argument("notebook", help="how its name begins: 01")
    try:
        print("\n".join(reset(parser.parse_args(argv).notebook)))
    except NoOriginal as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
