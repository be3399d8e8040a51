"""Agents and their versions."""

from __future__ import annotations

from typing import Any

from anthropic.types.beta.agent_create_params import AgentCreateParams
from anthropic.types.beta.agent_update_params import AgentUpdateParams

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource, body_of
from . import multiagent
from .collection import Clock, Collection, checked_metadata, patched_metadata


def resolved_model(model: Any) -> Resource:
    """A model as the API answers with it: an id alone gets the default effort and speed."""
    given = {"id": model} if isinstance(model, str) else dict(model)
    effort = given.get("effort") or "high"  # the per-model default isn't published [ours]
    given["effort"] = {"type": effort} if isinstance(effort, str) else effort
    given["speed"] = given.get("speed") or "standard"
    return given


def resolved_tool(tool: Resource) -> Resource:
    """A tool as the API answers with it: every default written out."""
    if tool["type"] == "custom":
        return tool
    ask = "always_ask" if tool["type"] == "mcp_toolset" else "always_allow"
    default = {"enabled": True, "permission_policy": {"type": ask}}
    default |= {key: value for key, value in (tool.get("default_config") or {}).items() if value is not None}
    configs = []
    for config in tool.get("configs") or ():
        given = {key: value for key, value in config.items() if value is not None}
        named = {"type": config["name"]} if tool["type"] != "mcp_toolset" else {}
        configs.append({**named, **default, **given})
    return {**tool, "default_config": default, "configs": configs}


def resolved_agent(given: Resource) -> Resource:
    """The fields of an agent that create, update and a session's overrides share, defaults written out."""
    resolved = dict(given)
    for key in ("description", "system"):
        if key in given:
            resolved[key] = given[key] or None  # an empty text clears [sdk]
    if "model" in given:
        resolved["model"] = resolved_model(given["model"])
    for key in ("tools", "mcp_servers", "skills"):
        if key in given:
            resolved[key] = list(given[key] or ())
    if "tools" in resolved:
        resolved["tools"] = [resolved_tool(tool) for tool in resolved["tools"]]
    if "execution_identity" in given:
        resolved["execution_identity"] = given["execution_identity"] or {"type": "service_account"}
    return resolved


class Agents(Collection):
    """Agents with their versions. There is no delete. [sdk]"""

    kind, prefix = "Agent", "agent"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.versions: dict[str, list[Resource]] = {}

    def create(self, body: Any) -> Resource:
        given = body_of(AgentCreateParams, body)
        if not given["name"].strip():
            raise ApiError(400, "name: must not be empty")
        defaults: Resource = {"tools": [], "mcp_servers": [], "skills": [], "execution_identity": None}
        agent = {
            "id": self.new_id(),
            "type": "agent",
            "version": 1,
            "description": None,
            "system": None,
            "multiagent": None,
            **resolved_agent({**defaults, **given}),
            "metadata": checked_metadata(given.get("metadata") or {}),
            **self._stamps(),
        }
        owner = {**agent, "multiagent": None}  # not yet what was sent
        agent["multiagent"] = multiagent.resolved(given.get("multiagent"), owner, self.version)
        self.items[agent["id"]] = agent
        self.versions[agent["id"]] = [agent]
        return agent

    def version(self, id: str, version: int | None) -> Resource:
        """One version of an agent, the newest if none is asked for."""
        newest = self.get(id)
        if version is None:
            return newest
        if not 1 <= version <= newest["version"]:
            raise not_found("Agent version", f"{id} version {version}")
        return {**self.versions[id][version - 1], "archived_at": newest["archived_at"]}

    def update(self, id: str, body: Any) -> Resource:
        """A new version, unless nothing changes; a `version` that is sent must be the newest. [doc]"""
        given = body_of(AgentUpdateParams, body)
        agent = self.get(id)
        expected = given.pop("version", None)
        if expected is not None and expected != agent["version"]:
            raise ApiError(
                409,
                f"Concurrent modification detected: agent {id} is at version {agent['version']}, you "
                f"sent {expected}. Retrieve it again and repeat your change on what you get.",
            )
        if agent["archived_at"]:
            raise ApiError(400, f"Agent {id} is archived and can't be changed.")
        if given.get("name") is not None and not given["name"].strip():
            raise ApiError(400, "name: must not be empty")
        changed = {**agent, **resolved_agent(given)}
        changed["metadata"] = patched_metadata(agent["metadata"], given.get("metadata"))
        if "multiagent" in given:
            changed["multiagent"] = multiagent.resolved(given["multiagent"], agent, self.version)
        if changed != agent:
            changed |= {"version": agent["version"] + 1, "updated_at": self.clock.tick()}
            self.items[id] = changed
            self.versions[id].append(changed)
        return changed

    def list_versions(self, id: str, query: Query) -> dict[str, Any]:
        """All versions of an agent, the newest first."""
        self.get(id)
        return page_of(self.versions[id], query, default=20, most=100, order="desc")
