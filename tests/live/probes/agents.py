"""Agents: versions, limits, what is refused."""

from __future__ import annotations

from typing import Any

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import TOOL, Run


@probe("an unknown version of an agent is 404")
def an_unknown_agent_version(run: Run) -> Finding:
    got = reply(run.once.beta.agents.retrieve, run.plain_agent.id, version=999)
    return found(got.status == 404, got)


@probe("a session with an unknown version of an agent is 404")
def a_session_with_an_unknown_agent_version(run: Run) -> Finding:
    pinned = {"type": "agent", "id": run.plain_agent.id, "version": 999}
    got = reply(run.once.beta.sessions.create, **(run.wanted | {"agent": pinned}))
    return found(got.status == 404, got)


@probe(
    "an update with a stale `version` is 409 `Concurrent modification detected…`",
    rule="an update with a stale `version` is 409",
)
def a_stale_version(run: Run) -> Finding:
    agent = run.agent("stale")
    run.client.beta.agents.update(agent.id, version=agent.version, description="a change")
    got = reply(run.once.beta.agents.update, agent.id, version=agent.version, description="another")
    return found(got.status == 409 and "Concurrent modification detected" in got.message, got)


@probe("a 409 has the type `conflict_error`", rule="a 409 has the type", question="conflict-type")
def the_type_of_a_conflict(run: Run) -> Finding:
    agent = run.agent("conflict")
    run.client.beta.agents.update(agent.id, version=agent.version, description="a change")
    got = reply(run.once.beta.agents.update, agent.id, version=agent.version, description="another")
    return found(got.type == "conflict_error", got, answer=got.type)


@probe(
    "an update that changes nothing makes no version", rule="an update that changes nothing makes no version"
)
def a_change_that_changes_nothing(run: Run) -> Finding:
    agent = run.agent("unchanged")
    same = run.client.beta.agents.update(agent.id, version=agent.version, name=agent.name)
    return found(same.version == agent.version, f"version {agent.version}, then {same.version}")


@probe(
    "metadata: 17 pairs, a key of 65 and a value of 513 characters are 400", rule="metadata: at most 16 pairs"
)
def metadata_limits(run: Run) -> Finding:
    pairs = {**run.marks, **{f"key{number}": "x" for number in range(15)}}
    cases: dict[str, dict[str, str]] = {
        "17 pairs": pairs,
        "key of 65": {**run.marks, "k" * 65: "x"},
        "value of 513": {**run.marks, "k": "v" * 513},
    }
    return _all_refused(run, {case: {"metadata": metadata} for case, metadata in cases.items()})


@probe(
    "names of more than 256, prompts of more than 100,000, descriptions of more than 2,048 characters are "
    "400",
    rule="an agent's name has 1 to 256",
)
def lengths_of_an_agents_texts(run: Run) -> Finding:
    cases = {
        "name": {"name": run.name("x" * 256)},
        "system": {"system": "x" * 100_001},
        "description": {"description": "x" * 2_049},
    }
    return _all_refused(run, cases)


@probe(
    "a model that doesn't exist is 400",
    rule="an agent's model is Claude 4.5 or later; another, or none, is 400",
)
def an_unknown_model(run: Run) -> Finding:
    return _all_refused(run, {"model": {"model": "claude-no-such-model"}})


@probe(
    "21 MCP servers, a name twice, an unused server and an unknown one are 400",
    rule="an agent has at most 20 MCP servers",
)
def mcp_servers(run: Run) -> Finding:
    def servers(*names: str) -> list[dict[str, str]]:
        return [{"type": "url", "name": name, "url": f"https://{name}.example.com/mcp"} for name in names]

    def toolsets(*names: str) -> list[dict[str, str]]:
        return [{"type": "mcp_toolset", "mcp_server_name": name} for name in names]

    many = [f"s{number}" for number in range(21)]
    cases = {
        "21": {"mcp_servers": servers(*many), "tools": toolsets(*many)},
        "a name twice": {"mcp_servers": servers("a", "a"), "tools": toolsets("a")},
        "unused": {"mcp_servers": servers("a"), "tools": []},
        "unknown": {"mcp_servers": [], "tools": toolsets("a")},
    }
    return _all_refused(run, cases)


@probe(
    "a custom tool named with a space, by 129 characters, as a built-in one, or twice is 400",
    rule="a custom tool's name has 1 to 128",
)
def custom_tools(run: Run) -> Finding:
    toolset = {"type": "agent_toolset_20260401"}
    cases = {
        "a space": {"tools": [TOOL | {"name": "look up"}]},
        "129 characters": {"tools": [TOOL | {"name": "x" * 129}]},
        "built-in": {"tools": [toolset, TOOL | {"name": "bash"}]},
        "twice": {"tools": [TOOL, TOOL]},
    }
    return _all_refused(run, cases)


@probe("a custom tool without a description is 400", rule="a custom tool has a description")
def a_custom_tool_that_is_not_described(run: Run) -> Finding:
    return _all_refused(run, {"empty": {"tools": [TOOL | {"description": ""}]}})


@probe(
    "a custom tool's schema with `$ref`, or `anyOf` at its top, is 400",
    rule="an `input_schema` has no `$ref`",
)
def schemas_of_custom_tools(run: Run) -> Finding:
    text = {"type": "string"}
    nested = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": text}}
    either = {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    schemas = {"$ref": nested, "anyOf": either}
    return _all_refused(run, {case: {"tools": [TOOL | {"input_schema": s}]} for case, s in schemas.items()})


@probe(
    "`xhigh` for Sonnet 4.6, `max` for Opus 4.5 and `low` for Haiku 4.5 are 400",
    rule="a model takes the levels of effort that it has",
)
def levels_of_effort(run: Run) -> Finding:
    pairs = [("claude-sonnet-4-6", "xhigh"), ("claude-opus-4-5", "max"), ("claude-haiku-4-5", "low")]
    return _all_refused(
        run, {f"{id} {effort}": {"model": {"id": id, "effort": effort}} for id, effort in pairs}
    )


@probe("domain lists that are empty, both kinds at once, or URLs are 400", rule="a domain list has 1 to 64")
def domain_lists(run: Run) -> Finding:
    def fetching(**fields: Any) -> dict[str, Any]:
        toolset = {"type": "agent_toolset_20260401", "configs": [{"name": "web_fetch", **fields}]}
        return {"tools": [toolset]}

    cases = {
        "empty": fetching(allowed_domains=[]),
        "both": fetching(allowed_domains=["a.com"], blocked_domains=["b.com"]),
        "a URL": fetching(allowed_domains=["https://a.com/"]),
        "65": fetching(allowed_domains=[f"a{number}.com" for number in range(65)]),
    }
    return _all_refused(run, cases)


@probe(
    "an advisor below Sonnet 4.6, or less capable than the agent's own model, is 400",
    rule="an advisor is Sonnet 4.6 or more capable",
)
def advisors_that_are_refused(run: Run) -> Finding:
    pairs = [("claude-haiku-4-5", "claude-haiku-4-5"), ("claude-opus-5", "claude-sonnet-4-6")]
    cases = {}
    for model, advisor in pairs:
        roster = {"type": "coordinator", "agents": [{"type": "advisor", "model": advisor}]}
        cases[f"{advisor} for {model}"] = {"model": model, "multiagent": roster}
    return _all_refused(run, cases)


@probe(
    "`inference_geo` that is no region, or for a model before 4.6, is 400",
    rule="`inference_geo` is `us` or `global`",
)
def pins_that_are_refused(run: Run) -> Finding:
    cases = {
        "no region": {"model": {"id": "claude-sonnet-4-6", "inference_geo": "nowhere"}},
        "too old a model": {"model": {"id": "claude-haiku-4-5", "inference_geo": "us"}},
    }
    return _all_refused(run, cases)


@probe(
    "in a roster of which one is pinned to a region and another isn't the agent is 400",
    rule="in a roster all models are pinned to one region",
)
def a_roster_with_two_pins(run: Run) -> Finding:
    pinned = run.agent("pinned", model={"id": "claude-sonnet-4-6", "inference_geo": "global"})
    roster = {"type": "coordinator", "agents": [pinned.id]}
    return _all_refused(run, {"two pins": {"model": "claude-sonnet-4-6", "multiagent": roster}})


@probe(
    "a roster that is sent once more with a bare id is looked up anew",
    rule="a roster that is sent once more with a bare id is looked up anew",
)
def a_roster_sent_again(run: Run) -> Finding:
    member = run.agent("member")
    roster: Any = {"type": "coordinator", "agents": [member.id]}
    lead = run.agent("lead", multiagent=roster)
    run.client.beta.agents.update(member.id, version=member.version, description="a change")
    again = run.client.beta.agents.update(lead.id, version=lead.version, multiagent=roster)
    versions = [entry.to_dict().get("version") for entry in getattr(again.multiagent, "agents", ())]
    return found(versions == [2], f"the roster has version {versions}, the coordinator {again.version}")


@probe("`speed: fast` for a model without a fast mode is 400", rule="`speed: fast` is for models")
def a_model_without_a_fast_mode(run: Run) -> Finding:
    return _all_refused(run, {"haiku": {"model": {"id": "claude-haiku-4-5", "speed": "fast"}}})


@probe(
    "`url_sources` that are all none, an empty list and an unknown tool are 400",
    rule="`url_sources` of web_fetch",
)
def sources_of_addresses(run: Run) -> Finding:
    def narrowed(**sources: Any) -> dict[str, Any]:
        configs = [{"name": "web_fetch", "url_sources": sources}]
        return {"tools": [{"type": "agent_toolset_20260401", "configs": configs}]}

    unknown = [{"type": "tool_reference", "name": "no_such_tool"}]
    keys = ("user_input", "client_tool_results", "server_tool_results")
    cases = {
        "all none": narrowed(**dict.fromkeys(keys, "none")),
        "empty": narrowed(server_tool_results={"type": "only", "tools": []}),
        "unknown": narrowed(client_tool_results={"type": "except", "tools": unknown}),
    }
    return _all_refused(run, cases)


@probe("an archived agent can't be used by new sessions: 400", rule="an archived agent can't be used")
def an_archived_agent(run: Run) -> Finding:
    agent = run.agent("archived")
    run.client.beta.agents.archive(agent.id)
    got = reply(run.once.beta.sessions.create, **(run.wanted | {"agent": agent.id}))
    return found(got.status == 400, got)


@probe("an archived agent can't be updated: 400")
def an_archived_agent_updated(run: Run) -> Finding:
    agent = run.agent("archived-update")
    run.client.beta.agents.archive(agent.id)
    got = reply(run.once.beta.agents.update, agent.id, version=agent.version, description="a change")
    return found(got.status == 400, got)


def _all_refused(run: Run, cases: dict[str, dict[str, Any]]) -> Finding:
    """Whether an agent with each of these is 400."""
    wanted = {"name": run.name("refused"), "model": run.model, "metadata": run.marks}
    got = {case: reply(run.once.beta.agents.create, **(wanted | fields)) for case, fields in cases.items()}
    return found(
        all(one.status == 400 for one in got.values()),
        "; ".join(f"{case}: {one}" for case, one in got.items()),
    )
