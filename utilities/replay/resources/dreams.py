"""Dreams: jobs that read a memory store and past sessions, and leave the memory store in better order.

What a dream makes of memories is in no recording, and nothing here thinks: the result is a copy of the
input, or the input as it was. All else of a dream is as documented, so that a program that starts one,
follows it and uses its result can be tried. How long one takes isn't known: here it goes a step further
with each look. [ours]
"""

from __future__ import annotations

from typing import Any, get_args

from anthropic.types.beta.beta_dream_status import BetaDreamStatus
from anthropic.types.beta.dream_create_params import DreamCreateParams

from ..http.errors import ApiError
from ..http.paging import Query, page_of
from ..http.validation import Resource
from ..ids import make_id
from ..session import made_up
from ..session.names import thread_id
from ..session.session import Session
from . import limits
from .agents import resolved_model
from .collection import Clock, Collection
from .environments import resolved_config
from .sessions import Sessions

MOST_SESSIONS = 100  # that one dream reads [doc]
MODELS = (  # that run dreams [doc, of August 2026]
    *("claude-opus-5", "claude-fable-5", "claude-opus-4-8", "claude-opus-4-7", "claude-sonnet-5"),
    "claude-sonnet-4-6",
)
STATUSES: tuple[str, ...] = get_args(BetaDreamStatus)
ENDED = ("completed", "failed", "canceled")
COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
# Who runs dreams. The service doesn't say what its sessions for them look like. [ours]
AGENT_NAME = ENVIRONMENT_NAME = "dream"


class Dreams(Collection):
    """The dreams of a server.

    Args:
        clock: the recordings' time.
        sessions: where dreams have a session each, with the server's memory stores.
    """

    kind, prefix = "Dream", "drm"

    def __init__(self, clock: Clock, sessions: Sessions) -> None:
        super().__init__(clock)
        self.sessions, self.memory = sessions, sessions.memory

    def create(self, body: Any) -> Resource:
        """A dream that waits to start. [doc]"""
        given = limits.checked(DreamCreateParams, body)
        store, sessions = self._inputs(given["inputs"])
        behavior = given.get("output_behavior") or {"type": "create_new"}
        self._require_output(behavior, store)
        dream: Resource = {
            "id": self.new_id(),
            "type": "dream",
            "status": "pending",
            "inputs": [
                {"type": "memory_store", "memory_store_id": store},
                {"type": "sessions", "session_ids": sorted(sessions)},
            ],
            "outputs": [],
            "output_behavior": behavior,
            "model": model_of(given["model"]),
            "instructions": given.get("instructions"),
            "session_id": None,
            "usage": dict.fromkeys(COUNTS, 0),  # nobody uses any [ours: that it stays so]
            "error": None,
            "created_at": self.clock.tick(),
            "ended_at": None,
            "archived_at": None,
        }
        self.items[dream["id"]] = dream
        return dream

    def look(self, id: str) -> Resource:
        """The dream, a step further than at the last look: running, with its output, completed. [ours]"""
        dream = self._checked(id)
        if dream["status"] == "pending":
            dream |= {"status": "running", "session_id": self._session(dream["model"]["id"])}
        elif dream["status"] == "running" and not dream["outputs"]:
            dream["outputs"] = [{"type": "memory_store", "memory_store_id": self._output(dream)}]
        elif dream["status"] == "running":
            self._end(dream, "completed")
        return dream

    def list_dreams(self, query: Query) -> dict[str, Any]:
        """Newest first; a list is no look at those that it has. [doc; ours: the latter]"""
        archived, wanted = query.flag("include_archived"), query.chosen("statuses", STATUSES)
        within = query.within("created_at")
        rows = [
            dream
            for dream in map(self._checked, self.items)
            if (archived or not dream["archived_at"])
            and (not wanted or dream["status"] in wanted)
            and (within is None or within(dream["created_at"]))
        ]
        return page_of(rows, query, default=20, most=100, least=1, order="desc")

    def cancel(self, id: str) -> Resource:
        """Stop it where it is; what it has written stays. A second time changes nothing. [doc]"""
        dream = self._checked(id)
        if dream["status"] in ("completed", "failed"):
            raise ApiError(400, f"Dream {id} is {dream['status']}: there is nothing to cancel any more.")
        if dream["status"] != "canceled":
            self._end(dream, "canceled")
        return dream

    def archive(self, id: str) -> Resource:
        """Hide one that has ended from lists, for good. A second time changes nothing. [doc]"""
        dream = self._checked(id)
        if dream["status"] not in ENDED:
            raise ApiError(400, f"Dream {id} is {dream['status']}: cancel it first, or wait until it ends.")
        dream["archived_at"] = dream["archived_at"] or self.clock.tick()
        return dream

    # -- what is sent ---------------------------------------------------------------------------

    def _inputs(self, inputs: list[Resource]) -> tuple[str, list[str]]:
        """The memory store and the sessions: exactly one entry of each. [sdk]"""
        by_type = {entry["type"]: entry for entry in inputs}
        if len(inputs) != 2 or len(by_type) != 2:
            raise ApiError(400, "inputs: exactly one memory_store entry and exactly one sessions entry")
        store, ids = by_type["memory_store"]["memory_store_id"], by_type["sessions"]["session_ids"]
        if self.memory.get(store)["archived_at"]:  # [sdk]
            raise ApiError(400, f"inputs: memory store {store} is archived and can't be dreamt of")
        if not 1 <= len(ids) <= MOST_SESSIONS:
            raise ApiError(400, f"inputs: 1 to {MOST_SESSIONS} session_ids, not {len(ids)}")
        if twice := next((id for id in ids if ids.count(id) > 1), None):
            raise ApiError(400, f"inputs: session_ids has {twice} twice")
        for id in ids:
            self.sessions.get(id)
        return store, ids

    def _require_output(self, behavior: Resource, store: str) -> None:
        """One dream at a time may change a store, and only the one that it reads. [sdk]"""
        if behavior["type"] == "create_new":
            return
        if behavior["memory_store_id"] != store:
            raise ApiError(400, f"output_behavior.memory_store_id: must be {store}, the store of inputs")
        for other in map(self._checked, self.items):
            if other["output_behavior"] == behavior and other["status"] not in ENDED:
                raise ApiError(409, f"dream {other['id']} still updates {store}: wait until it has ended")

    # -- what happens ---------------------------------------------------------------------------

    def _checked(self, id: str) -> Resource:
        """The dream; failed if what it reads isn't there any more. [doc]"""
        dream = self.get(id)
        if dream["status"] in ENDED:
            return dream
        store, gone = store_of(dream), [id for id in sessions_of(dream) if id not in self.sessions.items]
        kept = self.memory.items.get(store)
        if kept is None or kept["archived_at"]:
            self._fail(dream, "input_memory_store_unavailable", f"memory store {store} is gone or archived")
        elif gone:
            self._fail(dream, "input_session_unavailable", f"session {gone[0]} was deleted")
        return dream

    def _fail(self, dream: Resource, type: str, message: str) -> None:
        dream["error"] = {"type": type, "message": message}
        self._end(dream, "failed")

    def _end(self, dream: Resource, status: str) -> None:
        """It is over; its session is archived. [doc]"""
        dream |= {"status": status, "ended_at": self.clock.tick()}
        play = self.sessions.plays.get(dream["session_id"])
        if play is not None and not self.sessions.items[play.id]["archived_at"]:
            if play.status == "running":
                play.add(made_up.idle(play.log, {"type": "end_turn"}))
            play.archive(AGENT_NAME)
            self.sessions.items[play.id]["archived_at"] = play.updated_at

    def _output(self, dream: Resource) -> str:
        """The store that holds the result: the input's, or a copy of it."""
        store = store_of(dream)
        if dream["output_behavior"]["type"] == "update_existing":
            return store
        kept = self.memory.get(store)
        copy = str(self.memory.create({"name": kept["name"], "description": kept["description"]})["id"])
        author = {"type": "session_actor", "session_id": dream["session_id"]}
        for head in self.memory.memories(store).heads.values():
            self.memory.memories(copy).create(head["path"], head["content"], author)
        return copy

    def _session(self, model: str) -> str:
        """The session that runs the dream; in which nothing happens but that it runs, and ends. [ours]"""
        id, now = self.sessions.new_id(), self.clock.tick()
        play = Session(id, now, [], strict=self.sessions.strict)
        self.sessions.items[id] = {
            "id": id,
            "type": "session",
            "agent": agent(model),
            "archived_at": None,
            "created_at": now,
            "environment_id": self._environment(),
            "metadata": {},
            "resources": [],
            "title": None,
            "vault_ids": [],
        }
        self.sessions.plays[id] = play
        if self.sessions.outbox is not None:
            self.sessions.outbox.follow(play)
        thread = {"session_thread_id": thread_id(id, 0), "agent_name": AGENT_NAME}
        play.add([{"type": "session.status_running"}, {"type": "session.thread_status_running", **thread}])
        return id

    def _environment(self) -> str:
        """Where dreams run: an environment that is in no list, since nobody has created it."""
        id, environments = make_id("env", "dreams"), self.sessions.environments.items
        if id not in environments:
            now = self.clock.tick()
            environments[id] = {
                "id": id,
                "type": "environment",
                "name": ENVIRONMENT_NAME,
                "description": None,
                "config": resolved_config(None),
                "metadata": {},
                "scope": "organization",
                **dict.fromkeys(("created_at", "updated_at", "archived_at"), now),
            }
        return id


def model_of(given: Any) -> Resource:
    """A dream's model, always as an object, and always at the standard speed. [sdk]"""
    model: Resource = {"id": given} if isinstance(given, str) else given
    if model["id"] not in MODELS:
        raise ApiError(400, f"model: {model['id']!r} runs no dreams, expected {', '.join(MODELS)}")
    if model.get("speed") == "fast":
        raise ApiError(400, "model.speed: dreams accept only 'standard'")
    return {"id": model["id"], "speed": "standard"}


def agent(model: str) -> Resource:
    """The agent of a dream's session."""
    nothing: Resource = {"tools": [], "mcp_servers": [], "skills": []}
    return {
        "id": make_id("agent", "dreams"),
        "type": "agent",
        "version": 1,
        "name": AGENT_NAME,
        **dict.fromkeys(("description", "system", "multiagent")),
        **nothing,
        "model": resolved_model(model),
        "execution_identity": {"type": "service_account"},
    }


def store_of(dream: Resource) -> str:
    return str(dream["inputs"][0]["memory_store_id"])


def sessions_of(dream: Resource) -> list[str]:
    ids: list[str] = dream["inputs"][1]["session_ids"]
    return ids
