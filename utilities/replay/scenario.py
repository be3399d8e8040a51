"""Scripted recordings: the agent's moves from a short file, its tool calls executed for real.

    python -m utilities.replay.scenario example_data/scenarios --write     # make recordings
    python -m utilities.replay.scenario example_data/scenarios --verify    # make verify

A scenario (TOML) has the agent, the environment, the files and memory stores that are mounted, and the turns:
what the user says, and for each model request what the agent says and which built-in tools it
calls. The calls run with the SDK's own `agent_toolset`, in a scratch folder that stands in for
`/mnt`, and what they really return is what the recording says. Times come from the scenario and
token counts are estimated, so the same scenario always makes the same bytes: `--verify` executes
everything again and compares.

What the client does in between is written in the scenario too, beside the call that waits for it:
`custom = "name"` instead of `tool` is a call of the program's own tool, and `result` (and `is_error`)
what the program answers; `confirm = "allow"` or `"deny"` (and `deny_message`) is its verdict on a
built-in call that asks first. With `[brain]` the program's memory tools are executed for real as well:
see `brain_calls`.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
from anthropic.lib.tools import ToolError
from anthropic.lib.tools.agent_toolset import AgentToolContext, beta_agent_toolset_20260401

from .ids import later, make_id
from .mount import Folders, Mount, memories_in, mount_path
from .recording import FORMAT, Event, Recording

if TYPE_CHECKING:
    from .brain_calls import BrainCalls

NOTE = (
    "Scripted, not live: the agent's moves and the times were written by hand, its tool calls were "
    "executed for real with the SDK's agent_toolset, and token counts are estimated at four characters each."
)
BY_HAND = " What the client answered was written by hand too."
TICK = 1e-6  # neighbouring events are a microsecond apart [seen]
# List prices in US dollars per million tokens, for the estimated cost. [doc]
PRICES = {"claude-sonnet-4-6": {"input": 3.0, "cache_write": 3.75, "cache_read": 0.3, "output": 15.0}}


class ScenarioError(ValueError):
    """A scenario that can't be recorded; seen by the author of a lesson."""


class Sandbox:
    """A scratch folder standing in for the container's `/mnt`, and the built-in tools inside it."""

    def __init__(self, root: Path, memory: Sequence[Mount] = ()) -> None:
        self.root = root.resolve()
        self.outputs = self.root / "mnt/session/outputs"
        self.uploads = self.root / "mnt/session/uploads"
        self.user = self.root / "mnt/user"
        for folder in (self.outputs, self.uploads, self.user):
            folder.mkdir(parents=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.user), "LANG": "C.UTF-8"}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        self.memory = Folders(self.root, memory)
        read_only = [self.uploads, *(self.memory.folder(m) for m in memory if m.access == "read_only")]
        self.context = AgentToolContext(workdir=self.root / "mnt", env=env, read_only_roots=read_only)
        self.tools = {tool.name: tool for tool in beta_agent_toolset_20260401(self.context)}

    def mount(self, source: Path, mount_path: str) -> None:
        target = self.uploads / mount_path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(0o444)

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Execute one built-in tool call; returns its text and whether it is an error."""
        if tool not in self.tools:
            raise ScenarioError(f"tool {tool!r} can't be executed here; there are {', '.join(self.tools)}")
        try:
            content: Any = await self.tools[tool].call(self._inside(arguments))
            is_error = False
        except ToolError as error:
            content, is_error = error.content, True
        blocks = [{"text": content}] if isinstance(content, str) else content
        text = "\n".join(str(block.get("text", "")) for block in blocks)
        return text.replace(str(self.root), ""), is_error

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("/mnt/", f"{self.root}/mnt/")
        if isinstance(value, dict):
            return {key: self._inside(item) for key, item in value.items()}
        return value

    async def close(self) -> None:
        await self.context.close()


class Recorder:
    """Writes the event log of one scenario, in the order that was seen of the hosted API."""

    def __init__(self, scenario: dict[str, Any], sandbox: Sandbox, brain: BrainCalls | None = None) -> None:
        self.scenario, self.sandbox, self.brain = scenario, sandbox, brain
        self.name: str = scenario["name"]
        self.thread = make_id("sthr", self.name)
        self.now: str = scenario["start"]
        self.events: list[Event] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        self.context = len(str(scenario["agent"]["tools"])) + len(scenario["agent"]["system"])  # characters
        self.cached = 0
        self.tokens = dict.fromkeys(("input", "cache_write", "cache_read", "output"), 0)
        self.active = 0.0
        self.answers = 0  # of the client, written by hand

    def emit(self, type: str, **fields: Any) -> str:
        """Append one event, a tick after the last one; returns its id."""
        self.now = later(self.now, TICK)
        id = make_id("sevt", self.name, len(self.events))
        self.events.append({"id": id, "type": type, "processed_at": self.now, **fields})
        return id

    def wait(self, seconds: float) -> None:
        self.now = later(self.now, seconds)
        self.active += seconds

    async def turn(self, turn: dict[str, Any]) -> None:
        thread = {"session_thread_id": self.thread, "agent_name": self.scenario["agent"]["name"]}
        self.emit("session.status_running")
        self.emit("session.thread_status_running", **thread)
        self.emit("user.message", content=[{"type": "text", "text": turn["user"]}])
        self.context += len(turn["user"])
        for request in turn["requests"]:
            calls = self.model_request(request)
            for id, call in calls:
                if not waits(call):
                    await self.tool_result(id, call)
            if waiting := {id: call for id, call in calls if waits(call)}:
                self.idle({"type": "requires_action", "event_ids": list(waiting)}, thread)
                for id, call in waiting.items():
                    await self.client_answer(id, call)
                self.emit("session.status_running")  # after the answers [seen: the order]
                self.emit("session.thread_status_running", **thread)
                for id, call in waiting.items():
                    if "confirm" in call:
                        await self.tool_result(id, call)
        self.idle({"type": "end_turn"}, thread)
        self.now = later(self.now, 20.0)  # the user reads before going on

    def idle(self, stop_reason: dict[str, Any], thread: dict[str, str]) -> None:
        self.emit("session.thread_status_idle", **thread, stop_reason=stop_reason)
        self.emit("session.usage", usage=self.usage(), budget=None)
        self.emit("session.status_idle", stop_reason=stop_reason)

    async def client_answer(self, id: str, call: dict[str, Any]) -> None:
        """The program's result of its own tool, or its verdict on a built-in call."""
        if "custom" in call:
            text, is_error = await self.custom_result(call)
            self.now = later(self.now, call["seconds"])  # the program's time, not the agent's
            self.context += len(text)
            self.emit(
                "user.custom_tool_result", custom_tool_use_id=id, is_error=is_error,
                content=[{"type": "text", "text": text}],
            )  # fmt: skip
            return
        self.answers += 1
        if call["confirm"] not in ("allow", "deny"):
            raise ScenarioError(f"confirm: {call['confirm']!r} is neither allow nor deny")
        reason = {"deny_message": call["deny_message"]} if "deny_message" in call else {}
        self.emit("user.tool_confirmation", tool_use_id=id, result=call["confirm"], **reason)

    async def custom_result(self, call: dict[str, Any]) -> tuple[str, bool]:
        """What the program's own tool says, and whether it is an error: executed, or written by hand."""
        if self.brain and "result" not in call and call["custom"].startswith("memory_"):
            return await self.brain.call(call, self.scenario["brain"])
        self.answers += 1
        return call["result"], call.get("is_error", False)

    def model_request(self, request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        """What one model request produces, all of it before the request's end. [seen]"""
        start = self.emit("span.model_request_start")
        said, calls = request.get("say", ""), request.get("calls", [])
        thinking = 0.4 if request.get("thinking") else 0.0
        if thinking:
            self.wait(request["seconds"] * thinking)
            self.emit("agent.thinking")
        self.wait(request["seconds"] * (1 - thinking))
        if said:
            self.emit("agent.message", content=[{"type": "text", "text": said}])
        made = [(self.tool_use(call), call) for call in calls]
        produced = len(said) + sum(len(str(call["input"])) for call in calls) + (400 if thinking else 0)
        spent = {
            "input": 3,
            "cache_write": tokens(self.context - self.cached),
            "cache_read": tokens(self.cached),
            "output": tokens(produced),
        }
        self.cached, self.context = self.context, self.context + produced
        for kind, count in spent.items():
            self.tokens[kind] += count
        usage = {
            "input_tokens": spent["input"], "output_tokens": spent["output"], "speed": None,
            "cache_read_input_tokens": spent["cache_read"],
            "cache_creation_input_tokens": spent["cache_write"],
        }  # fmt: skip
        self.emit("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=usage)
        return made

    def tool_use(self, call: dict[str, Any]) -> str:
        known: dict[str, Any] = {"input": call["input"]}
        if "custom" in call:
            return self.emit("agent.custom_tool_use", name=call["custom"], **known, session_thread_id=None)
        known["evaluated_permission"] = "ask" if "confirm" in call else "allow"
        return self.emit("agent.tool_use", name=call["tool"], **known, session_thread_id=None)

    async def tool_result(self, id: str, call: dict[str, Any]) -> None:
        if call.get("confirm") == "deny":  # what the hosted API says then is in no public capture [ours]
            text, is_error = call.get("deny_message", "The user denied this call."), True
        else:
            text, is_error = await self.sandbox.call(call["tool"], call["input"])
        self.wait(call["seconds"])
        blocks = [{"type": "text", "text": text}]
        self.emit("agent.tool_result", tool_use_id=id, content=blocks, is_error=is_error)
        self.context += len(text)
        self.sandbox.memory.look(self.now)
        for path in sorted(self.sandbox.outputs.rglob("*")):
            if not path.is_file():
                continue
            content = path.read_text("utf-8")
            if self.outputs.get(path.name, {}).get("content") != content:
                mime = "text/x-python" if path.suffix == ".py" else "text/plain"
                self.outputs[path.name] = {
                    "filename": path.name, "mime_type": mime, "created_at": self.now, "content": content,
                }  # fmt: skip

    def usage(self) -> dict[str, Any]:
        prices = PRICES[self.scenario["agent"]["model"]]
        cents = sum(count * prices[kind] / 1e4 for kind, count in self.tokens.items())
        return {
            "active_seconds": round(self.active, 3),
            "input_tokens": self.tokens["input"],
            "output_tokens": self.tokens["output"],
            "cache_read_input_tokens": self.tokens["cache_read"],
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.tokens["cache_write"],
                "ephemeral_1h_input_tokens": 0,
            },
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
            "list_cost": {"amount": f"{cents:.4f}", "currency": "USD"},
        }

    def recording(self, path: Path) -> Recording:
        header = {
            "recording": FORMAT,
            "name": self.name,
            "provenance": "scripted",
            "note": NOTE + (self.brain.note if self.brain else "") + BY_HAND * bool(self.answers),
            "recorded_at": self.scenario["start"],
            "sdk": anthropic.__version__,
            "agent": self.scenario["agent"],
            "environment": self.scenario["environment"],
            "outputs": list(self.outputs.values()),
        }
        if mounts := self.sandbox.memory.mounts:
            header["memory"] = [mount.to_dict() for mount in mounts]
        return Recording(path, header, self.events)


def waits(call: dict[str, Any]) -> bool:
    """Whether the session waits for its client before it goes on."""
    return "custom" in call or "confirm" in call


def tokens(characters: int) -> int:
    return max(1, round(characters / 4))


def memory_store(given: dict[str, Any], data: Path) -> Mount:
    """A memory store that the scenario mounts.

    Args:
        given: its `name` and `access`, its `memories` (each with its `path`, and its `content` or the
            `source` that has it), a `folder` whose files are memories, and, with `after`, the recording that
            has left its memories there.
        data: the folder that each `source` and the `folder` are relative to, and that has the recordings.
    """
    path, start = mount_path(given["name"]), {}
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
        scenario = tomllib.loads(path.read_text("utf-8"))
        with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
            brain = None
            if "brain" in scenario:
                from .brain_calls import BrainCalls  # Astrocyte takes its time to import

                brain = BrainCalls(path, Path(folder), answers or Path(folder))
                scenario = await brain.begin()
            stores = [memory_store(given, data) for given in scenario.get("memory", [])]
            sandbox = Sandbox(Path(folder), stores)
            try:
                for file in scenario.get("files", []):
                    sandbox.mount(data / file["source"], file["mount_path"])
                recorder = Recorder(scenario, sandbox, brain)
                for turn in scenario["turns"]:
                    await recorder.turn(turn)
                if brain:
                    brain.require_seen()
            finally:
                await sandbox.close()
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ScenarioError(f"{path.name}: {type(error).__name__}: {error}") from error
    return recorder.recording(path.with_suffix(".jsonl"))


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
    parser = argparse.ArgumentParser(prog="python -m utilities.replay.scenario")
    parser.add_argument("scenarios", type=Path, help="their folder; recordings go to ../recordings")
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--write", action="store_true", help="make the recordings")
    task.add_argument("--verify", action="store_true", help="execute everything again and compare")
    options = parser.parse_args(argv)
    different = 0
    try:
        for path, text in recordings(options.scenarios):
            if options.write:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
                print(f"wrote {path} ({text.count(chr(10)) - 1} lines)")
                continue
            recorded = path.read_text("utf-8") if path.exists() else ""
            different += recorded != text
            print(f"{'same     ' if recorded == text else 'DIFFERENT'} {path}")
            before, after = recorded.split("\n"), text.split("\n")
            diff = difflib.unified_diff(before, after, "recorded", "executed", n=0, lineterm="")
            for line in list(diff)[:20]:
                print("   ", line[:400])
    except ScenarioError as error:
        print(f"scenario: {error}", file=sys.stderr)
        return 2
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
