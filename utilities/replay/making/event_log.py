"""The event log of a scenario: its moves in the order of a hosted session, with times and estimated costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic

from ..ids import TICK, later, make_id
from ..recordings.fit import MountedFile
from ..recordings.recording import FORMAT, Event, Recording
from . import happenings
from .call_parts import permission, text_block
from .call_results import CallResults
from .delegation import Thread, ThreadLogs
from .format import ScriptedTurn
from .moves import EXECUTED, ModelRequest, ScriptedCall, ScriptedRequest
from .parsing import ScriptedSession, Source
from .sandbox import UPLOADS, WORKSPACE, Sandbox, container_path
from .spending import Context, Spending

if TYPE_CHECKING:
    from .brain_calls import BrainCalls

NOTE = (
    "Scripted, not live: the agent's moves and the times were written by hand, its tool calls were "
    "executed for real with the SDK's agent_toolset, and token counts are estimated at four characters each."
)
BY_HAND = " What the client answered was written by hand too."
NOT_EXECUTED = " What web and MCP tools returned was written by hand as well."
INTERRUPTED = "Tool execution was interrupted before completion. Please retry."  # [doc]
PAUSE = 20.0  # seconds in which the user reads before going on

Made = Sequence[tuple[str, ScriptedCall, Source]]  # event id, call, place


class EventLog:
    """Writes the event log of one session, in the order that was seen of the hosted API.

    Args:
        session: as its file says.
        sandbox: where its built-in tool calls are executed.
        data: the folder that files which are added later are relative to.
        brain: where its memory tools are executed, if it has any.
    """

    def __init__(
        self, session: ScriptedSession, sandbox: Sandbox, files: Any = None, brain: BrainCalls | None = None
    ) -> None:
        self.session, self.scenario, self.sandbox, self.brain = session, session.scenario, sandbox, brain
        self.files = files  # mounts the files of a turn
        self.name = self.scenario.name
        self.now = self.scenario.start
        self.events: list[Event] = []
        self.mounted = [  # from the beginning; what turns add isn't in here
            MountedFile(path, len(content), content=content)
            for path, content in sandbox.mounted.items()
            if path.startswith(f"{UPLOADS}/")
        ]
        agent = session.header["agent"]
        start = len(str(agent.get("tools", []))) + len(agent.get("system", "")) + sandbox.announced
        self.threads = ThreadLogs(self, agent["name"], Context(start))
        self.spending = Spending(agent["model"])
        self.results = CallResults(self, sandbox, brain)
        self.answers = 0  # of the client, written by hand
        self.over = False  # nothing can follow: the session has ended
        self.outcome: happenings.Grading | None = None
        # Whoever has the container executes its built-in calls, as a client of the session. [doc]
        self.hosted = self.scenario.environment.config.get("type") == "self_hosted"

    # -- events --------------------------------------------------------------------------------------------

    def emit(self, type: str, *, thread: Thread | None = None, **fields: Any) -> str:
        """Write one event, a tick after the last one; returns its id.

        Args:
            type: its type.
            thread: whose own log it is in, and the session's isn't; by default it is in the session's.
            fields: the rest of it.
        """
        self.now = later(self.now, TICK)
        log = self.events if thread is None or thread.primary else thread.events
        seed = [len(log)] if log is self.events else [thread.name if thread else "", len(log)]
        id = make_id("sevt", self.name, *seed)
        log.append({"id": id, "type": type, "processed_at": self.now, **fields})
        return id

    def wait(self, seconds: float) -> None:
        """Let the agent's time pass."""
        self.now = later(self.now, seconds)
        self.spending.active += seconds

    # -- a turn --------------------------------------------------------------------------------------------

    async def turn(self, turn: ScriptedTurn, source: Source) -> None:
        """One turn: what the client sends, then each thing that happens.

        Raises:
            ScenarioError: something in it can't be; the message says where.
        """
        if self.over:
            raise source.error((), "the session has ended before this turn")
        for number, file in enumerate(turn.files):
            self.files(file, source.at("files", number))
        self._open(turn)
        for number, request in enumerate(turn.requests):
            where = source.at("requests", number)
            ended = await self._happen(request, where)
            if ended and number + 1 < len(turn.requests):
                raise where.error((), "the turn ends here, and more of it follows")
            if ended:
                break
        else:
            if busy := self.threads.at_work():
                raise source.error((), f"the turn ends before {busy[0].name} has reported")
            self.idle({"type": "end_turn"})
        self.now = later(self.now, PAUSE)

    def _open(self, turn: ScriptedTurn) -> None:
        """What begins the turn: a message stands behind the running pair [seen], an outcome before it.

        An outcome is processed as it is received. [doc; ours: that it is therefore the first]
        """
        if turn.outcome is not None:
            self.outcome = happenings.Grading(self, turn.outcome)
        self.emit("session.status_running")
        self.threads.primary.run()
        if turn.user is not None:
            blocks = [text_block(turn.user)] if isinstance(turn.user, str) else turn.user or []
            self.emit("user.message", content=blocks)
            self.threads.primary.context.characters += sum(
                len(str(block.get("text", ""))) for block in blocks
            )
        if turn.system is not None:
            self.emit("system.message", content=[{"type": "text", "text": turn.system}])
            self.threads.primary.context.characters += len(turn.system)

    async def _happen(self, request: ScriptedRequest, source: Source) -> bool:
        """One thing of a turn; returns whether it has ended the turn."""
        if request.kind == "model":
            thread = self.threads.working(request, source)
            calls = self._model_request(request, thread, source)
            for number, work in enumerate(request.delegate):
                self.threads.delegate(work, source.at("delegate", number))
            if await self._calls(calls, thread):
                return True
            if request.report is not None:
                self.threads.report(thread, request.report)
            return False
        if request.seconds and not request.rescheduled and request.advice is None:
            self.wait(request.seconds)
        return await happenings.happen(self, request, source)

    async def request(self, request: ModelRequest, thread: Thread, source: Source) -> None:
        """A model request of a thread that nobody interrupts, with what comes of its calls."""
        await self._calls(self._model_request(request, thread, source), thread)

    def _model_request(self, request: ModelRequest, thread: Thread, source: Source) -> Made:
        """What one model request produces, all of it before the request's end. [seen]"""
        start = self.emit("span.model_request_start", thread=thread)
        seconds = request.seconds or 0.0
        thinking = 0.4 if request.thinking else 0.0
        if thinking:
            self.wait(seconds * thinking)
            self.emit("agent.thinking", thread=thread)
        self.wait(seconds * (1 - thinking))
        if request.say:
            self.emit("agent.message", thread=thread, content=[{"type": "text", "text": request.say}])
        made = [
            (self._tool_use(call, thread), call, source.at("calls", number))
            for number, call in enumerate(request.calls)
        ]
        produced = len(request.say) + sum(len(str(call.input)) for call in request.calls)
        usage = self.spending.request(thread.context, produced + (400 if thinking else 0))
        self.emit(
            "span.model_request_end", thread=thread, model_request_start_id=start, is_error=False,
            model_usage=usage,
        )  # fmt: skip
        return made

    def _tool_use(self, call: ScriptedCall, thread: Thread) -> str:
        """The event of a call: in its thread's log, and what waits for the client in the session's too."""
        if call.custom is not None:
            kind = "agent.custom_tool_use"
            fields: dict[str, Any] = {"name": call.custom, "input": call.input}
        else:
            server, _, name = (call.mcp or "").rpartition("/")
            fields = {"mcp_server_name": server} if call.mcp else {}
            kind = "agent.mcp_tool_use" if call.mcp else "agent.tool_use"
            fields |= {"name": name or call.tool, "input": call.input}
            fields |= permission(call)
        if self._waits(call) and not thread.primary:
            return self.threads.cross_post(kind, fields, thread)
        return self.emit(kind, thread=thread, **fields, session_thread_id=None)

    async def _calls(self, calls: Made, thread: Thread) -> bool:
        """What comes of a request's calls; returns whether an interrupt has ended the turn."""
        for _, call, source in calls:
            if self.hosted and call.asks and call.tool in EXECUTED:
                told = "what a call that asks first looks like in a self-hosted environment isn't known"
                raise source.error(("confirm",), told)
        left = list(calls)
        for made in calls:
            if self._waits(made[1]):
                continue
            if made[1].interrupt:
                return self._interrupted(left, thread, made[1].seconds)
            await self.results.result(*made, thread)
            left.remove(made)
        waiting = [made for made in calls if self._waits(made[1])]
        if not waiting:
            return False
        whole = self.threads.park(thread, [id for id, _, _ in waiting])
        for id, call, source in waiting:
            if call.interrupt:
                return self._interrupted(left, thread, 0.0, waiting=True)
            await self.results.answer(id, call, thread, source)
            if call.custom is not None:
                left = [made for made in left if made[0] != id]
        if whole:
            self.emit("session.status_running")  # after the answers [seen: the order]
        thread.run()
        for id, call, source in waiting:
            if call.asks:
                await self.results.result(id, call, source, thread)
        return False

    def _waits(self, call: ScriptedCall) -> bool:
        """Whether the session waits for a client's event about this call."""
        return call.waits or (self.hosted and call.tool in EXECUTED and not call.refused)

    # -- ends ----------------------------------------------------------------------------------------------

    def idle(self, stop_reason: dict[str, Any], **details: Any) -> None:
        """The session becomes idle: its own thread, if it isn't yet, what was used, the session."""
        self.threads.primary.idle(stop_reason, **details)
        self.used()
        self.emit("session.status_idle", stop_reason=stop_reason, **details)

    def used(self) -> None:
        self.emit("session.usage", usage=self.spending.usage(), budget=None)

    def _interrupted(self, left: Made, thread: Thread, seconds: float, *, waiting: bool = False) -> bool:
        """The client stops everything: what is open gets an error as its result. [doc]"""
        self.wait(seconds)
        for id, call, _ in left:
            if call.custom is None:  # which event closes a call of the program's own isn't known
                self.results.write(id, call, thread, [text_block(INTERRUPTED)], True)
        return happenings.interrupt(self)

    # -- the recording -------------------------------------------------------------------------------------

    def recording(self, path: Path) -> Recording:
        """The log so far as a recording, whose header says what was written by hand."""
        note = NOTE + (self.brain.note if self.brain else "")
        header: dict[str, Any] = {
            "recording": FORMAT,
            "name": self.name,
            "provenance": "scripted",
            "note": note + BY_HAND * bool(self.answers) + NOT_EXECUTED * bool(self.results.by_hand),
            "recorded_at": self.scenario.start,
            "sdk": anthropic.__version__,
            **self.session.header,
            "files": [file.to_dict() for file in self.mounted],
            "outputs": list(self.results.outputs.values()),
            "memory": [mount.to_dict() for mount in self.sandbox.memory.mounts],
        }
        if self.scenario.repositories:
            header["repositories"] = [
                {"mount_path": container_path(each.path, WORKSPACE), "url": each.url}
                for each in self.scenario.repositories
            ]
        if own := self.threads.logs():
            header["threads"] = own
        return Recording(path, header, self.events)
