"""This Python, as poor as the one in a browser's tab, as far as that can be imitated.

What the tests can't imitate is tried in Pyodide itself: `python -m tests.browser_python`.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from utilities.loopback import replaced


@contextmanager
def browser_python() -> Iterator[None]:
    """While it lasts, no thread starts, no socket opens and no process runs, and the platform is Pyodide's.

    An event loop has to be there before: here it opens sockets of its own.
    """

    def refuse(what: str) -> Any:
        def refused(*arguments: Any, **options: Any) -> NoReturn:
            raise RuntimeError(f"can't {what}: there is nothing of the kind in a browser")

        return refused

    def at_once(loop: Any, executor: Any, function: Any, *arguments: Any) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = loop.create_future()
        done.set_result(function(*arguments))
        return done

    with (
        replaced(sys, "platform", "emscripten"),
        replaced(threading.Thread, "start", refuse("start a thread")),
        replaced(socket, "socket", refuse("open a socket")),
        replaced(subprocess, "Popen", refuse("start a process")),
        replaced(asyncio.BaseEventLoop, "run_in_executor", at_once),  # as Pyodide's loop does it
    ):
        yield
