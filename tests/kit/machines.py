"""Machines that are not like ours, imitated: a process with another environment, place or system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.kit.places import ROOT

DEAD = "127.0.0.1:9"  # the port "discard", where nobody listens
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
OURS = ("ANTHROPIC_", "COOKBOOK_", "PYTHON", "PYTEST_")

# All that a company may set, at once: none of it may matter to a server on this machine.
COMPANY = {
    "HTTP_PROXY": f"http://{DEAD}",
    "HTTPS_PROXY": f"http://{DEAD}",
    "ALL_PROXY": f"socks5://{DEAD}",
    "NO_PROXY": "localhost",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "SSL_CERT_DIR": "/nowhere",
}
COMPANY |= {name.lower(): value for name, value in COMPANY.items() if "PROXY" in name}
# A console that isn't UTF-8, with all that Python does about it switched off.
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

# A `sitecustomize`, which Python imports in each process that has its folder on PYTHONPATH: whatever writes
# below the folder READ_ONLY is told that it can't, and nobody has a home. It stands in for file modes, which
# root needn't mind, and for a user who isn't root.
READ_ONLY = """
import errno, os, sys

folder = os.path.realpath(os.environ["READ_ONLY"]) + os.sep
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.truncate"}

def refuse(event, args):
    writes = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (writes or event in CHANGES) and isinstance(args[0], str | bytes | os.PathLike):
        path = args[1] if event in ("os.rename", "os.symlink", "os.link") else args[0]
        if os.path.realpath(os.fsdecode(path)).startswith(folder):
            raise OSError(errno.EROFS, "Read-only file system", path)

sys.addaudithook(refuse)
os.path.expanduser = lambda path: path  # as where a user has neither HOME nor a line in /etc/passwd
"""


def machine(given: Mapping[str, str], *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """This machine's environment with other variables, as a learner has it: nothing of the tests' in it.

    Args:
        given: what is set there.
        without: what isn't.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and name.upper() not in NETWORK and name not in without
    }
    return {**ours, **given}


def run_on(environ: Mapping[str, str], *command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program with this interpreter there; what it prints is UTF-8, or shown as it is."""
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, env=dict(environ), capture_output=True, encoding="utf-8",
        errors="backslashreplace", timeout=120, check=False,
    )  # fmt: skip


def copy_of_the_course(folder: Path) -> Path:
    """A clone, as far as a lesson needs it, in this folder."""
    ignored = shutil.ignore_patterns("__pycache__", "*.md")
    for name in ("utilities", "example_data"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    return folder


def read_only(folder: Path, guard: Path) -> dict[str, str]:
    """Variables with which Python, in child processes too, can't write below this folder, and finds no home.

    Args:
        folder: it goes on PYTHONPATH, too.
        guard: where what sees to it is written.
    """
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(READ_ONLY, "utf-8")
    return {"READ_ONLY": str(folder), "PYTHONPATH": os.pathsep.join(map(str, (guard, folder)))}
