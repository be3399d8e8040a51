"""Processes that start quickly: forked from one that has imported what they all import.

Only what others wrote is imported there. Modules of this repository are imported by the forked process, as in
one that starts from nothing, so that what a test is about is not prepared for it.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

# Not on Windows: there all that is here starts processes as everywhere.
FORKS = "forkserver" in multiprocessing.get_all_start_methods()
PROCESSES: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
if FORKS:
    PROCESSES.set_forkserver_preload(["tests.kit.forked_imports"])
# What Python reads only when it starts: a process with other values can't be forked.
AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_")


@cache
def forkserver() -> dict[str, str]:
    """Start the process that is forked; returns with which environment, once its imports are done."""
    environment = dict(os.environ)
    if FORKS:
        first = PROCESSES.Process(target=int)
        first.start()
        first.join()
    return environment


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a process that starts with this environment is the same when it is forked."""
    if not FORKS:
        return False
    ours = forkserver()
    names = {name for name in (*ours, *environment) if name.startswith(AT_START)}
    return all(ours.get(name) == environment.get(name) for name in names)


def become(argv: list[str], environment: Mapping[str, str], folder: str | None) -> None:
    """In a forked process: be as one that was started with these arguments, in this folder."""
    from tests.kit.forked_imports import PATH

    os.environ.clear()
    os.environ.update(environment)
    if FORKS:
        os.setsid()
        time.tzset()
    if folder is not None:
        os.chdir(folder)
    sys.argv, sys.path = argv, list(PATH)


class Forked:
    """A forked process that runs a function, with what is mostly asked of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, run: Callable[..., object], *arguments: Any) -> None:
        forkserver()
        self.process: BaseProcess = PROCESSES.Process(target=run, args=arguments)
        self.process.start()
        self.pid = int(self.process.pid or 0)

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, seconds: float | None = None) -> int | None:
        self.process.join(seconds)
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()


@contextmanager
def another_forkserver(imports: list[str]) -> Iterator[None]:
    """In this block, what is forked has these modules imported, not those that the tests' processes have.

    Python has one process that is forked for all. Whoever comes first decides what it has imported, and here
    that would be the tests.
    """
    if not FORKS:
        yield
        return
    from multiprocessing import forkserver

    server = forkserver.ForkServer()
    server.set_forkserver_preload(imports)
    with pytest.MonkeyPatch.context() as patch:
        for name in forkserver.__all__:
            patch.setattr(forkserver, name, getattr(server, name))
        try:
            yield
        finally:
            server._stop()  # type: ignore[attr-defined]


@contextmanager
def module(name: str, *arguments: str, **variables: str) -> Iterator[Path]:
    """A forked `python -m NAME` with these environment variables beside ours; it is ended with the block.

    Yields:
        The file that has what it has printed up to now.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        out.touch()
        process = Forked(_run_module, name, arguments, {**os.environ, **variables}, str(out))
        try:
            yield out
        finally:
            process.kill()
            process.wait()


def script(path: Path, *arguments: str) -> Forked:
    """A forked `python PATH`."""
    return Forked(_run_script, str(path), arguments, dict(os.environ))


def _run_module(name: str, arguments: Sequence[str], environment: Mapping[str, str], out: str) -> None:
    os.dup2(os.open(out, os.O_WRONLY | os.O_APPEND), 1)
    sys.stdout = os.fdopen(1, "w", 1, "utf-8")
    become([name, *arguments], environment, None)
    to_the_end(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _run_script(path: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    become([path, *arguments], environment, None)
    to_the_end(lambda: runpy.run_path(path, run_name="__main__"))


def to_the_end(run: Callable[[], object]) -> None:
    """In a forked process: run this, and then what waits for its end, which is left out otherwise."""
    import atexit
    import threading

    try:
        run()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
