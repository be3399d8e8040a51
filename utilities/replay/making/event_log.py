"""The event log of a scenario: its moves in the order of a hosted session, with times and estimated costs."""

from __future__ import annotations

import mimetypes
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic

from ..ids import TICK, later, make_id
from ..recordings.costs import PRICES, WEIGHTS, in_cents, price_of
from ..recordings.recording import FORMAT, Event, Recording, packed
from .sandbox import Sandbox, ScenarioError

if TYPE_CHECKING:
    from .brain_calls import BrainCalls

NOTE = (
    "Scripted, not live: the agent's moves and the times were written by hand, its tool calls were "
    "executed for real with the SDK's agent_toolset, and token counts are estimated at four characters each."
)
COUNTED = {
    "input": "input_tokens", "cache_write": "cache_creation_input_tokens",
    "cache_read": "cache_read_input_tokens", "output": "output_tokens",
}  # fmt: skip
BY_HAND = " What the client answered was written by hand too."


class EventLog:
    """Writes the event log of one scenario, in the order that was seen of the hosted API.

    Args:
        scenario: as its TOML file says.
        sandbox: where its built-in tool calls are executed.
        brain: where its memory tools are executed, if it has any.
    """

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
        """Let the agent's time pass."""
        self.now = later(self.now, seconds)
        self.active += seconds

    async def turn(self, turn: dict[str, Any]) -> None:
        """One turn: the user's message, then each model request with the calls that it makes."""
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
            content = packed(path.read_bytes())
            if self.outputs.get(path.name, {}).get("content") != content["content"]:
                mime = _mime_type(path, content)
                self.outputs[path.name] = {
                    "filename": path.name, "mime_type": mime, "created_at": self.now, **content,
                }  # fmt: skip

    def usage(self) -> dict[str, Any]:
        """What the session has used so far, at list prices."""
        model = self.scenario["agent"]["model"]
        weighed = sum((WEIGHTS[key] * self.tokens[kind] for kind, key in COUNTED.items()), Decimal(0))
        cost = price_of(model, weighed, self.active)
        if cost is None:
            raise ScenarioError(
                f"agent.model: no list price of {model!r} is known; there are: {', '.join(PRICES)}"
            )
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
            "list_cost": in_cents(cost),
        }

    def recording(self, path: Path) -> Recording:
        """The log so far as a recording, whose header says what was written by hand."""
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
    """An estimate: four characters a token, and at least one."""
    return max(1, round(characters / 4))


def _mime_type(path: Path, content: dict[str, str]) -> str:
    if "encoding" not in content:
        return "text/x-python" if path.suffix == ".py" else "text/plain"
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
