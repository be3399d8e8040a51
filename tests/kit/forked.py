"""Processes that start quickly: forked from one that has imported what they all import.

Only what others wrote is imported there. Modules of this repository are imported by the forked process, as in
one that starts from nothing, so that what a test is about is not prepared for it.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.kit.forked_imports"])
# What Python reads only when it starts: a process with other values can't be forked.
AT_START = ("PYTHON", "LC_", "LANG", "MALLOC_")


@cache
def forkserver() -> dict[str, str]:
    """Start the process that is forked; returns with which environment, once its imports are done."""
    environment = dict(os.environ)
    first = PROCESSES.Process(target=int)
    first.start()
    first.join()
    return environment


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether a process that starts with this environment is the same when it is forked."""
    ours = forkserver()
    names = {name for name in (*ours, *environment) if name.startswith(AT_START)}
    return all(ours.get(name) == environment.get(name) for name in names)


def become(argv: list[str], environment: Mapping[str, str], folder: str | None) -> None:
    """In a forked process: be as one that was started with these arguments, in this folder."""
    from tests.kit.forked_imports import PATH

    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if folder is not None:
        os.chdir(folder)
    sys.argv, sys.path = argv, list(PATH)


def to_the_end(run: Callable[[], object]) -> None:
    """In a forked process: run this, and then what waits for its end, which is left out otherwise."""
    import atexit
    import threading

    try:
        run()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
