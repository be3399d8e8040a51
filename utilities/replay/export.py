"""Record a session by exporting it: its event history, and what it left in its outputs and its memory stores.

    python -m utilities.replay.export sesn_01… example_data/recordings/NN_name.jsonl

Connects as `anthropic.Anthropic()` does. Everything that was said in the session is in the file, so it is
looked through for secrets first: with one in it, it is only written with `--mask`, which puts a mark in its
place, or `--as-it-is`. Read it before you commit it: what looks like no secret isn't found, nor one in a line
of more than 5,000 characters, but the API's own.
A session of a replay server stays scripted, however often it is exported.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anthropic
import httpx2
from anthropic import Anthropic, AnthropicError

from ..console import forgiving
from ..loopback import direct
from ..turn.outputs import outputs_of
from ..turn.reading import checked, checked_event, readable
from ..turn.settle import wait_for_idle_status
from .credentials import Secret, masked, search
from .http.requests import REPLAY_HEADER
from .ids import parse_time, timestamp
from .recordings.fit import MountedFile
from .recordings.mount import Mount, Write
from .recordings.recording import FORMAT, Event, Recording, RecordingError, packed

NOTES = {
    "live": "Live: exported from a session of the hosted API.",
    "scripted": "Scripted, not live: exported from a session that a replay server played.",
}
AGENT_KEYS = ("name", "model", "system", "tools", "mcp_servers", "skills")
PATIENCE = 10.0  # seconds; status and outputs are right only some time after the turn's last event
OUTPUTS = "/mnt/session/outputs"
LARGEST = 10_000_000  # bytes of an output; recordings are read by people, and kept in repositories


def export(client: Anthropic, session_id: str, path: Path | str, *, patience: float = PATIENCE) -> Recording:
    """The recording of a session; `recording.lines()` are the file's.

    Args:
        client: the SDK's client.
        session_id: a session that is not running.
        path: where the recording belongs; its stem is the recording's name.
        patience: seconds to wait for the session's status to settle, and for the outputs that it wrote.

    Returns:
        The recording. What it could not keep is said in its header's note.

    Raises:
        ValueError: the session is running.
        anthropic.APIStatusError: there is no such session.
    """
    path = Path(path)
    with suppress(TimeoutError):  # then the status says why
        wait_for_idle_status(client, session_id, timeout=patience)
    with readable("retrieve"):
        answer = client.beta.sessions.with_raw_response.retrieve(session_id)
        session = checked("retrieve", answer.parse())
    if session.status in ("running", "rescheduling"):
        raise ValueError(f"session {session_id} is {session.status}: export it when its turn is over")
    provenance = "scripted" if REPLAY_HEADER in answer.headers else "live"
    agent = session.agent.to_dict(mode="json")
    with readable("events.list"):
        history = map(checked_event, client.beta.sessions.events.list(session_id))
        events = [event for event in history if event.processed_at]
    outputs, lost = _outputs(client, session_id, events, patience)
    environment = _environment(client, session.environment_id, lost)
    stores = [resource for resource in session.resources if resource.type == "memory_store"]
    mounts = list(filter(None, (_memory_if_any(client, session, store, lost) for store in stores)))
    files = _files(client, session, events, lost)
    kept = _in_order(list(map(_event, events)), lost)
    header = {
        "recording": FORMAT,
        "name": path.stem,
        "provenance": provenance,
        "note": " ".join([NOTES[provenance], *lost]),
        "recorded_at": session.to_dict(mode="json")["created_at"],
        "sdk": anthropic.__version__,
        # That it has no system prompt is said, too: another session may have one.
        "agent": {key: agent[key] for key in AGENT_KEYS if key in agent},
        "environment": environment,
        **({} if files is None else {"files": files}),
        "outputs": outputs,
    }
    if cloned := [each for each in session.resources if each.type == "github_repository"]:
        header["repositories"] = [{"mount_path": each.mount_path, "url": each.url} for each in cloned]
    if mounts or not stores:
        header["memory"] = [mount.to_dict() for mount in mounts]
    return Recording(path, header, kept)


def _environment(client: Anthropic, id: str, lost: list[str]) -> dict[str, Any]:
    try:
        environment = client.beta.environments.retrieve(id).to_dict(mode="json")
    except anthropic.APIStatusError as error:
        lost.append(f"Not kept: the environment {id}{_why(error)}.")
        return {"name": f"deleted {id}" if isinstance(error, anthropic.NotFoundError) else id}
    return {key: environment[key] for key in ("name", "config") if key in environment}


def _in_order(events: list[Event], lost: list[str]) -> list[Event]:
    """The events, each with a time after that of the one before: a recording is played by them.

    The service may stamp two with one time, or with nanoseconds, where a recording has microseconds.
    """
    moved = 0
    last = None
    for event in events:
        moment = parse_time(event["processed_at"])
        if last is not None and moment <= last:
            moment, moved = last + timedelta(microseconds=1), moved + 1
            event["processed_at"] = timestamp(moment)
        last = moment
    if moved:
        lost.append(f"The times of {moved} events are microseconds later, to be after those before them.")
    return events


def _files(
    client: Anthropic, session: Any, events: list[Any], lost: list[str]
) -> list[dict[str, Any]] | None:
    """The files that the session began with; the API tells their size, not what is in an upload. [doc]"""
    files = []
    for resource in session.resources:
        if resource.type != "file" or (events and resource.created_at > events[0].processed_at):
            continue
        try:
            size = client.beta.files.retrieve_metadata(resource.file_id).size_bytes
        except anthropic.APIStatusError as error:
            lost.append(f"Not kept: which files were mounted, one of them {resource.file_id}{_why(error)}.")
            return None
        files.append(MountedFile(resource.mount_path, size).to_dict())
    return files


def _event(event: Any) -> Event:
    known: Event = event.to_dict(mode="json")
    return {**known, "id": event.id, "type": event.type}


def _outputs(
    client: Anthropic, session_id: str, events: list[Any], patience: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """What the session left behind, oldest first, and a sentence for each file that can't be kept."""
    written = _written(events)
    try:
        files, lost = outputs_of(client, session_id, expect=written, timeout=patience), []
    except TimeoutError as error:
        files, lost = outputs_of(client, session_id, expect=(), timeout=patience), [f"Not kept: {error}."]
    if written is None and not files:
        lost.append(
            f"Not kept: the session used {OUTPUTS}, and after {patience:g} s nothing was listed there."
        )
    outputs = []
    for file in files[::-1]:  # the list has the newest first
        try:
            _require_small(file.size_bytes)
            read = client.beta.files.download(file.id).read()
            _require_small(len(read))
            content = packed(read)
        except (anthropic.APIError, httpx2.TransportError, ValueError) as error:
            lost.append(f"Not kept: {file.filename} ({file.id}): {error}.")
            continue
        known = file.to_dict(mode="json")
        kept = {key: known[key] for key in ("filename", "mime_type", "created_at")}
        outputs.append({**kept, **content})
    return outputs, lost


def _require_small(size: int) -> None:
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes; a recording holds up to {LARGEST:,}")


def _why(error: anthropic.APIStatusError) -> str:
    """Why something can't be had, as the end of a sentence about it."""
    return ", which is deleted" if isinstance(error, anthropic.NotFoundError) else f": {error}"


def _written(events: list[Any]) -> list[str] | None:
    """The names of the outputs that the agent's calls speak of; None if they only speak of the folder."""
    calls = [json.dumps(event.to_dict().get("input")) for event in events if event.type == "agent.tool_use"]
    spoken = [call for call in calls if OUTPUTS in call]
    names = re.findall(rf"{OUTPUTS}/(?:[\w.-]+/)*([\w-]+\.\w+)", "\n".join(spoken))
    return list(dict.fromkeys(names)) or (None if spoken else [])


def _memory_if_any(client: Anthropic, session: Any, store: Any, lost: list[str]) -> Mount | None:
    try:
        return _memory(client, session, store)
    except anthropic.APIStatusError as error:
        lost.append(f"Not kept: the memory store {store.memory_store_id}{_why(error)}.")
        return None


def _memory(client: Anthropic, session: Any, store: Any) -> Mount:
    """What a session found in one of its memory stores and what it wrote there, from the store's history."""
    history = client.beta.memory_stores.memory_versions.list(store.memory_store_id, view="full", limit=20)
    mount = Mount(store.mount_path, store.access or "read_write", {})
    paths: dict[str, str] = {}  # where each memory was last
    for version in reversed(list(history)):
        if version.redacted_at or version.path is None:
            continue  # nobody can tell any more what it said
        own = version.created_by and getattr(version.created_by, "session_id", None) == session.id
        before = paths.get(version.memory_id, version.path)
        paths[version.memory_id] = version.path
        changes: list[tuple[str, str | None]] = [(version.path, version.content)]
        if before != version.path:
            changes.insert(0, (before, None))  # it was renamed
        for path, content in changes:
            if own:
                mount.writes.append(Write(path, content, timestamp(version.created_at)))
            elif version.created_at >= session.created_at:
                continue  # somebody else's, meanwhile
            elif content is None:
                mount.start.pop(path, None)
            else:
                mount.start[path] = content
    return mount


def write(recording: Recording) -> None:
    """Write a recording to its path, once it is sure that it can be loaded; its folder is made if need be.

    Raises:
        RecordingError: it can't.
    """
    recording.path.parent.mkdir(parents=True, exist_ok=True)
    part = recording.path.with_name(f"{recording.path.name}.part")  # which no library takes for a recording
    try:
        part.write_text("".join(recording.lines()), "utf-8")
        try:
            Recording.load(part)
        except RecordingError as error:
            raise RecordingError(recording.path, error.line, error.reason) from None
        part.replace(recording.path)
    finally:
        part.unlink(missing_ok=True)


def _masked(recording: Recording, found: list[Secret]) -> Recording:
    """The recording without these secrets. A client that sends one when it is played has to send the mark."""
    if not found:
        return recording
    header, *events = masked([recording.header, *recording.events], found)
    header["note"] += f" Masked: {len(found)} secrets."
    return replace(recording, header=header, events=events)


def _client() -> Anthropic:
    url = os.environ.get("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
    client = Anthropic(**direct(Anthropic, url))
    if not (client.api_key or client.auth_token or client.credentials):
        raise ValueError("set ANTHROPIC_API_KEY (any text, and ANTHROPIC_BASE_URL, for a replay server)")
    return client


def main(argv: list[str] | None = None) -> int:
    forgiving()
    parser = argparse.ArgumentParser(prog="python -m utilities.replay.export")
    parser.add_argument("session_id")
    parser.add_argument("path", type=Path, help="the recording to write; it must not exist")
    secrets = parser.add_mutually_exclusive_group()
    secrets.add_argument("--mask", action="store_true", help="put a mark in the place of each secret found")
    secrets.add_argument("--as-it-is", action="store_true", help="keep what was found")
    options = parser.parse_args(argv)
    try:
        if options.path.exists():
            raise FileExistsError(f"{options.path} exists already")
        recording = export(_client(), options.session_id, options.path)
        found = search(list(recording.lines()))
        if found:
            print("export: this looks like secrets:", *found, sep="\n  ", file=sys.stderr)
        if found and not (options.mask or options.as_it_is):
            told = "with --mask a mark takes the place of each, with --as-it-is they stay"
            print(f"export: {options.path} was not written: {told}", file=sys.stderr)
            return 3
        write(_masked(recording, found) if options.mask else recording)
    except (AnthropicError, ValueError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 2
    print(f"wrote {options.path}: {len(recording.events)} events, {recording.header['provenance']}")
    print(recording.header["note"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
