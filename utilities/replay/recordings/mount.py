"""Memory as files: the paths it can have, and what a recorded session found and wrote below `/mnt/memory`.

A recording's header may have `memory` (without it, it says nothing about that): a list with one object for
each memory store that was mounted: `mount_path`, `access`, `start` (content by path, when the session began)
and `writes` (what the session changed, in order: `path`, `content` or null for a deletion, `created_at`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from ..ids import parse_time

MEMORY = "/mnt/memory"
ACCESS = ("read_write", "read_only")
MAX_CONTENT = 102_400  # bytes of UTF-8 [sdk: the docstrings of memories.create, as are the next three]
MAX_PATH = 1_024  # bytes of UTF-8
MAX_SEGMENTS = 20
UNPRINTABLE = ("Cc", "Cf", "Zl", "Zp")  # control and format characters, line and paragraph separators


def memory_path(name: str) -> str:
    """Where a store of this name is mounted: lowercased, other characters than a-z and 0-9 a hyphen. [sdk]"""
    return f"{MEMORY}/{re.sub('[^a-z0-9]+', '-', name.lower())}"


def checked_path(path: str) -> str:
    """`path`, if a memory can have it; ValueError says why not. [sdk]"""
    if len(path.encode()) > MAX_PATH:  # first: the rest is only for what is short enough to look at
        raise ValueError(f"{path[:40]!r}… is longer than {MAX_PATH:,} bytes")
    segments = path.split("/")[1:]
    if not path.startswith("/") or not 1 <= len(segments) <= MAX_SEGMENTS:
        raise ValueError(f"{path!r} must start with / and have 1 to {MAX_SEGMENTS} segments")
    if any(segment in ("", ".", "..") for segment in segments):
        raise ValueError(f"{path!r} has a segment that is empty, `.` or `..`")
    if any(unicodedata.category(character) in UNPRINTABLE for character in path):
        raise ValueError(f"{path!r} has a control or format character, or a line separator")
    if not unicodedata.is_normalized("NFC", path):
        raise ValueError(f"{path!r} is not in Unicode Normalization Form C")
    return path


def checked_content(content: str) -> str:
    """`content`, if a memory can hold it; ValueError says how large it is. [sdk]"""
    if (size := len(content.encode())) > MAX_CONTENT:
        raise ValueError(f"{size:,} bytes of content, a memory holds at most {MAX_CONTENT:,}")
    return content


@dataclass(frozen=True)
class Write:
    """A memory that a session wrote through its mount, or, with `content` None, deleted."""

    path: str
    content: str | None
    created_at: str

    def __post_init__(self) -> None:
        checked_path(self.path)
        checked_content(self.content or "")
        parse_time(self.created_at)


@dataclass(frozen=True)
class Mount:
    """A memory store as a session has it: where, how, with what in it, and what the session wrote."""

    mount_path: str
    access: str
    start: dict[str, str]
    writes: list[Write] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not re.fullmatch(f"{MEMORY}/[a-z0-9-]+", self.mount_path):
            raise ValueError(f"mount_path {self.mount_path!r} is not a folder of {MEMORY}")
        if self.access not in ACCESS:
            raise ValueError(f"access {self.access!r} of {self.mount_path} is not {' or '.join(ACCESS)}")
        if self.writes and self.access == "read_only":
            raise ValueError(f"{self.mount_path} is read_only and was written to")
        for path, content in self.start.items():
            checked_path(path)
            checked_content(content)

    @classmethod
    def read(cls, recorded: dict[str, Any]) -> Mount:
        """The mount that an object in a recording's header describes.

        Raises:
            TypeError, ValueError, AttributeError: it doesn't describe one.
        """
        return cls(**{**recorded, "writes": [Write(**write) for write in recorded.get("writes", ())]})

    def to_dict(self) -> dict[str, Any]:
        """What `read` reads."""
        return asdict(self)

    def end(self) -> dict[str, str]:
        """Content by path when the session was over."""
        contents: dict[str, str | None] = {**self.start, **{w.path: w.content for w in self.writes}}
        return {path: content for path, content in contents.items() if content is not None}


def differences(recorded: Iterable[Mount], attached: Iterable[Mount]) -> list[str]:
    """How the memory that a session gets differs from what the recorded session began with."""
    then = {mount.mount_path: mount for mount in recorded}
    now = {mount.mount_path: mount for mount in attached}
    found = []
    for path in sorted(then.keys() | now.keys()):
        if path not in now:
            found.append(f"{path} was mounted then and is not now")
        elif path not in then:
            found.append(f"{path} is mounted now and was not then")
        else:
            found += _changes(then[path], now[path])
    return found


def _changes(then: Mount, now: Mount) -> Iterator[str]:
    if then.access != now.access:
        yield f"{then.mount_path} was {then.access} then and is {now.access} now"
    for memory in sorted(then.start.keys() | now.start.keys()):
        if then.start.get(memory) != now.start.get(memory):
            yield f"{then.mount_path}{memory} had other content then, or none, than it has now"
