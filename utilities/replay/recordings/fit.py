"""How what a session has differs from what a recorded one had: agent, environment, what is mounted, memory.

Both sides come with their defaults written out. Only what the recording says is compared: a header without
`tools` says nothing about tools, one with `tools: []` says that the agent had none. Names of environments and
ids are not compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from typing import Any

from .mount import Mount
from .mount import differences as memory_differences

SHOWN = 60  # characters of a value
BEFORE = 20  # of them before the place where two texts begin to differ
EMPTY: tuple[Any, ...] = (None, "", [], {})  # which are all the same to say
# What names a tool, an MCP server or a skill among its like, the first that it has.
NAMES = ("name", "mcp_server_name", "skill_id", "type")
UNNAMED = ("name", "type", "skill_id", "version")  # said by the name, or the service's to choose
CONFIGS = ("configs", "default_config")


@dataclass(frozen=True)
class MountedFile:
    """A file that a session has mounted; a recording that was exported doesn't know its content."""

    mount_path: str
    size: int
    known_sha256: str | None = None
    content: bytes | None = field(default=None, repr=False)

    @cached_property
    def sha256(self) -> str | None:
        """What its content is known by."""
        return self.known_sha256 if self.content is None else hashlib.sha256(self.content).hexdigest()

    @classmethod
    def read(cls, recorded: dict[str, Any]) -> MountedFile:
        """The file that an object in a recording's header describes.

        Raises:
            TypeError, KeyError, AttributeError: it doesn't describe one.
        """
        unknown = recorded.keys() - {"mount_path", "size", "sha256"}
        if unknown or not isinstance(recorded["mount_path"], str) or not isinstance(recorded["size"], int):
            raise TypeError("a file has `mount_path`, `size` in bytes and, if it is known, `sha256`")
        return cls(recorded["mount_path"], recorded["size"], recorded.get("sha256"))

    def to_dict(self) -> dict[str, Any]:
        """What `read` reads."""
        known = {} if self.sha256 is None else {"sha256": self.sha256}
        return {"mount_path": self.mount_path, "size": self.size, **known}


@dataclass(frozen=True)
class Setup:
    """What a session has when it begins to work; None, and a key that isn't there: not known.

    Attributes:
        agent: fields of its agent, `name`, `model`, `system`, `tools` for example.
        environment: the configuration of its environment.
        files: the files that are mounted.
        memory: the memory stores that are mounted.
        repositories: the repositories that are mounted: where each is from, by its mount path.
    """

    agent: dict[str, Any]
    environment: dict[str, Any] | None = None
    files: Sequence[MountedFile] | None = None
    memory: Sequence[Mount] | None = None
    repositories: Mapping[str, str] | None = None

    def differences(self, now: Setup) -> list[str]:
        """How `now` is not what this recorded setup was: for each difference a path, then and now."""
        found = [*_parts(self.agent, now.agent, "agent")]
        if self.environment is not None:
            found += _parts(self.environment, now.environment or {}, "environment.config")
        if self.files is not None:
            found += _files(self.files, now.files or ())
        if self.repositories is not None:
            found += _repositories(self.repositories, now.repositories or {})
        if self.memory is not None:
            found += memory_differences(self.memory, now.memory or ())
        return found


def _parts(then: dict[str, Any], now: dict[str, Any], field: str) -> Iterator[str]:
    """The differences of two objects, in what the recorded one has; of two types, that they are two."""
    if None not in (then.get("type"), now.get("type")) and then["type"] != now["type"]:
        then = {"type": then["type"]}
    for key, value in then.items():
        yield from _values(value, now.get(key), f"{field}.{key}")


def _values(then: Any, now: Any, field: str) -> Iterator[str]:
    if then == now or (then in EMPTY and now in EMPTY):
        return
    if isinstance(then, dict) and isinstance(now, dict) and not field.endswith("input_schema"):
        yield from _parts(then, now, field)
    elif all(map(_is_named, (then, now))):
        yield from _named(then or [], now or [], field)
    else:
        before, after = excerpts(_text(then), _text(now)) if then and now else (_shown(then), _shown(now))
        yield f"{field} was {before} and is {after} now"


def _is_named(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, dict) for item in value))


def _name(item: dict[str, Any]) -> str:
    return str(next((item[key] for key in NAMES if key in item), "?"))


def _named(then: list[dict[str, Any]], now: list[dict[str, Any]], field: str) -> Iterator[str]:
    """The differences of two lists of things that have names, in whatever order they are."""
    before, after = ({_name(item): item for item in items} for items in (then, now))
    for name in dict.fromkeys([*before, *after]):
        where = f"{field}.{name}"
        if name not in after:
            yield f"{where} was there and is not now"
        elif name not in before:
            yield f"{where} was not there and is now"
        else:
            yield from _toolsets(before[name], after[name], where)


def _toolsets(then: dict[str, Any], now: dict[str, Any], field: str) -> Iterator[str]:
    """Two things of one name; of toolsets, what holds for each tool, wherever that is written."""
    own = {key: value for key, value in then.items() if key not in (*UNNAMED, *CONFIGS)}
    yield from _parts(own, now, field)
    if "default_config" not in then:
        return
    before, after = (tool["default_config"] for tool in (then, now))
    yield from _parts(before, after, f"{field}.default_config")
    own_before, own_after = ({config["name"]: config for config in tool["configs"]} for tool in (then, now))
    for name in dict.fromkeys([*own_before, *own_after]):
        old, new = own_before.get(name, before), own_after.get(name, after)
        if (old, new) != (before, after):
            # All that a tool has is written out, so what only the new one has is a difference, too.
            told = {key: old.get(key) for key in (*old, *new) if key not in UNNAMED}
            yield from _parts(told, new, f"{field}.{name}")


def _files(then: Sequence[MountedFile], now: Sequence[MountedFile]) -> Iterator[str]:
    before, after = ({file.mount_path: file for file in files} for files in (then, now))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"{path} was mounted then and is not now"
        elif path not in before:
            yield f"{path} is mounted now and was not then"
        elif before[path].size != after[path].size:
            yield f"{path} had {before[path].size:,} bytes and has {after[path].size:,} now"
        elif before[path].sha256 not in (None, after[path].sha256):
            yield f"{path} had other content then than it has now, of the same length"


def _repositories(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(then.keys() | now.keys()):
        if then.get(path) != now.get(path):
            yield f"{path} had {then.get(path, 'no repository')} and has {now.get(path, 'none')} now"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _shown(value: Any) -> str:
    """A value beside one that is missing, or as short as a yes or no."""
    if value in EMPTY:
        return "nothing"
    text = _text(value)
    return repr(text[:SHOWN]) if isinstance(value, str) else text[:SHOWN]


def excerpts(then: str, now: str) -> tuple[str, str]:
    """Two texts where they begin to differ, quoted, short enough to stand in one line.

    They begin with a whole word; three dots stand for what is left out.
    """
    differ = len(commonprefix([then, now]))
    start = max(0, differ - BEFORE)
    if start:
        start = then.find(" ", start, differ) + 1 or start
    first, second = (
        f"{'...' if start else ''}{text[start : start + SHOWN]}{'...' if len(text) > start + SHOWN else ''}"
        for text in (then, now)
    )
    return repr(first), repr(second)
