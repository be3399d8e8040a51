"""Agents and their versions."""

from __future__ import annotations

from typing import Any

from anthropic.types.beta.agent_create_params import AgentCreateParams
from anthropic.types.beta.agent_update_params import AgentUpdateParams

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource
from . import limits, multiagent, url_sources
from .collection import Clock, Collection, checked_metadata, patched_metadata
from .skills import Skills


def resolved_model(model: Any, before: Resource | None = None) -> Resource:
    """A model as the API answers with it; the same model keeps the effort that it had `before`. [doc]"""
    given = {"id": model} if isinstance(model, str) else dict(model)
    kept = before["effort"] if before and before["id"] == given["id"] else None
    effort = given.get("effort") or kept or "high"  # the per-model default isn't published [ours]
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
        if "url_sources" in given:
            given["url_sources"] = url_sources.shown(given["url_sources"])
        named = {"type": config["name"]} if tool["type"] != "mcp_toolset" else {}
        configs.append({**named, **default, **given})
    return {**tool, "default_config": default, "configs": configs}


def resolved_agent(given: Resource, before: Resource | None = None) -> Resource:
    """The fields of an agent that create, update and a session's overrides share, defaults written out.

    Args:
        given: what was sent.
        before: the agent that an update changes.
    """
    resolved = dict(given)
    for key in ("description", "system"):
        if key in given:
            resolved[key] = given[key] or None  # an empty text clears [sdk]
    if "model" in given:
        resolved["model"] = resolved_model(given["model"], before and before["model"])
    for key in ("tools", "mcp_servers", "skills"):
        if key in given:
            resolved[key] = list(given[key] or ())
    if "tools" in resolved:
        resolved["tools"] = [resolved_tool(tool) for tool in resolved["tools"]]
    if "execution_identity" in given:
        resolved["execution_identity"] = given["execution_identity"] or {"type": "service_account"}
    return resolved


def overriding(body: Any) -> Any:
    """A session's body in which an override of its agent that is null is one that is empty: it clears. [doc]

    Raises:
        ApiError: 400 `agent_model_required`, for a model that is cleared.
    """
    agent = body.get("agent") if isinstance(body, dict) else None
    if not isinstance(agent, dict) or agent.get("type") != "agent_with_overrides":
        return body
    if "model" in agent and agent["model"] is None:
        raise ApiError(400, "agent.model: a session always needs a model", code="agent_model_required")
    lists = ("tools", "mcp_servers", "skills")
    cleared: Resource = {key: [] for key in lists if key in agent and agent[key] is None}
    return {**body, "agent": {**agent, **cleared}}


def overridden(snapshot: Resource, overrides: Resource) -> Resource:
    """What a session runs: its agent's definition, less what the session has of its own. [doc]

    Raises:
        ApiError: 400, for parts that don't fit together.
    """
    if "model" in overrides:  # an effort in an override isn't applied, nor is the agent's [doc]
        model = resolved_model(overrides["model"])
        overrides = {**overrides, "model": {key: model[key] for key in model if key != "effort"}}
    agent = {**snapshot, **resolved_agent(overrides)}
    if "tools" in overrides and agent["skills"] and not agent["tools"]:
        raise ApiError(400, "agent.tools: can't be cleared, the session's skills need the tool `read`")
    limits.check_agent(agent)
    return agent


class Agents(Collection):
    """Agents with their versions. There is no delete. [sdk]"""

    kind, prefix = "Agent", "agent"

    def __init__(self, clock: Clock, skills: Skills) -> None:
        super().__init__(clock)
        self.skills = skills
        self.versions: dict[str, list[Resource]] = {}

    def create(self, body: Any) -> Resource:
        given = limits.checked(AgentCreateParams, body)
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
        agent["skills"] = self.skills.resolved(agent["skills"])
        limits.check_agent(agent)
        owner = {**agent, "multiagent": None}  # not yet what was sent
        agent["multiagent"] = multiagent.resolved(given.get("multiagent"), owner, self.version)
        self._check_roster(agent)
        self.items[agent["id"]] = agent
        self.versions[agent["id"]] = [agent]
        self.tell(agent, "created")
        return agent

    def _check_roster(self, agent: Resource) -> None:
        multiagent.check_pairing(agent)
        references = [entry for entry in multiagent.roster(agent["multiagent"]) if entry["id"] != agent["id"]]
        multiagent.check_pins(agent, (self.version(entry["id"], entry["version"]) for entry in references))

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
        given = limits.checked(AgentUpdateParams, body)
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
        changed = {**agent, **resolved_agent(given, agent)}
        if "skills" in given:
            changed["skills"] = self.skills.resolved(changed["skills"])
        limits.check_agent(changed)
        changed["metadata"] = patched_metadata(agent["metadata"], given.get("metadata"))
        if "multiagent" in given:
            changed["multiagent"] = multiagent.resolved(given["multiagent"], agent, self.version)
        self._check_roster(changed)
        if changed != agent:
            changed |= {"version": agent["version"] + 1, "updated_at": self.clock.tick()}
            self.items[id] = changed
            self.versions[id].append(changed)
            self.tell(changed, "updated")
        return changed

    def list_versions(self, id: str, query: Query) -> dict[str, Any]:
        """All versions of an agent, the newest first."""
        self.get(id)
        return page_of(self.versions[id], query, default=20, most=100, order="desc")
