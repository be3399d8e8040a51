"""Puts what the course needs into `.venv`, where there is no make; `make setup` calls it, too.

    python -m utilities.course.setup                       # what a learner needs
    python -m utilities.course.setup --dev                 # and what a developer does (make dev)
    python -m utilities.course.setup --download wheels     # only fetch it, for machines like this one
    python -m utilities.course.setup --wheels wheels       # from there, without network

It is run by whatever Python there is, before anything is installed: only the standard library is imported.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from .places import ROOT

VENV = ROOT / ".venv"
# What each lock has, without what is only for other systems; counted and weighed for Linux and Python 3.11.
LOCKS = {"requirements.lock": (144, 154), "requirements-dev.lock": (183, 250)}  # packages, MB
RATE = 20  # MBit/s, for the guess of how long that takes
KERNEL = "Python 3 (the course)"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
ONLINE = "is this machine online? Without network: --wheels FOLDER"
NOT_BUILT = (
    "wordllama has no wheel for Python 3.14: are a C++ compiler and Python's headers there, to build it "
    "(Debian: g++, python3.14-dev)? A folder of wheels can't have it. Or take another Python"
)
NO_VENV = "Debian and Ubuntu have it in a package of its own: apt install python3-venv"
ANOTHER = "py -3.12 -m utilities.course.setup" if os.name == "nt" else "make setup PYTHON=python3.12"


class Stopped(Exception):
    """A step failed, and has said why itself; the message says which, and what to do."""


def main(argv: list[str] | None = None) -> int:
    """The command. 0: it is done. 1: a step failed. 2: this Python is too old."""
    options = _parser().parse_args(argv)
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever Python there is
        version = ".".join(map(str, sys.version_info[:3]))
        _say(f'Python 3.11 or newer is needed, and "{sys.executable}" is {version}. Name another: {ANOTHER}')
        return 2
    lock = ROOT / ("requirements-dev.lock" if options.dev else "requirements.lock")
    started = time.monotonic()
    try:
        if options.download:
            download(lock, options.download)
            done = f"{options.download} has all of it: --wheels {options.download}, on machines like this one"
        else:
            install(lock, options.wheels)
            done = f"`make lab` or `{_course('lab')}` opens the course, `make doctor` checks this machine"
    except Stopped as problem:
        _say(str(problem))
        return 1
    _say(f"Ready after {time.monotonic() - started:.0f} s: {done}")
    return 0


def _parser() -> argparse.ArgumentParser:
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m utilities.course.setup", description=about)
    parser.add_argument("--dev", action="store_true", help="what tests, lint and types need as well")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--wheels", type=Path, metavar="FOLDER", help="from this folder, without network")
    where.add_argument("--download", type=Path, metavar="FOLDER", help="only fill this folder with wheels")
    return parser


def install(lock: Path, wheels: Path | None = None) -> None:
    """Make `.venv` what the lock says. What was interrupted is simply done again.

    Args:
        lock: one of LOCKS.
        wheels: a folder; None takes the package index that pip is set up with.

    Raises:
        Stopped: a step failed.
    """
    source = [] if wheels is None else ["--no-index", "--find-links", str(wheels.resolve())]
    lacks = _lacks(ONLINE if wheels is None else f"does {wheels} have a wheel of each, for this Python?")
    _say(f"Setting up {VENV.name}: {_much(lock, wheels)}")
    if not _runs("-m", "uv", "--version") and not _runs("-m", "pip", "--version"):  # interrupted, or moved
        _step("an environment", sys.executable, "-m", "venv", "--clear", str(VENV), then=NO_VENV)
    if not _runs("-m", "uv", "--version"):
        pip = (*PIP, "install", *source, _pin("uv", lock))
        _step("uv, which installs the rest", str(interpreter()), *pip, then=lacks)
    uv = [str(interpreter()), "-m", "uv", "pip", "install", "--python", str(interpreter()), *source]
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    # Compiled at once, because each notebook's kernel starts with imports that take twice as long otherwise.
    _step("the packages", *uv, *quiet, "--compile-bytecode", "-r", str(lock), then=lacks)
    # With the setuptools that the lock has just brought, not with one that would be fetched for it.
    itself = ["--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    _step("the course itself", *uv, *itself, then="the last lines above say why")
    kernel = ("-m", "ipykernel", "install", "--sys-prefix", "--name", "python3", "--display-name", KERNEL)
    _step("Jupyter's kernel", str(interpreter()), *kernel, then="the last lines above say why", silent=True)
    (VENV / ".setup-stamp").touch()
    if lock.name == "requirements-dev.lock":
        (VENV / ".dev-stamp").touch()


def download(lock: Path, wheels: Path) -> None:
    """Fill a folder with wheels of all that the lock has.

    Raises:
        Stopped: pip failed.
    """
    _say(f"Fetching into {wheels}: {_much(lock, None)}")
    fetched = ("download", "--only-binary", ":all:", "-d", str(wheels), "-r", str(lock))
    _step("the wheels", sys.executable, *PIP, *fetched, then=_lacks(ONLINE))


def _lacks(usually: str) -> str:
    """What to do when a package can't be installed."""
    return f"{NOT_BUILT}: {ANOTHER}" if sys.version_info >= (3, 14) else usually


def _pin(package: str, lock: Path) -> str:
    """The lock's requirement of a package."""
    lines = lock.read_text("utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.startswith(f"{package}=="))


def interpreter(environment: Path = VENV) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _course(command: str) -> str:
    return f"{interpreter().relative_to(ROOT)} -m utilities.course.{command}"


def _much(lock: Path, wheels: Path | None) -> str:
    packages, megabytes = LOCKS[lock.name]
    if wheels is not None:
        return f"{packages} packages from {wheels}, under a minute"
    minutes = megabytes * 8 / RATE / 60
    return f"{packages} packages, {megabytes} MB to fetch, about {minutes:.0f} min at {RATE} MBit/s"


def _runs(*arguments: str) -> bool:
    """Whether the environment is there and its Python starts with this."""
    try:
        return subprocess.run([interpreter(), *arguments], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _step(what: str, *command: str, then: str, silent: bool = False) -> None:
    _say(f"  {what}")
    # Some machines forbid Python to keep what it compiled; here that is the point.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    shown = subprocess.DEVNULL if silent else None
    done = subprocess.run(command, cwd=ROOT, env=environ, stdout=shown, check=False)
    if done.returncode:
        raise Stopped(f"That failed: {what}. {then[0].upper()}{then[1:]}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
