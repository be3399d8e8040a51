"""The sessions of a server: created from agent, environment and files, read, listed, ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from anthropic.types.beta.session_create_params import SessionCreateParams
from anthropic.types.beta.session_update_params import SessionUpdateParams
from anthropic.types.beta.sessions.event_send_params import EventSendParams
from anthropic.types.beta.sessions.resource_add_params import ResourceAddParams

from .errors import ApiError, not_found
from .ids import make_id, seconds_between
from .library import Library
from .paging import Query, page_of
from .recording import Event
from .session import Session
from .store import (
    Agents,
    Clock,
    Collection,
    Environments,
    Files,
    Resource,
    body_of,
    checked_metadata,
    patched_metadata,
    resolved_agent,
)

UPLOADS = "/mnt/session/uploads"
MAX_INITIAL_EVENTS = 50  # [sdk]
SNAPSHOT = (
    *("id", "type", "version", "name", "description", "model", "system", "tools", "mcp_servers", "skills"),
    *("execution_identity", "multiagent"),
)


@dataclass
class Subscription:
    """One open event stream: what of a session's log its client has not been sent yet."""

    session: Session
    sent: int

    def poll(self, now: float) -> tuple[list[Event], float | None, bool]:
        """What to send at `now`.

        Returns:
            The new events, when the next will be due (None: not before the client does something),
            and whether the stream is over.
        """
        due = self.session.advance(now)
        events = self.session.log[self.sent :]
        self.sent += len(events)
        return events, due, self.session.closed or self.session.status == "terminated"


class Sessions(Collection):
    """Sessions as resources; how each one plays is in `session.Session`."""

    kind, prefix = "Session", "sesn"

    def __init__(
        self, clock: Clock, library: Library, agents: Agents, environments: Environments, files: Files,
        *, strict: bool, speed: float,
    ) -> None:  # fmt: skip
        super().__init__(clock)
        self.library, self.agents, self.environments, self.files = library, agents, environments, files
        self.strict, self.speed = strict, speed
        self.plays: dict[str, Session] = {}

    # -- the resource ---------------------------------------------------------------------------

    def create(self, body: Any, now: float) -> Resource:
        given = body_of(SessionCreateParams, body)
        if len(given.get("initial_events") or ()) > MAX_INITIAL_EVENTS:
            raise ApiError(400, f"initial_events: at most {MAX_INITIAL_EVENTS} events")
        agent = self._agent(given["agent"])
        environment = self.environments.get(given["environment_id"])
        if environment["archived_at"]:
            message = f"Environment {environment['id']} is archived and can't be used by new sessions."
            raise ApiError(400, message, code="environment_archived")
        resources = list(given.get("resources") or ())
        taken: set[str] = set()
        for number, resource in enumerate(resources):  # all are looked at before the first is mounted
            taken.add(self._check_resource(resource, taken, f"resources.{number}."))
        id = self.new_id()
        tracks = self.library.tracks(agent["name"])
        # A session is as old as the recording that it will probably follow.
        created_at = tracks[0].recording.header["recorded_at"] if tracks else self.clock.tick()
        play = Session(id, created_at, tracks, strict=self.strict, speed=self.speed)
        item = {
            "id": id,
            "type": "session",
            "agent": agent,
            "archived_at": None,
            "budget": given.get("budget"),
            "created_at": created_at,
            "environment_id": environment["id"],
            "metadata": checked_metadata(given.get("metadata") or {}),
            "outcome_evaluations": [],
            "resources": [],
            "title": given.get("title"),
            "vault_ids": list(given.get("vault_ids") or ()),
        }
        if given.get("initial_events"):
            play.send(list(given["initial_events"]), now)
        self.items[id], self.plays[id] = item, play
        for resource in resources:
            self._mount(item, resource)
        return self._shown(id, play.status)

    def _agent(self, given: Any) -> Resource:
        """The snapshot that a session keeps of its agent, whatever happens to the agent later. [doc]"""
        reference: Resource = {"id": given} if isinstance(given, str) else given
        agent = self.agents.version(reference["id"], reference.get("version"))
        if agent["archived_at"]:
            raise ApiError(400, f"Agent {agent['id']} is archived and can't be used by new sessions.")
        overrides = {key: value for key, value in reference.items() if key not in ("id", "type", "version")}
        return {**{key: agent[key] for key in SNAPSHOT}, **resolved_agent(overrides)}

    def update(self, id: str, body: Any, now: float) -> Resource:
        given = body_of(SessionUpdateParams, body)
        item, play = self.get(id), self.play(id, now)
        if given.get("vault_ids") is not None:
            raise ApiError(400, "vault_ids: can't be changed after the session was created")  # [sdk]
        if given.get("budget") is not None and item["budget"] is None:
            raise ApiError(400, "budget: can't be added to a session that was created without one")  # [sdk]
        if "agent" in given:
            play.require_settled("updated")
            item["agent"] = {**item["agent"], **resolved_agent(given["agent"])}
        for key in ("title", "budget"):
            if key in given:
                item[key] = given[key]
        item["metadata"] = patched_metadata(item["metadata"], given.get("metadata"))
        return self._shown(id, play.status)

    def retrieve(self, id: str, now: float) -> Resource:
        self.get(id)
        return self._shown(id, self.play(id, now).look())

    def list_sessions(self, query: Query, now: float) -> dict[str, Any]:
        rows = [self._shown(id, self.play(id, now).status) for id in self.items]
        if not query.flag("include_archived"):
            rows = [row for row in rows if not row["archived_at"]]
        version = query.number("agent_version", 0, 1, 10**6)
        if agent := query.text("agent_id"):
            of_agent = [row for row in rows if row["agent"]["id"] == agent]
            rows = [row for row in of_agent if version in (0, row["agent"]["version"])]
        if statuses := query.texts("statuses"):
            rows = [row for row in rows if row["status"] in statuses]
        if within := query.within("created_at"):
            rows = [row for row in rows if within(row["created_at"])]
        return page_of(rows, query, default=20, most=100, order=query.order("desc"), back=True)

    def archive_session(self, id: str, now: float) -> Resource:
        """End a session but keep its record and its events. [doc]"""
        item, play = self.get(id), self.play(id, now)
        if not item["archived_at"]:
            play.require_settled("archived")
            item["archived_at"] = play.updated_at
            play.status, play.closed = "terminated", True
        return self._shown(id, play.status)

    def delete(self, id: str, now: float) -> Resource:
        """Erase a session with its events and files; open streams hear of it and end. [doc]"""
        self.get(id)
        play = self.play(id, now)
        play.require_settled("deleted")
        play.erase()
        for file in self.files.of_session(id):
            self.files.delete(file["id"])
        del self.items[id], self.plays[id]
        return {"id": id, "type": "session_deleted"}

    def _shown(self, id: str, status: str) -> Resource:
        play = self.plays[id]
        active = play.usage.get("active_seconds") or 0.0
        tokens = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
        return {
            **self.items[id],
            "status": status,
            "updated_at": play.updated_at,
            "stats": {
                "active_seconds": active,
                "duration_seconds": max(0.0, seconds_between(play.created_at, play.updated_at)),
            },
            "usage": {**tokens, **play.usage},
        }

    def play(self, id: str, now: float) -> Session:
        """The session, played up to `now`, with the files that it has made by then."""
        if id not in self.plays:
            raise not_found("Session", id)
        play = self.plays[id]
        play.advance(now)
        for output in play.outputs[play.filed :]:
            self.files.add(
                output.filename, output.content.encode(), mime_type=output.mime_type,
                session_id=id, downloadable=True, created_at=output.created_at,
            )  # fmt: skip
        play.filed = len(play.outputs)
        return play

    # -- its events -------------------------------------------------------------------------------

    def send(self, id: str, body: Any, now: float) -> tuple[dict[str, Any], list[str]]:
        """The accepted events, and a line for each that left the recording."""
        events = body_of(EventSendParams, body)["events"]
        if not events:
            raise ApiError(400, "events: at least one event is needed")
        play = self.play(id, now)
        known = len(play.notes)
        accepted = play.send(events, now)
        return {"data": accepted}, play.notes[known:]

    def list_events(self, id: str, query: Query, now: float) -> dict[str, Any]:
        play = self.play(id, now)
        rows: list[Event] = [*play.log, *play.queued] if play.queued else play.log
        if types := set(query.texts("types")):
            rows = [event for event in rows if event["type"] in types]
        if within := query.within("created_at"):
            rows = [event for event in rows if event["processed_at"] and within(event["processed_at"])]
        return page_of(rows, query, default=100, most=1000, order=query.order("asc"))

    def subscribe(self, id: str, now: float) -> Subscription:
        """A stream from here on: opening one replays nothing. [doc]"""
        play = self.play(id, now)
        return Subscription(play, len(play.log))

    # -- its resources ----------------------------------------------------------------------------

    def add_resource(self, id: str, body: Any, now: float) -> Resource:
        given = body_of(ResourceAddParams, body)
        item = self.get(id)
        self._check_resource(given, {resource["mount_path"] for resource in item["resources"]})
        return self._mount(item, given)

    def resource(self, id: str, resource_id: str) -> Resource:
        resources: list[Resource] = self.get(id)["resources"]
        found = next((resource for resource in resources if resource["id"] == resource_id), None)
        if found is None:
            raise not_found("Session resource", resource_id)
        return found

    def list_resources(self, id: str, query: Query) -> dict[str, Any]:
        resources = self.get(id)["resources"]
        return page_of(resources, query, default=max(1, len(resources)), most=1000)

    def delete_resource(self, id: str, resource_id: str) -> Resource:
        resource = self.resource(id, resource_id)
        self.get(id)["resources"].remove(resource)
        return {"id": resource_id, "type": "session_resource_deleted"}

    def _check_resource(self, resource: Resource, taken: set[str], where: str = "") -> str:
        """Refuse a resource that can't be mounted; returns the path it will be mounted at."""
        if resource["type"] != "file":
            raise ApiError(400, f"{where}type: this server mounts files; {resource['type']} is not there yet")
        self.files.get(resource["file_id"])
        path = mount_path(resource, where)
        if path in taken:
            raise ApiError(400, f"{where}mount_path: {path} is taken by another resource")
        return path

    def _mount(self, item: Resource, resource: Resource) -> Resource:
        copy = self.files.mounted(resource["file_id"], item["id"])
        mounted = {
            "id": make_id("sesrsc", item["id"], len(item["resources"]), copy["id"]),
            "type": "file",
            "file_id": copy["id"],
            "mount_path": mount_path(resource),
            "created_at": copy["created_at"],
            "updated_at": copy["created_at"],
        }
        item["resources"].append(mounted)
        return mounted


def mount_path(resource: Resource, where: str = "") -> str:
    """Where the container has a file: below the uploads folder, whatever is asked for. [seed, doc]"""
    wanted = resource.get("mount_path") or resource["file_id"]
    parts = PurePosixPath(wanted.removeprefix(UPLOADS)).parts
    names = [part for part in parts if part != "/"]
    if not names or ".." in names or "\0" in wanted:
        raise ApiError(400, f"{where}mount_path: {wanted!r} does not stay below {UPLOADS}")
    return str(PurePosixPath(UPLOADS, *names))
