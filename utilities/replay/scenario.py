"""Scripted recordings: the agent's moves from a short file, its tool calls executed for real.

    python -m utilities.replay.scenario example_data/scenarios --write     # make recordings
    python -m utilities.replay.scenario example_data/scenarios --verify    # make verify

A scenario (TOML) has the agent, the environment, the files and memory stores that are mounted, and the turns:
what the user says, and for each model request what the agent says and which built-in tools it
calls. The calls run with the SDK's own `agent_toolset`, in a scratch folder that stands in for
`/mnt`, and what they really return is what the recording says. Times come from the scenario and
token counts are estimated, so the same scenario always makes the same bytes: `--verify` executes
everything again and compares, all but the SDK's version in the header.

What the client does in between is written in the scenario too, beside the call that waits for it:
`custom = "name"` instead of `tool` is a call of the program's own tool, and `result` (and `is_error`)
what the program answers; `confirm = "allow"` or `"deny"` (and `deny_message`) is its verdict on a
built-in call that asks first. With `[brain]` the program's memory tools are executed for real as well:
see `making.brain_calls`.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic

from ..console import forgiving
from .making.event_log import EventLog
from .making.sandbox import Sandbox, ScenarioError, memories_in
from .recordings.mount import Mount, memory_path
from .recordings.recording import Recording


def memory_store(given: dict[str, Any], data: Path) -> Mount:
    """A memory store that the scenario mounts.

    Args:
        given: its `name` and `access`, its `memories` (each with its `path`, and its `content` or the
            `source` that has it), a `folder` whose files are memories, and, with `after`, the recording that
            has left its memories there.
        data: the folder that each `source` and the `folder` are relative to, and that has the recordings.
    """
    path, start = memory_path(given["name"]), {}
    if "after" in given:
        before = Recording.load(data / "recordings" / f"{given['after']}.jsonl")
        start = {mount.mount_path: mount.end() for mount in before.mounts}[path]
    if "folder" in given:
        start |= memories_in(data / given["folder"])
    for memory in given.get("memories", ()):
        content = memory["content"] if "content" in memory else (data / memory["source"]).read_text("utf-8")
        start[memory["path"]] = content
    return Mount(path, given.get("access", "read_write"), start)


async def record(path: Path, data: Path, answers: Path | None = None) -> Recording:
    """Execute one scenario.

    Args:
        path: the scenario's TOML file.
        data: the folder that its `files` and memories are relative to.
        answers: the folder for a recording of what its memory asks the model; by default it is not kept.

    Raises:
        ScenarioError: the scenario is damaged; the message names the file.
    """
    try:
        scenario = tomllib.loads(path.read_text("utf-8-sig"))
        with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
            brain = None
            if "brain" in scenario:
                from .making.brain_calls import BrainCalls  # Astrocyte takes its time to import

                brain = BrainCalls(path, Path(folder), answers or Path(folder))
                scenario = await brain.begin()
            stores = [memory_store(given, data) for given in scenario.get("memory", [])]
            sandbox = Sandbox(Path(folder), stores)
            try:
                for file in scenario.get("files", []):
                    sandbox.mount(data / file["source"], file["mount_path"])
                log = EventLog(scenario, sandbox, brain)
                for turn in scenario["turns"]:
                    await log.turn(turn)
                if brain:
                    brain.require_seen()
            finally:
                await sandbox.close()
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ScenarioError(f"{path.name}: {type(error).__name__}: {error}") from error
    return log.recording(path.with_suffix(".jsonl"))


def recordings(scenarios: Path) -> Iterator[tuple[Path, str]]:
    """Every recording of a folder of scenarios: where it belongs, and what it should say.

    One of a session for each, and beside it one of what its memory asked the model, if it did.
    """
    paths = sorted(scenarios.glob("*.toml"))
    if not paths:
        raise ScenarioError(f"{scenarios}: there is no scenario (*.toml) here")
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="answers-") as answers:
            made = asyncio.run(record(path, scenarios.parent, Path(answers)))
            yield scenarios.parent / "recordings" / f"{path.stem}.jsonl", "".join(made.lines())
            for file in sorted(Path(answers).iterdir()):
                yield scenarios.parent / "recordings" / file.name, file.read_text("utf-8")


def main(argv: list[str] | None = None) -> int:
    forgiving()
    parser = argparse.ArgumentParser(prog="python -m utilities.replay.scenario")
    parser.add_argument("scenarios", type=Path, help="their folder; recordings go to ../recordings")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="make the recordings")
    task.add_argument("--verify", action="store_true", help="execute everything again and compare")
    options = parser.parse_args(argv)
    different, others = 0, set[str]()
    try:
        for path, text in recordings(options.scenarios):
            if options.write:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
                print(f"wrote {path} ({text.count(chr(10)) - 1} lines)")
                continue
            recorded = path.read_text("utf-8") if path.exists() else ""
            recorded, sdk = _made_by(anthropic.__version__, recorded)
            others.add(sdk)
            different += recorded != text
            print(f"{'same     ' if recorded == text else 'DIFFERENT'} {path}")
            before, after = recorded.split("\n"), text.split("\n")
            diff = difflib.unified_diff(before, after, "recorded", "executed", n=0, lineterm="")
            for line in list(diff)[:20]:
                print("   ", line[:400])
    except ScenarioError as error:
        print(f"scenario: {error}", file=sys.stderr)
        return 2
    if others := others - {anthropic.__version__, ""}:
        made = f"recorded with anthropic {', '.join(sorted(others))}, executed with {anthropic.__version__}"
        print(f"{made}: all but this version in their headers was compared")
    return 1 if different else 0


def _made_by(version: str, recorded: str) -> tuple[str, str]:
    """A recording as this version of the SDK would have made it, and the version that did, if any."""
    header, end, events = recorded.partition("\n")
    found = re.search(r'"sdk": "([^"]*)"', header)
    if found is None:
        return recorded, ""
    return header[: found.start(1)] + version + header[found.end(1) :] + end + events, found[1]


if __name__ == "__main__":
    sys.exit(main())
