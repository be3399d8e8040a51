"""The runs of deployments: each attempt to start a session, and why it failed if it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..http.errors import ApiError
from ..http.paging import Query, page_of
from ..http.validation import Resource
from .collection import Collection
from .multiagent import roster
from .sessions import Sessions

TRIGGERS = ("schedule", "manual")


class Refusal(Exception):
    """No session can be started.

    Args:
        type: of the run's error, `environment_archived_error` for example. [sdk: which there are]
        message: what is wrong, with the id.
    """

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type

    def __reduce__(self) -> Any:  # else it could not leave a worker process
        return type(self), (self.type, str(self)), self.__dict__


class DeploymentRuns(Collection):
    """Every run of every deployment; none is ever changed or deleted. [sdk]"""

    kind, prefix = "Deployment run", "drun"

    def new(self, deployment: Resource, context: Resource) -> Resource:
        """A run that has only begun; nobody sees it before `keep`."""
        return {
            "id": self.new_id(),
            "type": "deployment_run",
            "deployment_id": deployment["id"],
            "agent": deployment["agent"],
            "trigger_context": context,
            "session_id": None,
            "error": None,
            "created_at": self.clock.tick(),
        }

    def keep(self, run: Resource) -> None:
        self.items[run["id"]] = run

    def last_scheduled(self, deployment_id: str) -> str | None:
        """When a deployment last ran by itself; runs by hand don't count. [sdk]"""
        for run in reversed(self.items.values()):
            if run["deployment_id"] == deployment_id and run["trigger_context"]["type"] == "schedule":
                return str(run["created_at"])
        return None

    def list_runs(self, query: Query) -> dict[str, Any]:
        """Newest first [ours: the order]; of a deployment that isn't there: none. [sdk]"""
        trigger = query.text("trigger_type")
        if trigger not in (None, *TRIGGERS):
            raise ApiError(400, f"trigger_type: must be {' or '.join(TRIGGERS)}, not {trigger!r}")
        failed = query.flag("has_error") if query.text("has_error") is not None else None
        within, of = query.within("created_at"), query.text("deployment_id")
        rows = [
            run
            for run in self.items.values()
            if of in (None, run["deployment_id"])
            and trigger in (None, run["trigger_context"]["type"])
            and failed in (None, run["error"] is not None)
            and (within is None or within(run["created_at"]))
        ]
        return page_of(rows, query, default=20, most=1000, order="desc")


def refusal(deployment: Resource, sessions: Sessions) -> Refusal | None:
    """Why no session can be started, in the words of a run's error; the first of all reasons, or None."""
    return next(_refusals(deployment, sessions), None)


def _refusals(deployment: Resource, sessions: Sessions) -> Iterator[Refusal]:
    reference = deployment["agent"]
    agent = sessions.agents.version(reference["id"], reference["version"])
    members = [sessions.agents.version(one["id"], one["version"]) for one in roster(agent["multiagent"])]
    for item in (agent, *members):  # of an archived agent itself there are no deployments left
        if item["archived_at"]:
            yield Refusal("agent_archived_error", f"agent `{item['id']}` is archived")
    id = deployment["environment_id"]
    environment = sessions.environments.items.get(id)
    if environment is None:
        yield Refusal("environment_not_found_error", f"environment `{id}` was not found")
    elif environment["archived_at"]:
        yield Refusal("environment_archived_error", f"environment `{id}` is archived")
    elif environment["config"]["type"] == "self_hosted":
        if any(resource["type"] != "memory_store" for resource in deployment["resources"]):
            message = f"environment `{id}` is self-hosted: only memory stores can be attached"
            yield Refusal("self_hosted_resources_unsupported_error", message)
    else:
        yield from _blocked(agent, environment)
    for running in (agent, *members):
        if missing := sessions.agents.skills.missing(running["skills"]):
            yield Refusal("skill_not_found_error", f"skill `{missing}` was not found")
    for id in deployment["vault_ids"]:
        vault = sessions.vaults.items.get(id)
        if vault is None:
            yield Refusal("vault_not_found_error", f"vault `{id}` was not found")
        elif vault["archived_at"]:
            yield Refusal("vault_archived_error", f"vault `{id}` is archived")
    for resource in deployment["resources"]:
        yield from _wrong_resource(resource, sessions)


def _blocked(agent: Resource, environment: Resource) -> Iterator[Refusal]:
    """MCP servers that the environment's network policy doesn't let the agent reach. [sdk]"""
    networking = environment["config"]["networking"]
    if networking["type"] != "limited" or networking["allow_mcp_servers"]:
        return
    for server in agent["mcp_servers"]:
        host = urlsplit(server["url"]).hostname or ""
        if not any(is_host(host, allowed) for allowed in networking["allowed_hosts"]):
            message = f"environment `{environment['id']}` doesn't let the MCP server {host!r} be reached"
            yield Refusal("mcp_egress_blocked_error", message)


def is_host(host: str, allowed: str) -> bool:
    """Whether a host is the allowed one, or below it if that begins with `*.`."""
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _wrong_resource(resource: Resource, sessions: Sessions) -> Iterator[Refusal]:
    if resource["type"] == "file" and resource["file_id"] not in sessions.files.items:
        yield Refusal("file_not_found_error", f"file `{resource['file_id']}` was not found")
    if resource["type"] == "memory_store":
        id = resource["memory_store_id"]
        store = sessions.memory.items.get(id)
        if store is None:  # there is no type for stores [sdk]; this one is for whatever has none [ours]
            yield Refusal("session_resource_not_found_error", f"memory store `{id}` was not found")
        elif store["archived_at"]:
            yield Refusal("memory_store_archived_error", f"memory store `{id}` is archived")
