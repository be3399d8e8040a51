"""The sessions of a server: created from agent, environment and files, read, listed, ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anthropic.types.beta.session_create_params import SessionCreateParams
from anthropic.types.beta.session_update_params import SessionUpdateParams
from anthropic.types.beta.sessions.event_send_params import EventSendParams

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..faults import NO_FAULTS, Faults
from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of, position_of
from ..http.validation import Resource
from ..ids import seconds_between
from ..recordings.fit import Setup
from ..recordings.library import Library
from ..recordings.recording import Event
from ..recordings.track import Track
from ..session import budgets, outcomes
from ..session.held import HeldTurn
from ..session.names import thread_id
from ..session.previews import Previews
from ..session.session import Session
from ..session.session_budget import SessionBudget
from ..webhooks.outbox import Outbox
from . import limits
from .agents import Agents, overridden, overriding, resolved_agent
from .attached import Resources, handle
from .collection import Clock, Collection, checked_metadata, patched_metadata
from .environments import Environments
from .files import Files
from .fitting import Fitting, setup_of
from .memory_stores import MemoryStores
from .multiagent import THREAD_AGENT, check_pins, expanded, models_of, roster
from .subscriptions import Late, Subscription, previewed
from .thread_usage import active_in_all
from .vaults import Vaults

LONGEST_PAGE, SHORTEST_PAGE = 1000, 100  # of events: at most, and where no limit is given, at least [claimed]
SNAPSHOT = (*THREAD_AGENT, "execution_identity", "multiagent")  # what a session keeps of its agent

STATUSES = ("rescheduling", "running", "idle", "terminated")  # of sessions and threads [sdk]


class Sessions(Collection):
    """Sessions as resources; how each one plays is in `session.Session`."""

    kind, prefix = "Session", "sesn"

    def __init__(
        self, clock: Clock, library: Library, agents: Agents, environments: Environments, files: Files,
        memory: MemoryStores, vaults: Vaults, *, strict: bool, speed: float,
    ) -> None:  # fmt: skip
        super().__init__(clock)
        self.library, self.agents, self.environments, self.files = library, agents, environments, files
        self.memory, self.vaults, self.strict, self.speed = memory, vaults, strict, speed
        self.resources = Resources(clock, files, memory, environments)
        self.fitting = Fitting()
        self.plays: dict[str, Session] = {}
        self.outbox: Outbox | None = None  # where webhooks are collected, if anybody wants them

    # -- the resource ---------------------------------------------------------------------------

    def create(
        self, body: Any, now: float, faults: Faults = NO_FAULTS, *,
        events: Sequence[Event] = (), deployment_id: str | None = None,
    ) -> Resource:  # fmt: skip
        """A new session; a deployment's begins with its `events`, which may be more than a body's. [sdk]"""
        given = limits.checked(SessionCreateParams, overriding(body))
        agent = self._agent(given["agent"])
        budget = budgets.checked(given.get("budget"))
        if budget is not None:
            limits.check_prices(models_of(agent))
        environment = self.environments.get(given["environment_id"])
        if environment["archived_at"]:
            message = f"Environment {environment['id']} is archived and can't be used by new sessions."
            raise ApiError(400, message, code="environment_archived")
        vault_ids = list(given.get("vault_ids") or ())
        self.vaults.require_usable(vault_ids)
        wanted = list(given.get("resources") or ())
        attached = self.resources.attachable(wanted, environment, now)
        id = self.new_id()
        copied = [resource for resource in wanted if resource["type"] != "memory_store"]
        setup = self._setup(agent, environment, [*attached.values(), *copied])
        ranked = self.fitting.ranked(self.library, setup)
        # A session is as old as the recording that it will probably follow.
        created_at = ranked[0][0].header["recorded_at"] if ranked else self.clock.tick()
        tracks = [Track(recording) for recording, _ in ranked]
        play = Session(
            id, created_at, tracks, strict=self.strict, speed=self.speed, budget=SessionBudget(budget),
            held=HeldTurn(holds=not self.speed),
        )  # fmt: skip
        item = {
            "id": id,
            "type": "session",
            "agent": agent,
            "archived_at": None,
            "created_at": created_at,
            "environment_id": environment["id"],
            "metadata": checked_metadata(given.get("metadata") or {}),
            "resources": [],
            "title": given.get("title"),
            "vault_ids": vault_ids,
        }
        if deployment_id is not None:
            item["deployment_id"] = deployment_id
        if events := given.get("initial_events") or events:
            self.files.require_for(events, now)
            play.begin(*self.fitting.followed(self.library, setup, self.strict))
            play.send(list(events), now, faults)
        self.items[id], self.plays[id] = item, play
        if self.outbox is not None:
            self.outbox.follow(play)
        self.resources.mount_all(item, wanted, attached)
        self._keep(play)
        return self._shown(id, play.current)

    def _agent(self, given: Any) -> Resource:
        """The snapshot that a session keeps of its agent, whatever happens to the agent later. [doc]"""
        reference: Resource = {"id": given} if isinstance(given, str) else given
        agent = self.agents.version(reference["id"], reference.get("version"))
        if agent["archived_at"]:
            raise ApiError(400, f"Agent {agent['id']} is archived and can't be used by new sessions.")
        overrides = {key: value for key, value in reference.items() if key not in ("id", "type", "version")}
        snapshot = {key: agent[key] for key in SNAPSHOT}
        snapshot["multiagent"] = expanded(agent["multiagent"], self.agents.version)
        if overrides.get("skills"):
            overrides["skills"] = self.agents.skills.resolved(overrides["skills"])
        running = overridden(snapshot, overrides) if overrides else snapshot
        members = [member for member in roster(running["multiagent"]) if member["id"] != running["id"]]
        check_pins(running, members)
        limits.check_skills((running, *members))
        for member in (running, *members):
            if missing := self.agents.skills.missing(member["skills"]):
                raise ApiError(400, f"agent: the skill {missing} of {member['id']} has been deleted")
        return running

    def _begin(self, play: Session) -> None:
        """Choose the recordings that a session follows, by what it has now."""
        if chosen := self.fitting.chosen.get(play.id):
            return play.begin(list(map(Track, chosen)), {})
        item = self.items[play.id]
        environment = self.environments.get(item["environment_id"])
        setup = self._setup(item["agent"], environment, item["resources"])
        return play.begin(*self.fitting.followed(self.library, setup, self.strict))

    def _setup(self, agent: Resource, environment: Resource, resources: list[Resource]) -> Setup:
        """What a session has, by which its recordings are chosen."""
        stores = [resource for resource in resources if resource["type"] == "memory_store"]
        mounts = [self.memory.mount(store) for store in stores if handle(store) in self.memory.items]
        return setup_of(agent, environment, resources, self.files, mounts)

    def update(self, id: str, body: Any, now: float) -> Resource:
        given = limits.checked(SessionUpdateParams, body)
        item, play = self.get(id), self.existing(id)
        if play.held.since is None:
            play.advance(now)
        if given.get("vault_ids") is not None:
            raise ApiError(400, "vault_ids: can't be changed after the session was created")  # [sdk]
        changed: Resource = {"metadata": patched_metadata(item["metadata"], given.get("metadata"))}
        if "title" in given:
            changed["title"] = given["title"]
        if "budget" in given:
            if play.status == "terminated":  # [sdk]
                raise ApiError(400, f"Session {id} is terminated, its budget can't be changed.")
            changed["budget"] = budgets.changed(play.budget.limit, given["budget"], play.head.cost())
            if given["budget"] is not None:
                limits.check_prices(models_of(item["agent"]))
        if "agent" in given:
            play.require_settled("updated")
            changed["agent"] = {**item["agent"], **resolved_agent(given["agent"])}
            limits.check_agent(changed["agent"])
        before = {**item, "budget": play.budget.limit}
        if changed := {key: value for key, value in changed.items() if value != before[key]}:
            item |= {key: changed[key] for key in changed if key != "budget"}
            told = {key: changed[key] for key in changed if changed[key] != {}}  # no emptied metadata [sdk]
            play.update(told, now)
        return self._shown(id, play.current)

    def retrieve(self, id: str, now: float) -> Resource:
        self.get(id)
        return self._shown(id, self.play(id, now).look())

    def _listed(self, id: str, now: float) -> str:
        """The status in a list, which doesn't lag; but it is a look at a turn that is held."""
        play = self.play(id, now)
        return play.look() if play.held.since is not None else play.status

    def list_sessions(self, query: Query, now: float) -> dict[str, Any]:
        rows = [self._shown(id, self._listed(id, now)) for id in self.items]
        if not query.flag("include_archived"):
            rows = [row for row in rows if not row["archived_at"]]
        if deployment := query.text("deployment_id"):
            rows = [row for row in rows if row.get("deployment_id") == deployment]
        version = query.number("agent_version", 0, 0, 10**6)
        if agent := query.text("agent_id"):
            of_agent = [row for row in rows if row["agent"]["id"] == agent]
            rows = [row for row in of_agent if version in (0, row["agent"]["version"])]
        if statuses := query.chosen("statuses", STATUSES):
            rows = [row for row in rows if row["status"] in statuses]
        order = query.order("desc")
        if within := query.within("created_at"):
            self._require_page_within(query, order, within)
            rows = [row for row in rows if within(row["created_at"])]
        if store := query.text("memory_store_id"):
            rows = [row for row in rows if store in map(handle, row["resources"])]
        number = {id: number for number, id in enumerate(self.items)}
        return page_of(
            rows, query, default=20, most=100, order=order, back=True, number=lambda row: number[row["id"]]
        )

    def _require_page_within(self, query: Query, order: str, within: Callable[[str], bool]) -> None:
        """Refuse a `created_at` filter that leaves out the session at which a cursor stands. [doc]"""
        at, items = position_of(query, order), list(self.items.values())
        if at is not None and at < len(items) and not within(items[at]["created_at"]):
            message = "page: the `created_at` filter leaves out where this cursor stands; begin anew"
            raise ApiError(400, message)

    def archive_session(self, id: str, now: float) -> Resource:
        """End a session but keep its record and its events. [doc]"""
        item, play = self.get(id), self.play(id, now)
        if not item["archived_at"]:
            play.require_settled("archived")
            play.archive(item["agent"]["name"])
            item["archived_at"] = play.updated_at
            if self.outbox is not None:
                self.outbox.archived(play)
        return self._shown(id, play.current)

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
        active, usage = active_in_all(play.log), play.budget.usage
        tokens = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
        return {
            **self.items[id],
            "budget": play.budget.limit,
            "outcome_evaluations": outcomes.evaluations(play.log),
            "status": status,
            "updated_at": play.updated_at,
            "stats": {
                "active_seconds": (usage.get("active_seconds") or 0.0) if active is None else active,
                "duration_seconds": max(0.0, seconds_between(play.created_at, play.updated_at)),
            },
            "usage": {**tokens, **usage},
        }

    def play(self, id: str, now: float, *, look: bool = False) -> Session:
        """The session, played up to `now`, with the files and memories that it has made by then.

        Args:
            id: the session's id.
            now: seconds, by any clock that doesn't go back.
            look: whether the client looks at what happens in it, so that no turn is held any longer.
        """
        play = self.existing(id)
        if look:
            play.be_seen(now)
        else:
            play.advance(now)
        self._keep(play)
        return play

    def existing(self, id: str) -> Session:
        """The session as it stands."""
        if id not in self.plays:
            raise not_found("Session", id)
        return self.plays[id]

    def play_attached(self, store_id: str, now: float) -> None:
        """Play every session that has this memory store, up to `now`."""
        for id, item in self.items.items():
            if store_id in map(handle, item["resources"]):
                self.play(id, now, look=True)

    def _keep(self, play: Session) -> None:
        """Put what the session has made into the stores of files and memories."""
        for output in play.fresh_outputs():
            self.files.add(
                output.filename, output.data, mime_type=output.mime_type,
                session_id=play.id, downloadable=True, created_at=output.created_at,
            )  # fmt: skip
        mounted = {resource["mount_path"]: resource for resource in self.items[play.id]["resources"]}
        for path, write in play.writes.fresh():
            try:
                self.memory.write(play.id, mounted.get(path), write)
            except ApiError as error:
                play.notes.append(f"{path}{write.path} was written when this was recorded, not now: {error}")

    def delete_environment(self, id: str) -> Resource:
        """Delete an environment that no session refers to, archived ones included. [doc]"""
        user = next((item["id"] for item in self.items.values() if item["environment_id"] == id), None)
        if user is not None:
            self.environments.get(id)
            message = f"Environment {id} is used by session {user}: delete its sessions first, or archive it."
            raise ApiError(400, message)
        return self.environments.delete(id)

    def advance(self, now: float) -> float | None:
        """Play every session up to `now`; returns when the next event is due, in any of them."""
        dues = [due for play in self.plays.values() if (due := play.advance(now)) is not None]
        return min(dues, default=None)

    # -- its events -------------------------------------------------------------------------------

    def send(
        self, id: str, body: Any, now: float, faults: Faults = NO_FAULTS,
        assume: Assumptions = NOTHING_ASSUMED,
    ) -> dict[str, Any]:  # fmt: skip
        """The accepted events."""
        events = limits.checked(EventSendParams, body)["events"]
        if not events:
            raise ApiError(400, "events: at least one event is needed")
        play = self.existing(id)
        if any(event["type"] == "system.message" for event in events):
            limits.check_system_messages(self.get(id)["agent"]["model"]["id"])
        self._require_self_hosted(id, events)
        self._require_threads(play, events)
        self.files.require_for(events, now)
        if not (play.begun or play.closed):  # what it has can change until then
            self._begin(play)
        accepted = play.send(events, now, faults, assume)
        self._keep(play)
        return {"data": accepted}

    def _require_self_hosted(self, id: str, events: Sequence[Event]) -> None:
        """In the cloud the service itself answers the built-in tools' calls. [sdk; ours: 400]"""
        if any(event["type"] == "user.tool_result" for event in events):
            environment = self.environments.get(self.items[id]["environment_id"])
            if environment["config"]["type"] != "self_hosted":
                raise ApiError(
                    400,
                    "events: user.tool_result is only valid on self_hosted environments, and "
                    f"{environment['id']} of session {id} is none. A custom tool's call is answered by a "
                    "user.custom_tool_result.",
                )

    def _require_threads(self, play: Session, events: Sequence[Event]) -> None:
        """The threads that interrupts name must be there. [ours: 404]"""
        born = [e["session_thread_id"] for e in play.log if e["type"] == "session.thread_created"]
        there = (None, thread_id(play.id, 0), *born)
        for event in events:
            thread = event.get("session_thread_id")
            if event["type"] == "user.interrupt" and thread not in there:
                raise not_found("Session thread", str(thread))

    def list_events(
        self, id: str, query: Query, now: float, assume: Assumptions = NOTHING_ASSUMED
    ) -> dict[str, Any]:
        play = self.play(id, now, look=True)
        rows: list[Event] = [*play.log, *play.queued] if play.queued else play.log
        if types := set(query.texts("types")):
            rows = [event for event in rows if event["type"] in types]
        if within := query.within("created_at"):
            rows = [event for event in rows if event["processed_at"] and within(event["processed_at"])]
        default = int(assume.of("events-page")) if len(rows) > SHORTEST_PAGE else LONGEST_PAGE
        return page_of(rows, query, default=default, most=LONGEST_PAGE, order=query.order("asc"))

    def subscribe(self, id: str, query: Query, now: float) -> Subscription:
        """A stream from here on: opening one replays nothing [doc], but what nobody could have seen yet."""
        previews = Previews(previewed(query))
        play = self.existing(id)
        if play.held.since is None:
            play.advance(now)
        shown = play.held.shown(len(play.log))
        return Subscription(play, shown, previews, Late.at(play, shown, now))
