"""A recording: the event history of one session, in a JSON Lines file.

The first line is the header, each further line one event exactly as `events.list` returns
it, the client's own events among them. So recording a live session is exporting it.

The header says where the events come from. `provenance: "live"` is an export of a hosted
session; `"scripted"` means that the agent's moves were written by hand and its tool calls
really executed. Nothing here may pass a scripted recording off as a live one.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..ids import parse_time, seconds_between
from .fit import MountedFile
from .mount import Mount, Write

FORMAT = 1
PROVENANCE = ("live", "scripted")
HEADER_KEYS = (
    *("recording", "name", "provenance", "note", "recorded_at", "sdk"),
    *("agent", "environment", "outputs"),
)
CALL_TYPES = ("agent.custom_tool_use", "agent.tool_use", "agent.mcp_tool_use")
RESULT_TYPES = ("agent.tool_result", "agent.mcp_tool_result")
AT_ONCE = 0.001  # seconds; neighbours in a log that belong together are a microsecond apart [seen]
REFERENCES = {
    "tool_use_id": ("agent.tool_use", "agent.custom_tool_use", "agent.mcp_tool_use"),
    "mcp_tool_use_id": ("agent.mcp_tool_use",),
    "custom_tool_use_id": ("agent.custom_tool_use",),
    "model_request_start_id": ("span.model_request_start",),
}
# What stands before a client event only because that event has arrived: the session starts
# to run first, then its message is stamped. [seen]
LEAD_IN = ("session.status_running", "session.thread_status_running")

# Where an event names a thread of its session.
THREAD_KEYS = ("session_thread_id", "to_session_thread_id", "from_session_thread_id")
ARCHIVED = ("session.thread_status_terminated", "session.status_terminated")
OPENINGS = ("user.message", "user.define_outcome")  # what begins a turn
# What the server itself reads in an event, by type; everything else in it is only passed on.
NEEDED = {"session.status_idle": "stop_reason", "session.usage": "usage"}

Event = dict[str, Any]
Thing = TypeVar("Thing")
# Which call of a session an event is: its type, its permission, and the how manieth of these.
Place = tuple[str, str | None, int]


class RecordingError(ValueError):
    """A file that is not a recording. Seen by whoever starts the server or runs `make verify`."""

    def __init__(self, path: Path | str, line: int, reason: str) -> None:
        super().__init__(f"{path}, line {line}: {reason}")
        self.path, self.line, self.reason = path, line, reason

    def __reduce__(self) -> Any:  # else it could not leave a worker process
        return type(self), (self.path, self.line, self.reason), self.__dict__


def is_client_event(event: Event) -> bool:
    """Whether the client sent it, rather than the agent or the service."""
    return str(event["type"]).startswith("user.") or event["type"] == "system.message"


def answered_call(event: Event) -> str | None:
    """The id of the tool call that a client event answers, or None if it answers none."""
    return event.get("custom_tool_use_id") or event.get("tool_use_id")


@dataclass(frozen=True)
class Output:
    """A file that the session left in `/mnt/session/outputs`.

    Attributes:
        content: the file's text, or its bytes in the encoding that is named.
        encoding: empty for a text, or "base64".
    """

    filename: str
    mime_type: str
    created_at: str
    content: str
    encoding: str = ""

    @property
    def data(self) -> bytes:
        """The file's bytes; ValueError if `content` isn't in its encoding."""
        if self.encoding not in ("", "base64"):
            raise ValueError(f"the encoding of {self.filename} is {self.encoding!r}; base64 is one")
        return base64.b64decode(self.content, validate=True) if self.encoding else self.content.encode()


def packed(data: bytes) -> dict[str, str]:
    """The `content`, and the `encoding` if it needs one, of an output with these bytes."""
    try:
        return {"content": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"content": base64.b64encode(data).decode(), "encoding": "base64"}


@dataclass(frozen=True, eq=False)
class Recording:
    """One recorded session. `path` is only used to name it in messages; two can have one name."""

    path: Path
    header: dict[str, Any]
    events: list[Event] = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.header["name"])

    @cached_property
    def provenance(self) -> str:
        """Whose moves the agent makes: `scripted 06_a`, or `live, 2027-02-03, claude-sonnet-4-6`."""
        if self.header["provenance"] == "scripted":
            return f"scripted {self.name}"
        model = self.header["agent"]["model"]
        named = model["id"] if isinstance(model, dict) else model
        return f"live, {self.header['recorded_at'][:10]}, {named}"

    @cached_property
    def outputs(self) -> list[Output]:
        return [Output(**output) for output in self.header["outputs"]]

    @cached_property
    def mounts(self) -> list[Mount]:
        """The memory stores that the session had, in recordings that say so."""
        return [Mount.read(mount) for mount in self.header.get("memory", ())]

    @cached_property
    def files(self) -> list[MountedFile] | None:
        """The files that the session had mounted; None for a recording that doesn't say."""
        return [MountedFile.read(file) for file in self.header["files"]] if "files" in self.header else None

    @cached_property
    def repositories(self) -> dict[str, str] | None:
        """Where the repositories are from that the session had mounted, by their mount paths.

        None for a recording that doesn't say what was mounted.
        """
        mounted = self.header.get("repositories", [] if "files" in self.header else None)
        return None if mounted is None else {each["mount_path"]: each["url"] for each in mounted}

    @cached_property
    def memory_writes(self) -> dict[int, list[tuple[str, Write]]]:
        """What the session wrote into its memory, with the mount paths, by the event it was there with."""
        writes = [(mount.mount_path, write) for mount in self.mounts for write in mount.writes]
        return self._by_event(writes, lambda item: item[1].created_at)

    @cached_property
    def files_left(self) -> dict[int, list[Output]]:
        """What the session left in its outputs, by the event it was there with."""
        return self._by_event(self.outputs, lambda output: output.created_at)

    def _by_event(self, items: Iterable[Thing], created_at: Callable[[Thing], str]) -> dict[int, list[Thing]]:
        """Things with times, by the first event that is not before them, or the last one there is.

        So a turn that a client stops leaves no more behind than it had played.
        """
        times = [parse_time(event["processed_at"]) for event in self.events]
        at: dict[int, list[Thing]] = {}
        for item in sorted(items, key=lambda item: parse_time(created_at(item))):
            index = min(bisect_left(times, parse_time(created_at(item))), len(times) - 1)
            at.setdefault(index, []).append(item)
        return at

    @cached_property
    def client_events(self) -> list[int]:
        """Where the client's own events stand."""
        return [i for i, event in enumerate(self.events) if is_client_event(event)]

    @cached_property
    def calls(self) -> dict[str, Place]:
        """The tool calls by id, each with its place, by which siblings are compared.

        Counted by type and permission: two recordings can agree on what their client did, so on
        every call that waited for it, and still differ in how often the agent used a tool of its own.
        """
        calls: dict[str, Place] = {}
        counts: Counter[tuple[str, str | None]] = Counter()
        for event in self.events:
            if event["type"] in CALL_TYPES:
                kind = (event["type"], event.get("evaluated_permission"))
                calls[event["id"]] = (*kind, counts[kind])
                counts[kind] += 1
        return calls

    @cached_property
    def threads(self) -> dict[str, int]:
        """The session's threads by id, numbered: 0 is the primary one, the others as they were created."""
        born = [e["session_thread_id"] for e in self.events if e["type"] == "session.thread_created"]
        named = [e[key] for e in self.events for key in THREAD_KEYS if isinstance(e.get(key), str)]
        primary = next((id for id in named if id not in born), None)
        others = dict.fromkeys(id for id in [*born, *named] if id != primary)
        return {**({} if primary is None else {primary: 0}), **{id: n for n, id in enumerate(others, 1)}}

    @cached_property
    def names_others(self) -> list[bool]:
        """For each event, whether it names another, a thread or an outcome: new ids in every session."""
        outcomes = {event.get("outcome_id") for event in self.events if event["type"] in OPENINGS}
        ids = {event["id"] for event in self.events} | self.threads.keys() | outcomes
        return [any(text in ids for text in _texts({**event, "id": None})) for event in self.events]

    @cached_property
    def gates(self) -> list[int | None]:
        """For each event, the client event that must have arrived before it may be played.

        That is the event itself for the client's own, and for the running pair before it:
        a session that waits must not be seen to start before it has something to do.
        """
        gates: list[int | None] = [None] * len(self.events)
        for index in self.client_events:
            gates[index] = index
            before = index - 1
            while before >= 0 and self.events[before]["type"] in (*LEAD_IN, "session.error"):
                before -= 1
            # Errors may stand within the running pair [seen], but those after an idle belong to the idle.
            lead_in = [i for i in range(before + 1, index) if self.events[i]["type"] in LEAD_IN]
            for i in range(lead_in[0], index) if lead_in else ():
                gates[i] = index
            # What an interrupt stops fails just before it in the log [seen], so not before it is sent.
            first = index
            while self.events[index]["type"] == "user.interrupt" and first and self._stopped(first - 1):
                first -= 1
                gates[first] = index
        return gates

    def _stopped(self, index: int) -> bool:
        """Whether a call failed here at the very moment of what comes next."""
        event, following = self.events[index : index + 2]
        at_once = seconds_between(event["processed_at"], following["processed_at"]) < AT_ONCE
        return event["type"] in RESULT_TYPES and bool(event.get("is_error")) and at_once

    def next_turn(self, position: int) -> int:
        """Where the turn of the next message from `position` on begins; behind the last event without one."""
        for index in self.client_events:
            if index >= position and self.events[index]["type"] in OPENINGS:
                return self.gates.index(index)
        return len(self.events)

    def lines(self) -> Iterator[str]:
        """The file's lines, each with its newline."""
        for part in (self.header, *self.events):
            yield json.dumps(part, ensure_ascii=False, separators=(", ", ": ")) + "\n"

    @classmethod
    def load(cls, path: Path | str) -> Recording:
        """Read one recording.

        Raises:
            RecordingError: the file is damaged, of another format, or contradicts itself; the
                message has the file, the line and the reason.
        """
        path = Path(path)
        try:
            lines = read_lines(path)
        except (OSError, UnicodeDecodeError) as error:
            raise RecordingError(path, 1, f"cannot be read as UTF-8 text ({error})") from error
        if lines == [""]:
            raise RecordingError(path, 1, "the file is empty; the first line must be the header")
        header = _header(path, lines[0])
        events: list[Event] = []
        seen: dict[str, str] = {}
        last = None
        for number, line in enumerate(lines[1:], start=2):
            event = _event(path, number, line, seen)
            moment = parse_time(event["processed_at"])
            if last is not None and moment <= last:
                raise RecordingError(path, number, f"`processed_at` is not after the line before ({last})")
            last = moment
            seen[event["id"]] = event["type"]
            events.append(event)
        events = events[: _archived_at(events)]
        if not any(map(is_client_event, events)):
            raise RecordingError(path, len(lines), "no event of the client: nothing could ever start it")
        return cls(path, header, events)


def read_lines(path: Path) -> list[str]:
    """The lines of a file, without a byte order mark and the empty lines at its end."""
    # Not splitlines(): that would also split at characters inside the texts, U+2028 for one.
    return path.read_text("utf-8-sig").rstrip("\r\n \t").split("\n")


def _archived_at(events: list[Event]) -> int:
    """Where the events begin that archiving has added behind the last turn: those aren't played."""
    end = len(events)
    while end and events[end - 1]["type"] in ARCHIVED:
        end -= 1
    return end if end and events[end - 1]["type"] == "session.status_idle" else len(events)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def json_object(path: Path, number: int, line: str) -> dict[str, Any]:
    """One line of a recording, which must be a JSON object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordingError(path, number, f"not JSON ({error}); is the file cut short?") from error
    if not isinstance(value, dict):
        raise RecordingError(path, number, f"a JSON object was expected, this is a {type(value).__name__}")
    return value


def _header(path: Path, line: str) -> dict[str, Any]:
    header = json_object(path, 1, line)
    if "recording" not in header:
        raise RecordingError(path, 1, "no header: the first line must say `recording`, the format's version")
    if header["recording"] != FORMAT:
        raise RecordingError(path, 1, f"format {header['recording']!r} is unknown, this reads {FORMAT}")
    if missing := [key for key in HEADER_KEYS if key not in header]:
        raise RecordingError(path, 1, f"the header lacks {', '.join(f'`{key}`' for key in missing)}")
    if header["provenance"] not in PROVENANCE:
        raise RecordingError(path, 1, f"provenance {header['provenance']!r} is not {' or '.join(PROVENANCE)}")
    try:
        parse_time(header["recorded_at"])
        for output in header["outputs"]:
            if bad := [key for key, value in output.items() if not isinstance(value, str)]:
                raise TypeError(f"`{bad[0]}` of an output must be a text")
            parse_time(Output(**output).created_at)
            _ = Output(**output).data  # whether it can be read
        mounts = [Mount.read(mount).mount_path for mount in header.get("memory", ())]
        if len(set(mounts)) < len(mounts):
            raise ValueError("two memory stores have the same mount_path")
        for file in header.get("files", ()):
            MountedFile.read(file)
        for repository in header.get("repositories", ()):
            repository["mount_path"], repository["url"]
        header["agent"]["name"], header["environment"]["name"]
        for log in header.get("threads", {}).values():
            for event in log:
                parse_time(event["processed_at"]), event["id"], event["type"]
        for tool in header["agent"].get("tools") or ():
            tool["type"], [config["name"] for config in tool.get("configs") or ()]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RecordingError(path, 1, f"the header is damaged: {error!r}") from error
    return header


def _event(path: Path, number: int, line: str, seen: dict[str, str]) -> Event:
    """One event; `seen` has the types of those before it, by id."""
    event = json_object(path, number, line)
    for key in ("id", "type", "processed_at"):
        if not isinstance(event.get(key), str):
            raise RecordingError(path, number, f"the event's `{key}` must be a text")
    if event["id"] in seen:
        raise RecordingError(path, number, f"the id {event['id']} appears twice")
    try:
        parse_time(event["processed_at"])
    except ValueError as error:
        reason = f"`processed_at` is not a time: {event['processed_at']!r}"
        raise RecordingError(path, number, reason) from error
    for key, types in REFERENCES.items():
        if key in event and (not isinstance(event[key], str) or seen.get(event[key]) not in types):
            reason = f"`{key}` is {event[key]!r}, but no event before it is a {types[0]} with that id"
            raise RecordingError(path, number, reason)
    needed = NEEDED.get(event["type"])
    if needed and not isinstance(event.get(needed), dict):
        raise RecordingError(path, number, f"a {event['type']} needs a `{needed}`, an object")
    if is_client_event(event) and not _is_content(event.get("content") or []):
        raise RecordingError(path, number, "`content` must be a list of blocks, each with its `type`")
    return event


def _is_content(content: Any) -> bool:
    return isinstance(content, list) and all(
        isinstance(block, dict)
        and (isinstance(block.get("text"), str) if block.get("type") == "text" else "type" in block)
        for block in content
    )
