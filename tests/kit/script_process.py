"""A script as a process of its own, which starts quickly: what it imports is imported already."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import anthropic
import anthropic._base_client

from tests.kit.forked import Forked

IMPATIENT = 2.0  # seconds that a request may take here; the SDK's own time limit is ten minutes


class Script:
    """A running script, and what it has printed."""

    def __init__(self, path: Path, environment: Mapping[str, str], folder: Path, *, forked: bool) -> None:
        self.out, self.err = folder / "out", folder / "err"
        if forked:
            arguments = (str(path), dict(environment), str(self.out), str(self.err))
            self.process: Forked | subprocess.Popen[bytes] = Forked(_run, *arguments)
            return
        with self.out.open("wb") as out, self.err.open("wb") as err:
            env = {**os.environ, **environment, "PYTHONUNBUFFERED": "1"}
            self.process = subprocess.Popen([sys.executable, str(path)], env=env, stdout=out, stderr=err)

    def join(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    @property
    def exitcode(self) -> int | None:
        return self.process.poll()

    def printed(self) -> tuple[list[str], str]:
        """Its lines up to now, and the last line of what went wrong."""
        lines = self.out.read_text("utf-8").splitlines() if self.out.exists() else []
        return lines, self.errors().strip().rpartition("\n")[2]

    def errors(self) -> str:
        """All that went to its standard error."""
        return self.err.read_text("utf-8") if self.err.exists() else ""


@contextmanager
def script(path: Path, environment: Mapping[str, str], *, forked: bool = True) -> Iterator[Script]:
    """Run this file with these environment variables beside ours; it is ended with the block.

    Args:
        path: the file.
        environment: the variables.
        forked: whether it is forked, and impatient; else it is started as `python FILE`.
    """
    with tempfile.TemporaryDirectory() as folder:
        running = Script(path, environment, Path(folder), forked=forked)
        try:
            yield running
        finally:
            running.process.kill()
            running.process.wait()


def _run(path: str, environment: dict[str, str], out: str, err: str) -> None:
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1, "utf-8"), os.fdopen(2, "w", 1, "utf-8")
    os.environ.update(environment)
    anthropic._base_client.DEFAULT_TIMEOUT = anthropic.Timeout(IMPATIENT)
    runpy.run_path(path, run_name="__main__")
