"""What a process has made and not ended, in a file, so that the next one finds it if this one dies.

Copied with `made.py`; it needs nothing.

Each process has a file of its own and holds a lock on it. The operating system takes the lock from a process
that has died, however that happened: whoever gets it then has found what was left behind.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

__all__ = ["MadeJournal"]

log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


class MadeJournal:
    """The ids of what this process has made with one service and key.

    Args:
        folder: where the files are; it is made when the first is needed.
        service: the address and the key. The file's name has a digest of both, its lines neither.
    """

    def __init__(self, folder: Path, *service: str | None) -> None:
        self._folder = folder
        self._digest = hashlib.sha256(repr(service).encode()).hexdigest()[:16]
        self._file: IO[str] | None = None  # from the first line on

    def made(self, kind: str, id: str, parent: str | None) -> None:
        """Write down what was made, before anything else can go wrong.

        Raises:
            OSError: the file can't be written.
        """
        self._write({"made": id, "kind": kind, "parent": parent})

    def ended(self, id: str) -> None:
        """Write down that it was ended."""
        if self._file is not None:
            self._write({"ended": id})

    def forget(self) -> None:
        """Remove the file: nothing of it is left."""
        if self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
            self._file = None

    def left_behind(self) -> Iterator[tuple[str, str, str | None]]:
        """Kind, id and parent of what processes that have died had made.

        Write each down anew as it comes: a file is removed once all that it says has been taken, so nothing
        is lost if this process dies, too. A line that can't be read is left out, with a warning.
        """
        for path in self._others():
            yield from _taken_over(path)

    def _others(self) -> list[Path]:
        own = self._file and Path(self._file.name)
        return [path for path in sorted(self._folder.glob(f"{self._digest}-*.jsonl")) if path != own]

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._digest}-{uuid.uuid4().hex}.jsonl"
            self._file = path.open("a", encoding="utf-8")
            _lock(self._file)
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def _taken_over(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """What a file says is left, if nobody holds it any more."""
    try:
        with path.open("r+", encoding="utf-8", errors="replace") as file:
            if not _lock(file):
                return
            file.seek(0)
            yield from _left(path, file)
    except FileNotFoundError:
        return  # another process was faster
    except OSError as error:
        log.warning("what a process that died has left behind can't be read: %s", error)
        return
    path.unlink(missing_ok=True)


def _left(path: Path, lines: Iterable[str]) -> list[tuple[str, str, str | None]]:
    left: dict[str, tuple[str, str, str | None]] = {}
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n"):
            break  # its process died while it wrote this
        try:
            entry = json.loads(line)
            if "ended" in entry:
                left.pop(entry["ended"], None)
            else:
                left[entry["made"]] = (entry["kind"], entry["made"], entry["parent"])
        except (ValueError, KeyError, TypeError):
            log.warning(
                "line %d of %s can't be read; what it said may still be there: %.200s", number, path, line
            )
    return list(left.values())
