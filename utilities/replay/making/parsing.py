"""From a scenario's file to its sessions, each checked against the format."""

from __future__ import annotations

import copy
import difflib
import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from .format import OUTSIDE, Scenario
from .lines import Place, line_of
from .scenario_error import ScenarioError

PLACEHOLDER = re.compile(r"\{memory:([0-9]+)\}")


def fixed_id(number: int) -> str:
    """The id that a recording has for the memory whose id was seen as the how manieth; 1 is the first."""
    return hashlib.sha256(f"memory/{number}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Source:
    """Where a part of a scenario stands."""

    path: Path
    text: str
    place: Place = ()

    def at(self, *place: str | int) -> Source:
        """Something below it."""
        return Source(self.path, self.text, (*self.place, *place))

    def error(self, place: Place, reason: str) -> ScenarioError:
        """An error about what stands at a place below this one."""
        return ScenarioError(f"{self.where(place)}: {reason}")

    def where(self, place: Place) -> str:
        """The file, the line and the key."""
        full = (*self.place, *place)
        key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in full).lstrip(".")
        return f"{self.path.name}: line {line_of(self.text, full)}" + (f", {key}" if key else "")


@dataclass(frozen=True)
class ScriptedSession:
    """One session of a file.

    Attributes:
        scenario: what it has and does.
        header: its agent and its environment, as they stand in the file.
        source: where it stands.
        turns: where each of its turns stands.
    """

    scenario: Scenario
    header: dict[str, Any]
    source: Source
    turns: list[Source]

    @property
    def text(self) -> str:
        """The file's text."""
        return self.source.text


def read(path: Path) -> list[ScriptedSession]:
    """The sessions of a file.

    Raises:
        ScenarioError: the file is damaged; the message has the file, the line and the key.
    """
    raw, text, origins = _raw(path, ())
    parts = raw.pop("sessions", None)
    if parts is None:
        return [_session({"name": path.stem, **raw}, Source(path, text), origins)]
    source = Source(path, text)
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise source.error(("sessions",), "a list of tables is needed ([[sessions]])")
    sessions = []
    for number, part in enumerate(parts):
        own = Source(path, text, ("sessions", number))
        if "name" not in part:
            raise own.error((), "'name' is missing: each session of a file needs its own")
        turns = [own.at("turns", i) for i in range(len(part["turns"]))] if "turns" in part else origins
        sessions.append(_session({**raw, **part}, own, turns))
    names = [session.scenario.name for session in sessions]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise source.error(("sessions", number, "name"), f"two sessions are called {name}")
    return sessions


def _raw(path: Path, beyond: Sequence[Path]) -> tuple[dict[str, Any], str, list[Source]]:
    """A file's keys with those that it has from others, its text, and where each turn stands."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        raw = tomllib.loads(text)
        if "brain" in raw:
            raw = tomllib.loads(PLACEHOLDER.sub(lambda match: fixed_id(int(match[1])), text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    source = Source(path, text)
    given = raw.get("turns", [])
    own = [source.at("turns", i) for i in range(len(given))] if isinstance(given, list) else []
    if "extends" not in raw:
        if "from_turn" in raw:
            raise source.error(("from_turn",), "'from_turn' goes with 'extends'")
        return raw, text, own
    name, first = raw.pop("extends"), raw.pop("from_turn", None)
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+", name):
        raise source.error(("extends",), "the name of a scenario beside this one is needed, without .toml")
    other = path.with_name(f"{name}.toml")
    if other in (path, *beyond) or not other.is_file():
        raise source.error(("extends",), f"there is no {other.name}, or it extends this one")
    base, _, origins = _raw(other, (*beyond, path))
    if "sessions" in base or "sessions" in raw:
        raise source.error(("extends",), "a file with 'sessions' neither extends another nor is extended")
    kept = len(base["turns"]) if first is None else first - 1 if type(first) is int else -1
    if not 0 <= kept <= len(base["turns"]):
        raise source.error(("from_turn",), f"{name} has {len(base['turns'])} turns, so this is 1 to one more")
    turns = [*base["turns"][:kept], *raw.get("turns", [])]
    base.pop("name", None)
    return {**copy.deepcopy(base), **raw, "turns": turns}, text, [*origins[:kept], *own]


def _session(raw: dict[str, Any], source: Source, turns: list[Source]) -> ScriptedSession:
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise _explained(error, raw, source, turns) from error
    return ScriptedSession(scenario, {key: raw[key] for key in ("agent", "environment")}, source, turns)


def _explained(
    error: ValidationError, raw: dict[str, Any], source: Source, turns: list[Source]
) -> ScenarioError:
    """The first thing that is wrong, in one line."""
    first = error.errors()[0]
    place = _existing(first["loc"], raw)
    kind, last = first["type"], first["loc"][-1]
    if kind == "missing":
        reason = f"{str(last)!r} is missing"
    elif kind == "extra_forbidden":
        known = _keys(place[:-1]) if place else []
        close = difflib.get_close_matches(str(last), known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
        reason = f"{str(last)!r} is no key here; {hint}"
    else:
        reason = first["msg"].removeprefix("Value error, ")
        if not isinstance(first["input"], dict | list):
            reason += f", and this is {first['input']!r:.80}"
    if more := error.error_count() - 1:
        reason += f" ({more} more)"
    if place[:1] == ("turns",) and len(place) > 1 and isinstance(place[1], int) and place[1] < len(turns):
        return turns[place[1]].error(place[2:], reason)
    return source.error(place, reason)


def _existing(loc: tuple[int | str, ...], raw: Any) -> Place:
    """The part of a place that the file has: a type's own name, in a union, isn't in it."""
    place: list[int | str] = []
    for part in loc:
        inside = raw.keys() if isinstance(raw, dict) else range(len(raw)) if isinstance(raw, list) else ()
        if part in inside:
            raw = raw[part]
            place.append(part)
    return tuple(place)


def _keys(place: Place) -> list[str]:
    """The keys that there can be at a place."""
    model: type[BaseModel] = Scenario
    for part in place:
        if isinstance(part, str):
            model = model_of(model.model_fields[part].annotation) or model
    return [*model.model_fields, *(OUTSIDE if model is Scenario else ())]


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field is, or has in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(model_of, getattr(annotation, "__args__", ()))), None)
