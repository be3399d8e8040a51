"""Short recordings for tests: a few words for each event, ids and times filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.kit.places import RECORDINGS
from utilities.replay.ids import later, make_id
from utilities.replay.recordings.recording import FORMAT, Recording

START = "2026-11-21T09:00:00Z"

# One of the course's own recordings, of two turns, and what its user says in each. It doesn't say which files
# were mounted, so that a test can play it without them.
_WHOLE = Recording.load(RECORDINGS / "01_tests_green.jsonl")
ORIGINAL = Recording(
    _WHOLE.path, {key: value for key, value in _WHOLE.header.items() if key != "files"}, _WHOLE.events
)
TURNS = [event["content"] for event in ORIGINAL.events if event["type"] == "user.message"]


class Script:
    """Writes one recording, event by event; each method returns the id of what it wrote."""

    def __init__(self, name: str = "test", agent: str = "tester") -> None:
        self.name = name
        self.agent = agent
        self.now = START
        self.events: list[dict[str, Any]] = []
        self.outputs: list[dict[str, str]] = []
        self.memory: list[dict[str, Any]] = []
        self.header: dict[str, Any] = {}  # what its header has beside, or instead of, the shortest one

    def event(self, type: str, *, after: float = 1e-6, **fields: Any) -> str:
        self.now = later(self.now, after)
        id = make_id("sevt", self.name, len(self.events))
        self.events.append({"id": id, "type": type, "processed_at": self.now, **fields})
        return id

    def message(self, text: str) -> str:
        """The client's message, after the running pair, as the hosted API orders them."""
        self.running()
        return self.event("user.message", content=[{"type": "text", "text": text}])

    def running(self) -> None:
        self.event("session.status_running")
        self.event("session.thread_status_running", session_thread_id="sthr_1", agent_name=self.agent)

    def say(self, text: str, after: float = 1.0) -> str:
        return self.event("agent.message", after=after, content=[{"type": "text", "text": text}])

    def builtin(self, name: str = "bash", /, permission: str = "allow", **arguments: Any) -> str:
        return self.event(
            "agent.tool_use",
            name=name,
            input=arguments,
            evaluated_permission=permission,
            session_thread_id=None,
        )

    def builtin_result(self, call: str, text: str = "done", is_error: bool = False) -> str:
        return self.event(
            "agent.tool_result", tool_use_id=call, content=[{"type": "text", "text": text}], is_error=is_error
        )

    def custom(self, name: str, /, **arguments: Any) -> str:
        return self.event("agent.custom_tool_use", name=name, input=arguments, session_thread_id=None)

    def custom_result(self, call: str, text: str, is_error: bool = False) -> str:
        return self.event(
            "user.custom_tool_result", after=0.5, custom_tool_use_id=call,
            content=[{"type": "text", "text": text}], is_error=is_error,
        )  # fmt: skip

    def confirmation(self, call: str, result: str = "allow", **fields: Any) -> str:
        return self.event("user.tool_confirmation", after=0.5, tool_use_id=call, result=result, **fields)

    def error(self, retry: str, kind: str = "model_overloaded_error") -> str:
        error = {"type": kind, "message": "overloaded", "retry_status": {"type": retry}}
        return self.event("session.error", error=error)

    def usage(self) -> str:
        usage = {
            "input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 0, "active_seconds": 1.5,
            "list_cost": {"amount": "0.5", "currency": "USD"},
        }  # fmt: skip
        return self.event("session.usage", usage=usage, budget=None)

    def idle(self, reason: str = "end_turn", calls: list[str] | None = None, **fields: Any) -> str:
        stop = {"type": reason} if calls is None else {"type": reason, "event_ids": calls}
        self.event(
            "session.thread_status_idle", session_thread_id="sthr_1", agent_name=self.agent, stop_reason=stop
        )
        self.usage()
        return self.event("session.status_idle", stop_reason=stop, **fields)

    def recording(self) -> Recording:
        header = {
            "recording": FORMAT,
            "name": self.name,
            "provenance": "scripted",
            "note": "written for a test",
            "recorded_at": START,
            "sdk": "0",
            "agent": {"name": self.agent, "model": "claude-sonnet-4-6"},
            "environment": {"name": "test"},
            "outputs": self.outputs,
            **({"memory": self.memory} if self.memory else {}),
            **self.header,
        }
        return Recording(Path(f"{self.name}.jsonl"), header, list(self.events))

    def save(self, folder: Path) -> Path:
        path = folder / f"{self.name}.jsonl"
        path.write_text("".join(self.recording().lines()), "utf-8")
        return path
