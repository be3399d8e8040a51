"""The work queue of a self-hosted environment: what its workers poll, keep alive and stop.

A recording plays the same whether or not a worker has claimed its session; what the worker answers
(`user.tool_result`) is the recording's client event. The queue itself behaves as described. [ours]
"""

from __future__ import annotations

import base64
import builtins
import hmac
import json
from dataclasses import dataclass
from typing import Any

from anthropic.types.beta.environments.work_stop_params import WorkStopParams
from anthropic.types.beta.environments.work_update_params import WorkUpdateParams

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource, body_of
from ..ids import make_id
from .collection import Clock, Collection, patched_metadata
from .environments import Environments

UNCLAIMED = "NO_HEARTBEAT"  # what a first heartbeat expects [sdk]
TTL = 30  # seconds of a lease, if the worker asks for none [ours]
MOST_TTL = 3600  # [ours]
RECLAIM_MS = 5_000  # polled and not acknowledged for so long is offered again [sdk]
CODE = "heartbeat_precondition_failed"


class LeaseLost(ApiError):
    """412: the worker's last heartbeat isn't the stored one; says what the server holds. [sdk]"""

    def __init__(self, item: Resource, ttl: int) -> None:
        super().__init__(412, f"expected_last_heartbeat: another worker may hold work {item['id']} now")
        held = {"last_heartbeat": item["latest_heartbeat_at"], "lease_extended": False}
        self.held = {**held, "state": item["state"], "ttl_seconds": ttl}

    def body(self, request_id: str, assume: Assumptions = NOTHING_ASSUMED) -> dict[str, Any]:
        body = super().body(request_id, assume)
        body["error"]["details"] = {"error_code": CODE, "current_state": self.held}
        return body


@dataclass
class Lease:
    """What the server knows of an item besides what it shows."""

    polled_at: float | None = None  # by the callers' clock; None if nobody has it
    ttl: int = TTL
    more: bool = False  # the client has sent something since a worker got it


class WorkQueue(Collection):
    """The work items of all environments."""

    kind, prefix = "Work", "work"

    def __init__(self, clock: Clock, environments: Environments) -> None:
        super().__init__(clock)
        self.environments = environments
        self.leases: dict[str, Lease] = {}

    def add(self, session: Resource) -> None:
        """Queue a new session, if its environment is self-hosted. [sdk]"""
        if self.environments.get(session["environment_id"])["config"]["type"] != "self_hosted":
            return
        times = ("acknowledged_at", "latest_heartbeat_at", "started_at", "stop_requested_at", "stopped_at")
        item = {
            "id": self.new_id(),
            "type": "work",
            "environment_id": session["environment_id"],
            "data": {"type": "session", "id": session["id"]},
            "state": "queued",
            "metadata": {},
            "secret": None,
            "created_at": self.clock.tick(),
            **dict.fromkeys(times),
        }
        self.items[item["id"]] = item
        self.leases[item["id"]] = Lease()

    def go_on(self, session: Resource) -> None:
        """Queue a session that goes on, if no worker has it or will get it. [doc]"""
        mine = [item for item in self.items.values() if item["data"]["id"] == session["id"]]
        if all(item["state"] == "stopped" for item in mine):
            self.add(session)
        for item in mine:
            lease = self.leases[item["id"]]
            lease.more = lease.more or lease.polled_at is not None

    def left_undone(self, item: Resource) -> bool:
        """Whether a worker has stopped that may not have seen what was sent meanwhile."""
        return item["state"] == "stopped" and self.leases[item["id"]].more

    def accepts(self, token: str) -> bool:
        """Whether a worker may come with this instead of a key: the token of an item that it was given."""
        return any(hmac.compare_digest(token.encode(), _token(id).encode()) for id in self.items)

    def forget(self, session: str) -> None:
        """A session is deleted, and with it what waits for a worker: nobody could do it any more. [ours]"""
        for id in [id for id, item in self.items.items() if item["data"]["id"] == session]:
            del self.items[id], self.leases[id]

    def find(self, environment: str, id: str) -> Resource:
        self.environments.get(environment)
        item = self.get(id)
        if item["environment_id"] != environment:
            raise not_found(self.kind, id)
        return item

    def page(self, environment: str, query: Query) -> dict[str, Any]:
        return page_of(self._of(environment), query, default=20, most=100)

    def update(self, environment: str, id: str, body: Any) -> Resource:
        given = body_of(WorkUpdateParams, body, in_path=("environment_id",))
        item = self.find(environment, id)
        item["metadata"] = patched_metadata(item["metadata"], given["metadata"])
        return item

    def poll(self, environment: str, query: Query, now: float) -> Resource | None:
        """The oldest item that nobody has, or null at once: nothing here waits, whatever `block_ms` says."""
        query.number("block_ms", 1, 1, 999)
        patience = query.number("reclaim_older_than_ms", RECLAIM_MS, 1, 10**8) / 1000
        for item in self._queued(environment):
            lease = self.leases[item["id"]]
            if lease.polled_at is None or now - lease.polled_at > patience:
                lease.polled_at = now
                return {**item, "secret": _secret(item["id"])}  # only here [sdk]
        return None

    def acknowledge(self, environment: str, id: str) -> Resource:
        """Take an item off the queue; doing it again changes nothing. [sdk; the latter ours]"""
        item = self.find(environment, id)
        if item["state"] == "queued":
            item["state"], item["acknowledged_at"] = "starting", self.clock.tick()
        return item

    def heartbeat(self, environment: str, id: str, query: Query) -> Resource:
        """Keep the lease of an item; a worker whose last heartbeat isn't the stored one has lost it. [sdk]"""
        item, lease = self.find(environment, id), self.leases[id]
        ttl = query.number("desired_ttl_seconds", 0, 0, MOST_TTL) or TTL
        running = item["state"] not in ("stopping", "stopped")
        if running:
            expected = query.text("expected_last_heartbeat")
            if expected not in (None, item["latest_heartbeat_at"] or UNCLAIMED):
                raise LeaseLost(item, lease.ttl)
            lease.ttl = ttl
            item["latest_heartbeat_at"] = now = self.clock.tick()
            item["state"], item["started_at"] = "active", item["started_at"] or now
        return {
            "type": "work_heartbeat",
            "last_heartbeat": item["latest_heartbeat_at"] or "",
            "lease_extended": running,
            "state": item["state"],
            "ttl_seconds": lease.ttl,
        }

    def stop(self, environment: str, id: str, body: Any) -> Resource:
        """Ask the worker to stop; by force, with no worker, or when asked again, it is stopped. [ours]"""
        given = body_of(WorkStopParams, body, in_path=("environment_id",))
        item = self.find(environment, id)
        if item["state"] == "stopped":
            raise ApiError(409, f"Work {id} has stopped already.")  # [sdk]
        item["stop_requested_at"] = item["stop_requested_at"] or self.clock.tick()
        if item["state"] == "active" and not given.get("force"):
            item["state"] = "stopping"
        else:
            item["state"], item["stopped_at"] = "stopped", self.clock.tick()
        return item

    def stats(self, environment: str) -> Resource:
        queued = self._queued(environment)
        polled = [item for item in queued if self.leases[item["id"]].polled_at is not None]
        return {
            "type": "work_queue_stats",
            "depth": len(queued) - len(polled),
            "pending": len(polled),
            "oldest_queued_at": queued[0]["created_at"] if queued else None,
            "workers_polling": None,
        }

    def _of(self, environment: str) -> builtins.list[Resource]:
        self.environments.get(environment)
        return [item for item in self.items.values() if item["environment_id"] == environment]

    def _queued(self, environment: str) -> builtins.list[Resource]:
        return [item for item in self._of(environment) if item["state"] == "queued"]


def _token(id: str) -> str:
    """The sessions token of an item: what its worker can come with for everything about its session."""
    return make_id("sk-ant-oat", id)


def _secret(id: str) -> str:
    """What a poll gives beside the item, as the SDK's worker reads it. [sdk]"""
    return base64.urlsafe_b64encode(json.dumps({"sessions_token": _token(id)}).encode()).decode()
