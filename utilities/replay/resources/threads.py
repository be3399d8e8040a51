"""The threads of a session, read off its event log.

A session has one primary thread, whose log is the session's own, and a child for each
`session.thread_created`. [doc] A recording is what `events.list` gave for the session, so of a child it
has what was cross-posted (status changes, calls that wait for the client), not its every step: those
are the events that a child's own list and stream show here. [ours] A scenario's recording has the rest in its
header, which a child's list and stream show too: see `own_steps`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource
from ..ids import parse_time
from ..recordings.recording import Event
from ..session.names import thread_id
from ..session.own_steps import own_steps
from ..session.session import Session
from .multiagent import ADVISOR, advisor, roster, thread_agent
from .sessions import STATUSES, Sessions
from .subscriptions import Subscription
from .thread_usage import STATUS, of_the_only_thread, stats, usage_of

CALLS = ("agent.tool_use", "agent.mcp_tool_use", "agent.custom_tool_use")


class Threads:
    """The threads of all sessions of a server."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.archived: dict[str, dict[str, str]] = {}  # when, by session and thread

    def list(self, session_id: str, query: Query, now: float) -> dict[str, Any]:
        """The primary thread first, then the others as they were created."""
        rows = self._all(session_id, now)
        if statuses := query.chosen("statuses", STATUSES):
            rows = [row for row in rows if row["status"] in statuses]
        return page_of(rows, query, default=1000, most=1000)

    def retrieve(self, session_id: str, id: str, now: float, *, look: bool = True) -> Resource:
        found = next((row for row in self._all(session_id, now, look=look) if row["id"] == id), None)
        if found is None:
            raise not_found("Session thread", id)
        return found

    def archive(self, session_id: str, id: str, now: float) -> Resource:
        """Put a child away that has done its work. That it must be idle, and not the primary, is [ours]."""
        thread = self.retrieve(session_id, id, now)
        if thread["archived_at"]:
            return thread
        if thread["parent_thread_id"] is None:
            raise ApiError(
                400, f"{id} is the session's primary thread: archive session {session_id} instead."
            )
        if thread["status"] in ("running", "rescheduling"):
            raise ApiError(
                400,
                f'Session thread {id} cannot be archived while its status is "{thread["status"]}". '
                "Wait until it is idle, or send a user.interrupt event with its session_thread_id first.",
            )
        play = self.sessions.existing(session_id)
        self.archived.setdefault(session_id, {})[id] = play.archive_thread(
            id, thread["agent"].get("name", ADVISOR)
        )
        return self.retrieve(session_id, id, now)

    def events(self, session_id: str, id: str, query: Query, now: float) -> dict[str, Any]:
        self.retrieve(session_id, id, now)
        play = self.sessions.existing(session_id)
        rows = of_thread([*play.log, *play.queued], id, session_id)
        if steps := own_steps(play, id):
            processed = [*steps, *(row for row in rows if row["processed_at"])]
            waiting = [row for row in rows if not row["processed_at"]]
            rows = [*sorted(processed, key=lambda event: parse_time(event["processed_at"])), *waiting]
        return page_of(rows, query, default=1000, most=1000)

    def subscribe(self, session_id: str, id: str, query: Query, now: float) -> Subscription:
        self.retrieve(session_id, id, now, look=False)  # the stream begins where a held turn does
        stream = ThreadSubscription(**vars(self.sessions.subscribe(session_id, query, now)), thread=id)
        stream.session.held.paused = None  # it was this that a turn may have waited for
        return stream

    def _all(self, session_id: str, now: float, *, look: bool = True) -> builtins.list[Resource]:
        play, item = self.sessions.play(session_id, now, look=look), self.sessions.get(session_id)
        created = [event for event in play.log if event["type"] == "session.thread_created"]
        primary = self._thread(play, thread_id(session_id, 0), thread_agent(item["agent"]), play.created_at)
        children = [
            {
                **self._thread(
                    play, event["session_thread_id"], agent_of(item["agent"], event["agent_name"]),
                    event["processed_at"],
                ),
                "parent_thread_id": primary["id"],
                "workflow_run_id": event.get("workflow_run_id"),
            }
            for event in created
        ]  # fmt: skip
        if not children:
            primary["usage"] = of_the_only_thread(play.budget.usage)
        return [primary, *children]

    def _thread(self, play: Session, id: str, agent: Resource, created_at: str) -> Resource:
        changes = [e for e in play.log if e.get("session_thread_id") == id and e["type"] in STATUS]
        archived_at = self.archived.get(play.id, {}).get(id)
        status = STATUS[changes[-1]["type"]] if changes else "idle"
        updated_at = archived_at or (changes[-1]["processed_at"] if changes else created_at)
        timing = stats(changes, created_at, updated_at) if changes else None
        idle = [change["processed_at"] for change in changes if STATUS[change["type"]] == "idle"]
        return {
            "id": id,
            "type": "session_thread",
            "session_id": play.id,
            "agent": agent,
            "status": "terminated" if archived_at or play.status == "terminated" else status,
            "parent_thread_id": None,
            "workflow_run_id": None,
            "stats": timing,
            "usage": usage_of(
                self._steps(play, id), idle[-1] if idle else None, agent["model"],
                timing["active_seconds"] if timing else 0.0,
            ),
            "created_at": created_at,
            "updated_at": updated_at,
            "archived_at": archived_at,
        }  # fmt: skip

    def _steps(self, play: Session, id: str) -> builtins.list[Event]:
        """All that is known of what one thread did, and no other."""
        if id == thread_id(play.id, 0):
            return [event for event in play.log if event.get("session_thread_id") in (None, id)]
        return [*(event for event in play.log if is_of(event, id, play.id)), *own_steps(play, id)]


@dataclass(kw_only=True)
class ThreadSubscription(Subscription):
    """An open stream of one thread: what of the session's log is the thread's, and its own steps.

    A step that isn't in the session's log comes with the next event that is: by then it has happened. [ours]
    """

    thread: str
    steps: set[str] = field(default_factory=set)  # of its own: those that were sent, or are older

    def __post_init__(self) -> None:
        before = self.session.log[: self.sent]
        last = parse_time(before[-1]["processed_at"]) if before else None
        own = own_steps(self.session, self.thread)
        self.steps = {step["id"] for step in own if last and parse_time(step["processed_at"]) <= last}

    def fresh(self) -> list[Event]:
        own = [step for step in own_steps(self.session, self.thread) if step["id"] not in self.steps]
        self.steps |= {step["id"] for step in own}
        posted = of_thread(super().fresh(), self.thread, self.session.id)
        return sorted([*own, *posted], key=lambda event: parse_time(event["processed_at"]))

    def carries(self, event: Event) -> bool:
        return is_of(event, self.thread, self.session.id)


def of_thread(events: Iterable[Event], thread: str, session_id: str) -> list[Event]:
    """What of a session's events is a thread's; a call names no thread in its own thread's log. [sdk]"""
    mine = [event for event in events if is_of(event, thread, session_id)]
    if thread == thread_id(session_id, 0):
        return mine
    return [{**e, "session_thread_id": None} if e["type"] in CALLS else e for e in mine]


def is_of(event: Event, thread: str, session_id: str) -> bool:
    """Whether an event of a session's log belongs to a thread's."""
    if thread == thread_id(session_id, 0):
        return True  # what children cross-post, too [sdk]
    # That a thread was created is written to its parent. [sdk]
    return event.get("session_thread_id") == thread and event["type"] != "session.thread_created"


def agent_of(parent: Resource, name: str) -> Resource:
    """Who runs a child: an advisor, one of the roster, the session's own agent, or one defined on the way."""
    if name == ADVISOR and (consulted := advisor(parent["multiagent"])):
        return consulted
    known = [*roster(parent["multiagent"]), thread_agent(parent)]
    inline = {"type": "inline", "name": name, "tools": [], "skills": [], "mcp_servers": []}
    return next((a for a in known if a["name"] == name), thread_agent({**inline, "model": parent["model"]}))
