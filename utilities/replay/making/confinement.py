"""Where a scenario's calls are executed so that they reach nothing of whoever runs it.

A process of its own (`worker`) executes them. On Linux with user namespaces it sees a file system of its own,
in memory: the system's programs and Python, to read, and empty `/mnt`, `/workspace` and `/tmp`. It has no
network, no environment but its own, and what it leaves running ends with it. Elsewhere it is refused, unless
the author of a scenario says that it may run as any program does.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import anthropic

from .scenario_error import ScenarioError

STANDARD = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 10.0  # seconds to wait for a process that has nothing left to do
WORKER = Path(__file__).with_name("worker.py")
REFUSED = (
    "this system can't confine the commands that a scenario executes ({}). If all of its commands are yours, "
    "or you have read them, --unconfined executes them as any program of yours"
)


class Launcher:
    """The process that forks one for each scenario; there is one for as long as this one runs."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        places = [path for path in sys.path if path.startswith(tuple(_visible()))]
        command = [sys.executable, "-I", str(WORKER), json.dumps(places)]
        environment = {"PATH": STANDARD, "LANG": "C.UTF-8"}
        with theirs:
            self.process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment, cwd="/"
            )
        self.control = ours
        atexit.register(self.close)

    def start(self, told: dict[str, Any]) -> socket.socket:
        """A scenario's process; returns the socket to talk to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [json.dumps(told).encode()], [theirs.fileno()])
        return ours

    def close(self) -> None:
        """End it, and with it all that it has started."""
        self.control.close()
        self.process.wait()


_launchers: dict[int, Launcher] = {}  # by process: what was forked must not use its parent's
_lock = threading.Lock()


def _launcher() -> Launcher:
    with _lock:
        launcher = _launchers.get(os.getpid())
        if launcher is None or launcher.process.poll() is not None:
            launcher = _launchers[os.getpid()] = Launcher()
        return launcher


class SandboxWorker:
    """One scenario's process.

    Args:
        unconfined: whether it may run unconfined where this system can't confine it.

    Raises:
        ScenarioError: it can't be confined.
    """

    def __init__(self, *, unconfined: bool = False) -> None:
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        if not hasattr(os, "fork"):
            raise ScenarioError("scenarios with built-in tools are executed on Linux and macOS only")
        if reason := self._begin(_confined()):
            if not unconfined:
                raise ScenarioError(REFUSED.format(reason))
            self.folder = tempfile.TemporaryDirectory(prefix="scenario-")
            root = os.path.realpath(self.folder.name)
            if reason := self._begin({"root": root, "path": os.environ["PATH"], "hidden": {}}):
                self.close()
                raise ScenarioError(reason)

    def _begin(self, told: dict[str, Any]) -> str | None:
        """Start; returns why it couldn't be done, or None."""
        self.channel = _launcher().start(told)
        self.lines = self.channel.makefile("rwb")
        try:
            reason: str | None = self._hear().get("failed")
        except ScenarioError as error:
            reason = str(error)
        if reason:
            self._hang_up()
        return reason

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Have something done.

        Raises:
            ScenarioError: it couldn't.
        """
        try:
            self.lines.write(json.dumps(asked).encode() + b"\n")
            self.lines.flush()
        except OSError as error:
            raise ScenarioError("the process that executes its calls has ended") from error
        answer = self._hear()
        if "failed" in answer:
            raise ScenarioError(str(answer["failed"]))
        return answer

    def _hear(self) -> dict[str, Any]:
        line = self.lines.readline()
        if not line.endswith(b"\n"):
            raise ScenarioError("the process that executes its calls has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _hang_up(self) -> None:
        with suppress(OSError):  # it has ended already, with something still unsaid
            self.lines.close()
        self.channel.close()

    def close(self) -> None:
        """End it and what it has started; waits until all of that has ended."""
        with suppress(OSError):  # it has ended already, or doesn't: then it does with the launcher
            self.channel.settimeout(PATIENCE)
            self.channel.shutdown(socket.SHUT_WR)
            while self.channel.recv(65536):
                continue
        self._hang_up()
        if self.folder is not None:
            self.folder.cleanup()


def _visible() -> list[str]:
    """The folders that Python, the SDK and what they need are in."""
    places = (sys.base_prefix, sys.prefix, Path(anthropic.__file__).parents[1])
    return list(dict.fromkeys(os.path.realpath(place) for place in places))


def _confined() -> dict[str, Any]:
    """What a confined process is told: which folders it can see, and what to call them in results."""
    own = [path for path in _visible() if not path.startswith("/usr")]
    base = os.path.realpath(sys.base_prefix)
    return {
        "visible": own,
        "path": f"{base}/bin:{STANDARD}" if base in own else STANDARD,
        "hidden": dict.fromkeys(own, "/usr/local"),
    }
