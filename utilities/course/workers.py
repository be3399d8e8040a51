"""A second process of a lesson: a program in a file, with the same service as the notebook's client."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

import httpx2

from utilities.loopback import confining, is_loopback, replaced, served_here
from utilities.turn.timing import has_threads

from .places import DATA

WORKERS = DATA / "workers"


class WorkerError(RuntimeError):
    """A worker ended that should not have, or ended with an error; the message has its last line."""


class Worker:
    """A process that runs a program, until that ends or is killed, or the notebook's kernel is gone.

    Args:
        path: the program: a file, or the name of one in `example_data/workers`.
        args: what it gets in `sys.argv`, as texts.
        client: the notebook's; the program's own `Anthropic()` leads to the same service.

    Attributes:
        lines, errors: the lines that it has written so far, to stdout and to stderr.
        returncode: None while it runs; negative if a signal ended it.

    Raises:
        FileNotFoundError: there is no such program.
    """

    def __init__(self, path: Path | str, *args: object, client: Any) -> None:
        self.path = _found(Path(path))
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._news = Condition()
        command = [sys.executable, "-m", "utilities.course.supervised", str(self.path), *map(str, args)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace",
            env=_environment(client), start_new_session=True,
        )  # fmt: skip
        # A session of its own: Interrupt in Jupyter is for the cell, not for the worker.
        assert self._process.stdout and self._process.stderr
        self._readers = [
            Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((self._process.stdout, self.lines), (self._process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def send(self, line: str) -> None:
        """Write a line to its stdin.

        Raises:
            WorkerError: it has ended.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(line.rstrip("\n") + "\n")
            self._process.stdin.flush()
        except OSError:
            self._process.wait()
            raise self._ended() from None

    def wait_for(self, text: str, timeout: float = 60.0) -> str:
        """Wait until it has written a line with this text to stdout; returns the line.

        Args:
            text: what to look for, also in what it has written already.
            timeout: seconds.

        Raises:
            TimeoutError: there was none in time.
            WorkerError: it ended without one.
        """

        def seen() -> str | None:
            return next((line for line in self.lines if text in line), None)

        self._wait_until(lambda: seen() is not None or self._done(), timeout, f"a line with {text!r}")
        if (line := seen()) is None:
            raise self._ended()
        return line

    def wait(self, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Wait until it has ended by itself; returns what it wrote.

        Raises:
            TimeoutError: it still runs after so many seconds; it isn't killed.
        """
        self._wait_until(self._done, timeout, "its end")
        written = ("".join(f"{line}\n" for line in lines) for lines in (self.lines, self.errors))
        return subprocess.CompletedProcess([str(self.path)], self._process.wait(), *written)

    def kill(self) -> None:
        """End it as a power cut would: it can't finish anything. One that has ended stays as it is."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _done(self) -> bool:
        """Whether it has ended and all that it wrote is here."""
        return not any(reader.is_alive() for reader in self._readers) and self.returncode is not None

    def _wait_until(self, over: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        with self._news:
            while not over():
                if (left := deadline - time.monotonic()) <= 0:
                    raise TimeoutError(f"{self.path.name}: {timeout} s have passed without {what}")
                self._news.wait(min(left, 0.2))  # its end itself notifies nobody; and Interrupt works at once

    def _ended(self) -> WorkerError:
        said = next((line for line in reversed(self.errors) if line.strip()), "it wrote no error")
        return WorkerError(f"{self.path.name} has ended ({self.returncode}): {said}")


def run_worker(
    path: Path | str, *args: object, client: Any, timeout: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """Run a program in a second process to its end; returns what it wrote.

    Args:
        path, args, client: as for `Worker`.
        timeout: seconds after which it is killed.

    Raises:
        FileNotFoundError: there is no such program.
        TimeoutError: it was killed.
        WorkerError: it ended with an error.
    """
    if not has_threads():
        return _run_here(_found(Path(path)), *map(str, args), client=client)
    with Worker(path, *args, client=client) as worker:
        done = worker.wait(timeout)
        if done.returncode:
            raise worker._ended()
        return done


def _run_here(path: Path, *args: str, client: Any) -> subprocess.CompletedProcess[str]:
    """Run a program where there are no processes: as a module of this one, with its own arguments and output.

    Its own `Anthropic()` would look for a connection, so the service of this process answers it.
    """
    print(f"(A browser has no second process: {path.name} runs in this one, with a client of its own.)")
    away, written = httpx2.HTTPTransport.handle_request, StringIO()

    def answered(this: Any, request: httpx2.Request) -> httpx2.Response:
        here: httpx2.BaseTransport | None = served_here.get(request.url.host)
        return away(this, request) if here is None else here.handle_request(request)

    with (
        redirect_stdout(written),
        warnings.catch_warnings(),
        replaced(sys, "argv", [str(path), *args]),
        replaced(os, "environ", {**os.environ, **_address(client)}),
        replaced(httpx2.HTTPTransport, "handle_request", answered),
    ):
        warnings.filterwarnings("ignore", ".*not supported on Emscripten")  # of the connection not made
        try:
            runpy.run_path(str(path), run_name="__main__")
        except Exception as error:
            raise WorkerError(f"{path.name} has ended: {type(error).__name__}: {error}") from error
    return subprocess.CompletedProcess([str(path), *args], 0, written.getvalue(), "")


def _found(path: Path) -> Path:
    for candidate in (path, WORKERS / path):
        if candidate.is_file():
            return candidate.resolve()
    raise FileNotFoundError(f"there is no program {path}, nor one of that name in {WORKERS}")


def service_of(client: Any) -> dict[str, str]:
    """Environment variables with which a program's own `Anthropic()` leads to the service of this client.

    One on this machine is reached whatever proxies and certificates are named there.
    """
    address = _address(client)
    here = is_loopback(urlsplit(address["ANTHROPIC_BASE_URL"]).hostname)
    return {**confining(os.environ), **address} if here else address


def _address(client: Any) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": str(client.base_url), "ANTHROPIC_API_KEY": client.api_key or ""}


def _environment(client: Any) -> dict[str, str]:
    """This process's, with the client's service and key, which nothing else may overrule."""
    ours = {name: value for name, value in os.environ.items() if name != "COOKBOOK_OFFLINE"}
    return {**ours, **service_of(client), "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
