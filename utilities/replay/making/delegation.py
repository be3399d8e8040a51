"""The threads of a scenario's session: the coordinator's, whose log is the session's, and those it makes.

The session's log has of a thread what is cross-posted: that it was created, runs, is idle, what is said
between it and the coordinator, and the calls that wait for the client. [doc] Its own steps are in a log of
its own, which a recording has in its header, by the thread's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..ids import make_id
from ..recordings.recording import Event
from .moves import Delegation, ScriptedRequest
from .parsing import Source
from .spending import Context

if TYPE_CHECKING:
    from .event_log import EventLog


@dataclass
class Thread:
    """One thread.

    Attributes:
        name: what the scenario calls it; the primary one has none.
        id, agent: its id, and the name of the agent that runs it.
        context: what its model has before it.
        events: its own log, unless it is the primary one.
        running: whether it runs.
    """

    log: EventLog
    name: str
    id: str
    agent: str
    context: Context
    events: list[Event] = field(default_factory=list)
    running: bool = False

    @property
    def primary(self) -> bool:
        return not self.name

    @property
    def names(self) -> dict[str, Any]:
        """How its status events name it."""
        return {"session_thread_id": self.id, "agent_name": self.agent}

    def run(self) -> None:
        """It starts, or goes on."""
        if not self.running:
            self._status("running")
        self.running = True

    def idle(self, stop_reason: dict[str, Any], **details: Any) -> None:
        """It stops, for this reason."""
        if self.running:
            self._status("idle", stop_reason=stop_reason, **details)
        self.running = False

    def terminate(self) -> None:
        """It is over."""
        self._status("terminated")

    def _status(self, kind: str, **fields: Any) -> None:
        self.log.emit(f"session.thread_status_{kind}", **self.names, **fields)
        if not self.primary:
            self.events.append(self.log.events[-1])


class ThreadLogs:
    """All threads of a session.

    Args:
        log: the session's.
        agent: the name of its agent.
        context: what that agent's model has before it.
    """

    def __init__(self, log: EventLog, agent: str, context: Context) -> None:
        self.log, self.base = log, context.characters
        self.primary = Thread(log, "", make_id("sthr", log.name), agent, context)
        self.others: dict[str, Thread] = {}
        self.owing: list[Thread] = []  # those that were given work and have not reported

    def fresh_context(self) -> Context:
        """What a model has before it at first: its tools, and what it is told."""
        return Context(self.base)

    def at_work(self) -> list[Thread]:
        """Those that have still to report."""
        return list(self.owing)

    def logs(self) -> dict[str, list[Event]]:
        """The threads' own logs, by id."""
        return {thread.id: thread.events for thread in self.others.values()}

    def working(self, request: ScriptedRequest, source: Source) -> Thread:
        """The thread that makes a request; the coordinator is idle while others work for it."""
        if request.thread is None:
            self.primary.run()
            return self.primary
        thread = self.others.get(request.thread)
        if thread is None or thread not in self.owing:
            raise source.error(
                ("thread",), f"{request.thread} has no work: a request before must delegate to it"
            )
        self.primary.idle({"type": "end_turn"})
        thread.run()
        return thread

    def create(self, name: str, agent: str, *, run: str | None = None) -> Thread:
        """A new thread; `run` is the workflow run that has made it."""
        id = make_id("sthr", self.log.name, name)
        thread = self.others[name] = Thread(self.log, name, id, agent, Context(self.base))
        made_by: dict[str, Any] = {} if run is None else {"workflow_run_id": run}
        self.log.emit("session.thread_created", **thread.names, **made_by)
        return thread

    def new(self, name: str, agent: str, source: Source, *, run: str) -> Thread:
        """A thread of a workflow run, of which there was none by this name."""
        if name in self.others:
            raise source.error(("name",), f"there is a thread {name} already")
        return self.create(name, agent, run=run)

    def delegate(self, work: Delegation, source: Source) -> None:
        """The coordinator tells a thread what to do."""
        thread = self.others.get(work.to)
        if thread in self.owing:
            raise source.error(("to",), f"{work.to} has work already, and has not reported")
        thread = thread or self.create(work.to, work.agent or work.to)
        blocks = [{"type": "text", "text": work.message}]
        to: dict[str, Any] = {"to_session_thread_id": thread.id, "to_agent_name": thread.agent}
        self.log.emit("agent.thread_message_sent", content=blocks, **to)
        thread.run()
        came: dict[str, Any] = {
            "from_session_thread_id": self.primary.id,
            "from_agent_name": self.primary.agent,
        }
        self.log.emit("agent.thread_message_received", thread=thread, content=blocks, **came)
        thread.context.characters += len(work.message)
        self.owing.append(thread)

    def report(self, thread: Thread, text: str) -> None:
        """A thread tells the coordinator what has come of its work, and is idle."""
        blocks = [{"type": "text", "text": text}]
        to: dict[str, Any] = {"to_session_thread_id": self.primary.id, "to_agent_name": self.primary.agent}
        self.log.emit("agent.thread_message_sent", thread=thread, content=blocks, **to)
        came: dict[str, Any] = {"from_session_thread_id": thread.id, "from_agent_name": thread.agent}
        self.log.emit("agent.thread_message_received", content=blocks, **came)
        thread.idle({"type": "end_turn"})
        self.owing.remove(thread)
        self.primary.context.characters += len(text)

    def cross_post(self, kind: str, fields: dict[str, Any], thread: Thread) -> str:
        """A call that waits for the client: in its thread's log, and in the session's, which names it."""
        id = self.log.emit(kind, **fields, session_thread_id=thread.id)
        thread.events.append({**self.log.events[-1], "session_thread_id": None})
        return id

    def park(self, thread: Thread, calls: Sequence[str]) -> bool:
        """A thread waits for the client. Returns whether the session does: if no other thread runs."""
        reason = {"type": "requires_action", "event_ids": list(calls)}
        thread.idle(reason)
        if any(other.running for other in (self.primary, *self.others.values())):
            return False
        self.log.used()
        self.log.emit("session.status_idle", stop_reason=reason)
        return True

    def stop(self) -> None:
        """All are interrupted."""
        for thread in self.owing:
            thread.idle({"type": "end_turn"})
        self.owing.clear()
