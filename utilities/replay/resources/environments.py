"""Environments: what a session's container is made from."""

from __future__ import annotations

from typing import Any

from anthropic.types.beta.environment_create_params import EnvironmentCreateParams
from anthropic.types.beta.environment_update_params import EnvironmentUpdateParams

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..http.errors import ApiError
from ..http.validation import Resource
from . import limits
from .collection import Collection, checked_metadata, patched_metadata


def resolved_config(given: Resource | None, before: Resource | None = None) -> Resource:
    """A cloud or self-hosted configuration with every default written out; null keeps what was. [sdk]"""
    given = {key: value for key, value in (given or {"type": "cloud"}).items() if value is not None}
    if given["type"] != "cloud":
        return given
    before = before if before and before["type"] == "cloud" else {}
    networking = given.get("networking") or before.get("networking") or {"type": "unrestricted"}
    if networking["type"] == "limited":
        # Limited means: no host, no package manager, no MCP server, unless allowed. [doc]
        closed = {"allowed_hosts": [], "allow_mcp_servers": False, "allow_package_managers": False}
        had = before.get("networking") or {}
        kept = had if had.get("type") == "limited" else {}
        wanted = {key: value for key, value in networking.items() if value is not None}
        networking = {**closed, **kept, **wanted}
    packages: Resource = {manager: [] for manager in ("apt", "cargo", "gem", "go", "npm", "pip")}
    packages |= before.get("packages") or {}
    packages |= {key: value for key, value in (given.get("packages") or {}).items() if value is not None}
    if networking["type"] == "limited" and not networking["allow_package_managers"]:
        for manager, names in packages.items():
            if names and manager != "type":
                needs = "needs `networking.allow_package_managers: true` under limited networking"
                raise ApiError(400, f"config.packages.{manager}: {needs}")
    return {"type": "cloud", "networking": networking, "packages": packages}


def as_cloud(body: Any) -> Any:
    """A body in which the type `anthropic_cloud`, another name of it, is `cloud`. [seen]"""
    config = body.get("config") if isinstance(body, dict) else None
    if isinstance(config, dict) and config.get("type") == "anthropic_cloud":
        return {**body, "config": {**config, "type": "cloud"}}
    return body


class Environments(Collection):
    """The environments of a server."""

    kind, prefix = "Environment", "env"

    def create(self, body: Any, assume: Assumptions = NOTHING_ASSUMED) -> Resource:
        given = limits.checked(EnvironmentCreateParams, as_cloud(body))
        self._require_free(given["name"], assume)
        environment = {
            "id": self.new_id(),
            "type": "environment",
            "name": given["name"],
            "description": given.get("description"),
            "config": resolved_config(given.get("config")),
            "metadata": checked_metadata(given.get("metadata") or {}),
            "scope": given.get("scope") or "organization",
            **self._stamps(),
        }
        self.items[environment["id"]] = environment
        self.tell(environment, "created")
        return environment

    def update(self, id: str, body: Any, assume: Assumptions = NOTHING_ASSUMED) -> Resource:
        given = limits.checked(EnvironmentUpdateParams, as_cloud(body))
        environment = self.get(id)
        if environment["archived_at"]:
            message = f"Environment {id} is archived and can't be changed."
            raise ApiError(400, message, code="environment_archived")
        if given.get("name") not in (None, environment["name"]):
            self._require_free(given["name"], assume)
        before = dict(environment)
        if given.get("config") is not None:
            environment["config"] = resolved_config(given["config"], environment["config"])
        if "description" in given:
            environment["description"] = given["description"]
        for key in ("name", "scope"):
            environment[key] = given.get(key) or environment[key]
        patch = {key: value or None for key, value in (given.get("metadata") or {}).items()}
        environment["metadata"] = patched_metadata(environment["metadata"], patch)
        changed = environment != before
        environment["updated_at"] = self.clock.tick()
        if changed:
            self.tell(environment, "updated")
        return environment

    def _require_free(self, name: str, assume: Assumptions) -> None:
        """Refuse a name that an active environment has, unless it is assumed that it can be shared."""
        for other in self.items.values():
            has_it = other["name"] == name and not other["archived_at"]
            if has_it and assume.of("environment-names") == "unique":
                message = f"An environment with the name {name!r} exists, {other['id']}: archive it first,"
                raise ApiError(409, f"{message} or take another name.")

    def delete(self, id: str) -> Resource:
        self.tell(self.get(id), "deleted")
        del self.items[id]
        return {"id": id, "type": "environment_deleted"}
