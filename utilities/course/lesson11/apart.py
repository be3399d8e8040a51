"""A function of a module, called in a process of its own, which has imported what takes its time.

Each test run of lesson 11 is a new process, as in a terminal. Started from nothing it would spend two
seconds on imports, and the lesson has ten runs. So a process that has imported the SDK, pytest and the replay
server is kept, and each run is a fork of it (`multiprocessing`'s fork server). Where there is no fork
(Windows) it is a new process, and takes these seconds.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from ..exercises import TookTooLong

T = TypeVar("T")
FORKS = "forkserver" in multiprocessing.get_all_start_methods()
PRELOADED = ["utilities.course.lesson11.preloaded"]
LONGEST = 120.0  # seconds; a live turn of the desk takes some


def begin() -> None:
    """Have the imports begin, while the reader reads."""
    if FORKS:
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(PRELOADED)
        forkserver.ensure_running()


def apart(function: Callable[..., T], *args: Any, seconds: float = LONGEST) -> T:
    """Call it in a process of its own.

    Args:
        function: of a module's top level.
        args: what can be pickled.
        seconds: how long it may take.

    Returns:
        What it returned.

    Raises:
        TookTooLong: the process was killed after so many seconds.
        RuntimeError: it raised something, which the message names, or its process died.
    """
    context: Any = multiprocessing.get_context("forkserver" if FORKS else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_call, args=(sender, function, args), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            raise TookTooLong(f"{function.__name__} had not ended after {seconds:g} s, and was stopped")
        error, value = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"the process of {function.__name__} died ({process.exitcode})") from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    if error:
        raise RuntimeError(error)
    returned: T = value
    return returned


def _call(sender: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        sender.send((None, function(*args)))
    except BaseException as error:  # noqa: BLE001 (it is raised where it was called)
        sender.send((f"{function.__name__}: {type(error).__name__}: {error}", None))
