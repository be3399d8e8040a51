"""Runs a program as `python FILE ARGUMENTS` would, and ends it when whoever started it is gone.

    python -m utilities.course.supervised FILE ARGUMENTS…

What comes on stdin is handed on to the program, line by line. Its end means that the other process has died,
however that happened: the operating system closes a dead process's pipes.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from threading import Thread

ORPHANED = 3  # exit status of a program whose starter has gone


def main() -> None:
    """The command."""
    path, *arguments = sys.argv[1:]
    read, write = os.pipe()
    given = os.dup(sys.stdin.fileno())
    os.dup2(read, sys.stdin.fileno())
    os.close(read)
    Thread(target=_hand_on, args=(given, write), daemon=True).start()
    sys.argv = [path, *arguments]
    sys.path[0] = str(Path(path).parent)
    runpy.run_path(path, run_name="__main__")


def _hand_on(given: int, write: int) -> None:
    while chunk := os.read(given, 65_536):
        os.write(write, chunk)
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
