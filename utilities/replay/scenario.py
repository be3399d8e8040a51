"""Scripted recordings: the agent's moves from a short file, its tool calls executed for real.

    python -m utilities.replay.scenario example_data/scenarios --write            # make recordings
    python -m utilities.replay.scenario example_data/scenarios --verify           # make verify
    python -m utilities.replay.scenario example_data/scenarios/03_deny.toml --write

A scenario (TOML) has the agent, the environment, what is mounted, and the turns: what the user says, and for
each model request what the agent says and which tools it calls. Built-in calls run with the SDK's own
`agent_toolset`, and what they really return is what the recording says. Times come from the scenario and
token counts are estimated, so the same scenario always makes the same bytes: `--verify` executes
everything again and compares, all but the SDK's version in the header and the times that commands print.

What isn't executed is written beside it: what the program's own tools and the web's and MCP servers' return,
what the client decides. All keys, with examples: SCENARIOS.md beside this file, made of `making.format`.

What a scenario executes is confined (see `making.confinement`): it sees nothing of its author's files,
environment and network. Where the system can't do that it is refused, unless `--unconfined` is said: only for
scenarios that are your own, or that you have read.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anthropic

from ..console import forgiving
from .making.event_log import EventLog
from .making.format import File, Store
from .making.own_tools import require_own
from .making.parsing import ScriptedSession, Source, read
from .making.sandbox import (
    UPLOADS,
    WORKSPACE,
    Sandbox,
    container_path,
    files_in,
    memories_in,
    within,
    zipped,
)
from .making.scenario_error import ScenarioError
from .making.times import timeless
from .recordings.mount import Mount, memory_path
from .recordings.recording import Recording

__all__ = ["Recorded", "ScenarioError", "main", "record", "record_all", "recordings"]


@dataclass(frozen=True)
class Recorded:
    """What was made of one session.

    Attributes:
        recording: its recording.
        surprises: executed calls that failed and weren't meant to, or the other way round; one line each.
    """

    recording: Recording
    surprises: list[str]


def memory_store(given: Store, data: Path) -> Mount:
    """A memory store that a scenario mounts.

    Args:
        given: as the scenario says.
        data: the folder that each `source` and the `folder` are relative to, and that has the recordings.
    """
    path, start = memory_path(given.name), {}
    if given.after is not None:
        before = Recording.load(data / "recordings" / f"{given.after}.jsonl")
        left = {mount.mount_path: mount.end() for mount in before.mounts}
        if path not in left:
            raise ValueError(f"{given.after} had no {path}")
        start = left[path]
    if given.folder is not None:
        start |= memories_in(within(data, given.folder))
    for memory in given.memories:
        source = memory.source
        start[memory.path] = (
            memory.content or "" if source is None else within(data, source).read_bytes().decode("utf-8")
        )
    return Mount(path, given.access, start)


async def record(
    path: Path, data: Path, answers: Path | None = None, *, unconfined: bool = False
) -> Recording:
    """Execute a scenario of one session.

    Args:
        path: the scenario's TOML file.
        data: the folder that its files and memories are relative to, and below.
        answers: the folder for a recording of what its memory asks the model; by default it is not kept.
        unconfined: execute its commands also where this system can't confine them.

    Raises:
        ScenarioError: the scenario is damaged; the message names the file. Or it has several sessions.
    """
    made = await record_all(path, data, answers, unconfined=unconfined)
    if len(made) > 1:
        raise ScenarioError(f"{path.name}: it has {len(made)} sessions; record_all makes them")
    return made[0].recording


async def record_all(
    path: Path, data: Path, answers: Path | None = None, *, unconfined: bool = False
) -> list[Recorded]:
    """Execute each session of a scenario; see `record`."""
    sessions = read(path)
    for session in sessions:
        require_own(session.scenario, session.turns)
    return [await _record(session, data, answers, unconfined) for session in sessions]


async def _record(session: ScriptedSession, data: Path, answers: Path | None, unconfined: bool) -> Recorded:
    scenario, source = session.scenario, session.source
    try:
        with tempfile.TemporaryDirectory(prefix="brain-") as folder:
            brain = None
            if scenario.brain is not None:
                from .making.brain_calls import BrainCalls  # Astrocyte takes its time to import

                brain = BrainCalls(session, data, Path(folder), answers or Path(folder))
                await brain.begin()
            stores = [_store(store, data, source.at("memory", n)) for n, store in enumerate(scenario.memory)]
            with Sandbox(stores, unconfined=unconfined) as sandbox:
                mount = partial(_mount, sandbox, data)
                for number, file in enumerate(scenario.files):
                    mount(file, source.at("files", number))
                _mount_repositories(sandbox, session, data)
                _mount_skills(sandbox, session, data)
                log = EventLog(session, sandbox, mount, brain)
                for turn, where in zip(scenario.turns, session.turns, strict=True):
                    await log.turn(turn, where)
            if brain:
                brain.require_seen()
    except ScenarioError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ScenarioError(f"{source.path.name}: {type(error).__name__}: {error}") from error
    return Recorded(log.recording(source.path.with_name(f"{scenario.name}.jsonl")), log.results.surprises)


def _store(given: Store, data: Path, source: Source) -> Mount:
    try:
        return memory_store(given, data)
    except (ValueError, OSError) as error:
        raise source.error((), _said(error)) from error


def _mount(sandbox: Sandbox, data: Path, file: File, source: Source) -> None:
    """Mount a file: one of the data folder, or a folder's zip file."""
    try:
        content = (
            within(data, file.source).read_bytes() if file.source else zipped(within(data, file.zip or ""))
        )
        sandbox.mount(container_path(file.mount_path, UPLOADS), content)
    except (ValueError, OSError) as error:
        raise source.error((), _said(error)) from error


def _mount_repositories(sandbox: Sandbox, session: ScriptedSession, data: Path) -> None:
    for number, repository in enumerate(session.scenario.repositories):
        try:
            path = container_path(repository.path, WORKSPACE)
            for inside, content in files_in(within(data, repository.folder)).items():
                sandbox.mount(f"{path}/{inside}", content)
        except (ValueError, OSError) as error:
            raise session.source.error(("repositories", number), _said(error)) from error


def _mount_skills(sandbox: Sandbox, session: ScriptedSession, data: Path) -> None:
    for number, skill in enumerate(session.scenario.skills):
        try:
            sandbox.mount_skill(files_in(within(data, skill.folder)))
        except (ValueError, OSError) as error:
            raise session.source.error(("skills", number), _said(error)) from error


def _said(error: Exception) -> str:
    """An error in words, without a path of this machine."""
    if isinstance(error, OSError):
        return f"{Path(str(error.filename)).name}: {error.strerror}" if error.strerror else str(error)
    return str(error)


def recordings(scenarios: Path, *, unconfined: bool = False) -> Iterator[tuple[Path, str, list[str]]]:
    """Every recording of a folder of scenarios, or of one: where it belongs, what it says, what surprised.

    One for each session, and beside it one of what its memory asked the model, if it did.
    """
    paths = [scenarios] if scenarios.is_file() else sorted(scenarios.glob("*.toml"))
    if not paths:
        raise ScenarioError(f"{scenarios}: there is no scenario (*.toml) here")
    data = paths[0].absolute().parents[1]
    target = (scenarios.parent if scenarios.is_dir() else data) / "recordings"
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="answers-") as answers:
            for made in asyncio.run(record_all(path, data, Path(answers), unconfined=unconfined)):
                text = "".join(made.recording.lines())
                yield target / made.recording.path.name, text, made.surprises
            for file in sorted(Path(answers).iterdir()):
                yield target / file.name, file.read_text("utf-8"), []


def main(argv: list[str] | None = None) -> int:
    forgiving()
    parser = argparse.ArgumentParser(
        prog="python -m utilities.replay.scenario",
        description="Makes recordings of scenarios: their tool calls are executed.",
        epilog="Commands of a scenario are confined: they see none of your files, environment and network. "
        "Read a scenario from elsewhere before you say --unconfined.",
    )
    parser.add_argument(
        "scenarios", type=Path, help="a folder of them, or one; recordings go to ../recordings"
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="make the recordings")
    task.add_argument("--verify", action="store_true", help="execute everything again and compare")
    parser.add_argument(
        "--unconfined", action="store_true",
        help="where this system can't confine commands, execute them as any program of yours",
    )  # fmt: skip
    options = parser.parse_args(argv)
    different, others = 0, set[str]()
    try:
        for path, text, surprises in recordings(options.scenarios, unconfined=options.unconfined):
            for surprise in surprises:
                print(f"note: {surprise}", file=sys.stderr)
            recorded = path.read_text("utf-8") if path.exists() else ""
            if options.write:
                _write(path, recorded, text)
                continue
            recorded, sdk = _made_by(anthropic.__version__, recorded)
            others.add(sdk)
            same = timeless(recorded) == timeless(text)
            different += not same
            print(f"{'same     ' if same else 'DIFFERENT'} {path}")
            before, after = recorded.split("\n"), text.split("\n")
            diff = difflib.unified_diff(before, after, "recorded", "executed", n=0, lineterm="")
            for line in [] if same else list(diff)[:20]:
                print("   ", line[:400])
    except ScenarioError as error:
        print(f"scenario: {error}", file=sys.stderr)
        return 2
    if others := others - {anthropic.__version__, ""}:
        made = f"recorded with anthropic {', '.join(sorted(others))}, executed with {anthropic.__version__}"
        print(f"{made}: all but this version in their headers was compared")
    return 1 if different else 0


def _write(path: Path, recorded: str, text: str) -> None:
    """Write a recording, unless the one that is there differs only in times that commands have printed."""
    if recorded != text and timeless(recorded) == timeless(text):
        print(f"kept  {path} (only times that commands print are others)")
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
    print(f"wrote {path} ({text.count(chr(10)) - 1} lines)")


def _made_by(version: str, recorded: str) -> tuple[str, str]:
    """A recording as this version of the SDK would have made it, and the version that did, if any."""
    header, end, events = recorded.partition("\n")
    found = re.search(r'"sdk": "([^"]*)"', header)
    if found is None:
        return recorded, ""
    return header[: found.start(1)] + version + header[found.end(1) :] + end + events, found[1]


if __name__ == "__main__":
    sys.exit(main())
