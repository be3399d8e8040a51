"""A console that isn't UTF-8 (cp437, cp1252, cp932) shows what it can, and the rest as \\u2026."""

from __future__ import annotations

import io
import sys

__all__ = ["forgiving"]


def forgiving() -> None:
    """For the start of a program: what it prints can't fail for want of a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
