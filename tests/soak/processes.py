"""Processes that are killed and begun again, what they note on the way, and what they take of the machine."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

# To glibc: one heap for all threads. With one each, what threads leave free here and there looks like a leak:
# 20 MiB in 1,000 turns, of which Python's own count knows nothing.
os.environ.setdefault("MALLOC_ARENA_MAX", "1")
Note = dict[str, Any]
PRELOADED = [f"tests.soak.{name}" for name in ("worker", "receiver", "brains", "growth")]
FORKS: Any = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(PRELOADED)


class Diary:
    """A file of notes, one a line, that outlives the process: a note is there once `write` has returned."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, what: str, **note: Any) -> None:
        os.write(self._file, json.dumps({"what": what, "pid": os.getpid(), **note}).encode() + b"\n")

    def read(self) -> Iterator[Note]:
        """All notes; a last one that a kill has cut is left out."""
        for line in self.path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield json.loads(line)


class Child:
    """A function in a process of its own, until it is killed, and then in the next one.

    The process is forked from one that has imported everything, so that a life costs hardly any time.

    Args:
        function: of a module in `PRELOADED`; gets the connection that `word` listens to, and the arguments.
    """

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.function, self.arguments = function, arguments
        self.kills = 0
        self.begin()

    def begin(self) -> None:
        self._hears, says = FORKS.Pipe(duplex=False)
        self.running = FORKS.Process(target=self.function, args=(says, *self.arguments), daemon=True)
        self.running.start()
        says.close()

    @property
    def pid(self) -> int:
        assert self.running.pid is not None
        return self.running.pid

    def word(self) -> Any:
        """What it says next: that it has begun, for example."""
        return self._hears.recv()

    def kill(self) -> None:
        """End it as a crash does: nothing in it is asked."""
        self.running.kill()
        self.running.join()
        self._hears.close()
        self.kills += 1

    def end(self) -> None:
        """Ask it to leave when it has finished what it does.

        Raises:
            RuntimeError: it had ended before, or doesn't leave.
        """
        self.running.terminate()
        self.running.join(60)
        status = self.running.exitcode
        self.running.kill()
        if status != 0:
            raise RuntimeError(f"{self.function.__module__} ended with {status}")


@dataclass
class Vitals:
    """What a process takes, looked at again and again.

    Attributes:
        seen: seconds since the first look, memory in KiB, descriptors, threads; one row a look.
    """

    pid: int
    seen: list[tuple[float, float, int, int]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        process = psutil.Process(self.pid)
        memory = process.memory_info().rss / 1024
        passed = time.monotonic() - self.began
        self.seen.append((passed, memory, process.num_fds(), process.num_threads()))

    def growth(self) -> tuple[list[float], list[float]]:
        """Memory, descriptors and threads: means of a tenth of the looks, from the middle and at the end."""
        tenth, middle = max(1, len(self.seen) // 10), len(self.seen) // 2
        return _means(self.seen[middle : middle + tenth]), _means(self.seen[-tenth:])


def _means(rows: list[tuple[float, float, int, int]]) -> list[float]:
    return [sum(column) / len(rows) for column in list(zip(*rows, strict=True))[1:]]
