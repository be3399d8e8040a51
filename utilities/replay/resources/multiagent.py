"""Who an agent may work with: rosters as they are sent, kept on the agent, and copied to a session.

An agent keeps references to versions; a session gets the full definitions. [sdk]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..http.errors import ApiError
from ..http.validation import Resource
from .models import advises, runs_agents

Lookup = Callable[[str, int | None], Resource]  # an agent by id and version; None is the newest

ADVISOR = "anthropic.advisor"  # the name of an advisor in a roster [sdk]
MOST = 20  # agents in a roster [sdk]
ENABLED, DISABLED = {"type": "enabled"}, {"type": "disabled"}
SERVICE_ACCOUNT = {"type": "service_account"}  # who runs an agent for which nobody is named [sdk]
THREAD_AGENT = (
    *("id", "type", "version", "name", "description", "model", "system", "tools", "mcp_servers", "skills"),
)


def resolved(given: Resource | None, owner: Resource, find: Lookup) -> Resource | None:
    """A configuration with its defaults written out and every agent as a reference to a version.

    Args:
        given: what was sent; null for none.
        owner: the agent that it belongs to, with what it had before in `multiagent`.
        find: looks an agent up, or raises a 404.

    Raises:
        ApiError: 400, for a roster that the API would not take. [sdk: the rules]
    """
    if given is None:
        return None
    if given["type"] == "coordinator":
        return {"type": "coordinator", "agents": _references(given["agents"], owner, find, least=1)}
    stored = owner["multiagent"] or {}
    # An update is merged into what is stored if that is of the same type, level by level. [sdk]
    before = stored if stored.get("type") == given["type"] else {}
    members: Resource = {}
    for name, default in (("advisor", DISABLED), ("subagents", ENABLED), ("workflows", ENABLED)):
        wanted = given.get(name, before.get(name)) or default
        kept = before.get(name) if (before.get(name) or {}).get("type") == wanted["type"] else None
        members[name] = _member({**(kept or {}), **wanted}, owner, find, name)
    return {"type": given["type"], **members}


def _member(wanted: Resource, owner: Resource, find: Lookup, name: str) -> Resource:
    if name == "advisor" and wanted["type"] == "enabled":
        return _advising(wanted)
    if wanted["type"] == "disabled":
        return wanted
    inline = wanted.get("inline_agents") or ENABLED
    least = 0 if inline["type"] == "enabled" else 1
    predefined = _references(wanted.get("predefined_agents") or [], owner, find, least=least)
    return {"type": "enabled", "inline_agents": inline, "predefined_agents": predefined}


def _references(entries: list[Any], owner: Resource, find: Lookup, least: int) -> list[Resource]:
    if not least <= len(entries) <= MOST:
        raise ApiError(400, f"multiagent: a roster has {least} to {MOST} agents, not {len(entries)}")
    references = [_reference(entry, owner, find) for entry in entries]
    names = [reference.get("id", ADVISOR) for reference in references]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ApiError(400, f"multiagent: {twice} is in the roster twice")
    references.sort(key=lambda reference: reference["type"] == "advisor")  # it comes last [doc]
    if references and references[-1]["type"] == "advisor":
        for reference in references[:-1]:
            if reference["id"] != owner["id"] and find(reference["id"], None)["name"] == ADVISOR:
                raise ApiError(400, f"multiagent: {reference['id']} has the advisor's name, {ADVISOR}")
    return references


def _reference(entry: Any, owner: Resource, find: Lookup) -> Resource:
    given: Resource = {"type": "agent", "id": entry} if isinstance(entry, str) else entry
    if given["type"] == "advisor":
        return _advising(given)
    if given["type"] == "self" or given["id"] == owner["id"]:
        return {"type": "agent", "id": owner["id"], "version": owner["version"]}
    agent = find(given["id"], given.get("version"))
    if agent["archived_at"]:
        raise ApiError(400, f"multiagent: agent {agent['id']} is archived")
    if agent["multiagent"]:
        raise ApiError(
            400, f"multiagent: agent {agent['id']} has a roster of its own; one level is the limit"
        )
    return {"type": "agent", "id": agent["id"], "version": agent["version"]}


def _advising(entry: Resource) -> Resource:
    """An advisor's entry, whose model has to be one that runs agents. [ours]"""
    if not runs_agents(entry["model"]):
        raise ApiError(400, f"multiagent: {entry['model']!r} is no model that can advise")
    return entry


def check_pairing(agent: Resource) -> None:
    """Refuse an agent whose model its advisor may not advise. [doc: when the agent is saved]

    Raises:
        ApiError: 400, naming both models.
    """
    consulted, model = advisor(agent["multiagent"]), agent["model"]["id"]
    if consulted and not advises(consulted["model"], model):
        raise ApiError(
            400,
            f"multiagent: {consulted['model']!r} can't advise an agent that runs {model!r}: an advisor is "
            "Sonnet 4.6 or more capable, and at least as capable as the agent's own model",
        )


def check_pins(agent: Resource, members: Iterable[Resource]) -> None:
    """Refuse a roster of which some are pinned to a region, or to another one. [doc]

    Args:
        agent: who leads, as it will be.
        members: the agents of its roster.

    Raises:
        ApiError: 400, naming the member whose pin differs.
    """
    pin = agent["model"].get("inference_geo")
    for member in members:
        if (other := member["model"].get("inference_geo")) != pin:
            raise ApiError(
                400,
                f"multiagent: the model of {member['id']} is pinned to {other!r}, that of the agent to "
                f"{pin!r}: `inference_geo` must be the same for all of a roster, or unset for all",
            )


def expanded(multiagent: Resource | None, find: Lookup) -> Resource | None:
    """A configuration as a session gets it, with the full definition of every agent."""

    def full(reference: Resource) -> Resource:
        if reference["type"] == "advisor":
            return reference
        return thread_agent(find(reference["id"], reference["version"]))

    if multiagent is None:
        return None
    copy = dict(multiagent)
    if "agents" in copy:
        copy["agents"] = [full(reference) for reference in copy["agents"]]
    for name in ("subagents", "workflows"):
        if "predefined_agents" in copy.get(name, ()):
            copy[name] = {
                **copy[name],
                "predefined_agents": [full(r) for r in copy[name]["predefined_agents"]],
            }
    return copy


def roster(multiagent: Resource | None) -> Iterator[Resource]:
    """The agents in a session's configuration."""
    if multiagent is not None:
        yield from (agent for agent in multiagent.get("agents", ()) if agent["type"] == "agent")
        for name in ("subagents", "workflows"):
            yield from multiagent.get(name, {}).get("predefined_agents", ())


def advisor(multiagent: Resource | None) -> Resource | None:
    """Whom the primary thread may consult, as `agent` of the threads that it gets for that. [doc]"""
    given = multiagent or {}
    if (given.get("advisor") or DISABLED)["type"] == "enabled":
        return {"type": "advisor", "model": given["advisor"]["model"]}
    return next((entry for entry in given.get("agents", ()) if entry["type"] == "advisor"), None)


def models_of(agent: Resource) -> Iterator[str]:
    """The models that can run in a session of this agent: its own, its roster's, its advisor's."""
    yield agent["model"]["id"]
    yield from (member["model"]["id"] for member in roster(agent["multiagent"]))
    if consulted := advisor(agent["multiagent"]):
        yield consulted["model"]


def thread_agent(agent: Resource) -> Resource:
    """An agent as one thread runs it: the roster is not repeated. [sdk]"""
    definition = {key: agent[key] for key in THREAD_AGENT if key in agent}
    return {**definition, "execution_identity": agent.get("execution_identity") or SERVICE_ACCOUNT}
