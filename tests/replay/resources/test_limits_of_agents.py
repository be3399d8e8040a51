"""What an agent can't be: too long, too many, wrongly named, or with parts that don't fit together."""

import functools

import pytest

from tests.kit.calling import AGENT, Caller, serving, strict
from tests.kit.scripts import going
from utilities.replay.resources.limits import BUILT_IN

rule = functools.partial(pytest.mark.rule, topic="agents")

TOOLSET = {"type": "agent_toolset_20260401"}
TOOL = {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}}
SERVER = {"type": "url", "name": "docs", "url": "https://mcp.example.com"}
MCP = {"type": "mcp_toolset", "mcp_server_name": "docs"}


def custom(**fields):
    return {"tools": [{**TOOL, **fields}]}


def schema(**fields):
    return custom(input_schema={"type": "object", **fields})


def web(*domains, name="web_fetch", field="allowed_domains"):
    return {"tools": [{**TOOLSET, "configs": [{"name": name, field: list(domains)}]}]}


def servers(count, **fields):
    """So many MCP servers, each used by a toolset."""
    names = [f"s{number}" for number in range(count)]
    return {
        "mcp_servers": [{**SERVER, "name": name, **fields} for name in names],
        "tools": [{**MCP, "mcp_server_name": name} for name in names],
    }


def refused(call, fields, told):
    """The same at creation and at an update, and neither has an effect."""
    agent = call.post("/agents", AGENT)
    made = call.post("/agents", {**AGENT, **fields}, 400)
    changed = call.post(f"/agents/{agent['id']}", fields, 400)
    assert told in made and told in changed
    assert len(made) < 700
    assert call.get("/agents")["data"] == [agent]


@rule(
    "an agent's name has 1 to 256 characters, its description up to 2,048, its system prompt up to 100,000",
    evidence="doc",
)
@pytest.mark.parametrize(("field", "most"), [("name", 256), ("description", 2_048), ("system", 100_000)])
def test_texts_of_an_agent(call, field, most):
    refused(call, {field: "x" * (most + 1)}, f"{field}: ")
    assert call.post("/agents", {**AGENT, field: "ü" * most})[field] == "ü" * most


@rule(
    "a model that is empty is 400",
    evidence="ours",
    note="the hosted API refuses every model that it doesn't know; which it knows isn't published, so here "
    "all others are taken",
)
@pytest.mark.parametrize("model", ["", " ", {"id": ""}])
def test_a_model_has_a_name(call, model):
    refused(call, {"model": model}, "model: must not be empty")


@rule("an agent has at most 20 skills", evidence="claimed", source="Anthropic's skill")
def test_at_most_twenty_skills(call):
    skills = [{"type": "anthropic", "skill_id": "xlsx"}] * 21
    refused(call, {"skills": skills, "tools": [TOOLSET]}, "skills: at most 20")
    call.post("/agents", {**AGENT, "skills": skills[:20], "tools": [TOOLSET]})


@rule("`tools` has at most 128 entries", evidence="doc", source="the page about self-hosted sandboxes")
def test_at_most_128_entries_in_tools(call):
    tools = [{**TOOL, "name": f"t{number}"} for number in range(257)]
    refused(call, {"tools": tools}, "tools: at most 128 entries, not 257")
    assert "not 129" in call.post("/agents", {**AGENT, "tools": tools[:129]}, 400)
    call.post("/agents", {**AGENT, "tools": tools[:128]})


@rule(
    "an agent has at most 256 tools over all toolsets",
    evidence="sdk",
    source="the docstring of `tools`",
    note="what an MCP server has isn't known when an agent is saved: here those count that the toolset names",
)
def test_at_most_256_tools_over_all_toolsets(call):
    for count, status in ((249, 400), (248, 200)):  # and the eight that are built in
        named = {**MCP, "configs": [{"name": f"t{number}"} for number in range(count)]}
        body = {**AGENT, "tools": [TOOLSET, named], "mcp_servers": [SERVER]}
        answer = call.post("/agents", body, status)
        assert status == 200 or "at most 256 tools over all toolsets, not 257" in answer


@rule(
    "a custom tool's name has 1 to 128 letters, digits, `_`, `-`, is there once, and is no built-in tool's; "
    "`mcp__` is reserved",
    evidence="doc",
    source="the page about self-hosted sandboxes",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (custom(name=""), "tools.0.name: '' must have 1 to 128"),
        (custom(name="order status"), "tools.0.name: 'order status' must have"),
        (custom(name="größe"), "tools.0.name: "),
        (custom(name="a.b"), "tools.0.name: "),
        (custom(name="x" * 129), "tools.0.name: "),
        (custom(name="mcp__docs__search"), "tools.0.name: 'mcp__docs__search' is reserved"),
        *((custom(name=name), f"tools.0.name: '{name}' is reserved") for name in BUILT_IN),
        ({"tools": [TOOL, TOOL]}, "tools: 't' is there twice"),
    ],
)
def test_names_of_custom_tools(call, fields, told):
    refused(call, fields, told)
    call.post("/agents", {**AGENT, **custom(name="a-Z_0" + "x" * 123)})


@rule("a custom tool has a description that isn't empty", evidence="doc")
@pytest.mark.parametrize("description", ["", " \n"])
def test_a_custom_tool_is_described(call, description):
    refused(call, custom(description=description), "tools.0.description: must not be empty")


@rule(
    "an `input_schema` has no `$ref` anywhere, no `oneOf`, `anyOf`, `allOf` at its top, and property names "
    "of 1 to 64 letters, digits, `_`, `.`, `-`",
    evidence="doc",
    source="the page about self-hosted sandboxes",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (schema(properties={"a": {"$ref": "#/$defs/A"}}, **{"$defs": {"A": {}}}), "$ref is not supported"),
        (schema(properties={"a": {"type": "array", "items": [{"$ref": "#"}]}}), "$ref is not supported"),
        (schema(oneOf=[{}]), "tools.0.input_schema.oneOf: not at the top level"),
        (schema(anyOf=[{}]), "tools.0.input_schema.anyOf: "),
        (schema(allOf=[{}]), "tools.0.input_schema.allOf: "),
        (schema(properties={"a b": {}}), "tools.0.input_schema.properties: 'a b'"),
        (schema(properties={"": {}}), "tools.0.input_schema.properties: ''"),
        (schema(properties={"x" * 65: {}}), "tools.0.input_schema.properties: "),
        (
            schema(properties={"a": {"anyOf": [{"type": "object", "properties": {"ä": {}}}]}}),
            "tools.0.input_schema.properties: 'ä'",
        ),
    ],
)
def test_schemas_of_custom_tools(call, fields, told):
    refused(call, fields, told)


def test_what_a_schema_may_have(call):
    inner = {"type": "object", "properties": {"a.b-c_D": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    call.post("/agents", {**AGENT, **schema(properties={"x": inner}, additionalProperties=False, title="T")})


@rule(
    "an agent has at most 20 MCP servers, with unique names; each is named by a toolset, and each "
    "toolset names one",
    evidence="sdk",
    source="the docstring of `mcp_servers`",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (servers(21), "mcp_servers: at most 20 entries, not 21"),
        ({"mcp_servers": [SERVER, SERVER], "tools": [MCP]}, "mcp_servers: 'docs' is there twice"),
        ({"mcp_servers": [SERVER]}, "no mcp_toolset in tools names the server 'docs'"),
        ({"tools": [MCP]}, "names the server 'docs', which mcp_servers doesn't have"),
        (servers(1, name=""), "mcp_servers.0.name: must not be empty"),
        (servers(1, name="x" * 256), "mcp_servers.0.name: "),
        (servers(1, url="https://" + "x" * 2_041), "mcp_servers.0.url: 1 to 2,048 characters"),
    ],
)
def test_mcp_servers_of_an_agent(call, fields, told):
    refused(call, fields, told)
    call.post("/agents", {**AGENT, **servers(20)})


def test_a_server_and_its_toolset_go_together(call):
    agent = call.post("/agents", {**AGENT, "mcp_servers": [SERVER], "tools": [MCP]})
    path = f"/agents/{agent['id']}"
    assert "'docs'" in call.post(path, {"mcp_servers": []}, 400)
    assert "'docs'" in call.post(path, {"tools": None}, 400)
    assert call.post(path, {"mcp_servers": [], "tools": None})["version"] == 2


@rule(
    "a domain list has 1 to 64 names of 1 to 255 characters, none twice, and is either allowed or blocked",
    evidence="doc",
    source="the page about tools, with the hosted words",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"tools": [{**TOOLSET, "configs": [{"name": "web_search", "allowed_domains": ["a.com"],
                                                "blocked_domains": ["b.com"]}]}]},
            "Only one of allowed_domains or blocked_domains may be set.",
        ),
        (web(), "allowed_domains: Empty list of domains is ambiguous. Provide at least one domain or null."),
        (web(field="blocked_domains"), "blocked_domains: Empty list of domains is ambiguous."),
        (web(*(f"h{n}.example.com" for n in range(65))), "allowed_domains: at most 64 domains, not 65"),
        (web("a.com", "A.com/"), "allowed_domains.1: 'A.com/' is in the list twice"),
        (web(""), "allowed_domains.0: a domain has 1 to 255 characters"),
        (web("x" * 252 + ".com"), "allowed_domains.0: a domain has 1 to 255"),
    ],
)  # fmt: skip
def test_lists_of_domains(call, fields, told):
    refused(call, fields, told)
    call.post("/agents", {**AGENT, **web(*(f"h{n}.example.com" for n in range(64)))})


@rule(
    "a domain is a full host name in ASCII: no scheme, port, wildcard, address, local name, registry suffix",
    evidence="doc",
    source="the page about tools",
    note="of the registry suffixes with two parts only the most used ones are known here",
)
@pytest.mark.parametrize(
    ("domain", "told"),
    [
        ("https://example.com", "is a URL"),
        ("example.com:443", "is not a plain host name"),
        ("*.example.com", "is not a plain host name"),
        ("user@example.com", "is not a plain host name"),
        ("exa mple.com", "is not a plain host name"),
        ("-a.example.com", "is not a plain host name"),
        ("a-.example.com", "is not a plain host name"),
        ("example..com", "is not a plain host name"),
        ("münchen.de", "is not ASCII"),
        ("127.0.0.1", "IP addresses are not supported; "),
        ("127.1", "IP addresses are not supported; "),
        ("2130706433", "IP addresses are not supported; "),
        ("0x7f000001", "IP addresses are not supported; "),
        ("::1", "IP addresses are not supported; "),
        ("[::1]", "IP addresses are not supported; "),
        ("com", "is not a full domain"),
        ("co.uk", "is not a full domain"),
        ("gov.uk", "is not a full domain"),
        ("intranet", "is not a full domain"),
        ("localhost", "is no public name"),
        ("a.localhost", "is no public name"),
        ("a.local", "is no public name"),
        ("a.internal", "is no public name"),
        ("a.localdomain", "is no public name"),
        ("a.invalid", "is no public name"),
        ("example.com/blog", "has a path"),
    ],
)
def test_a_domain_that_is_refused(call, domain, told):
    refused(call, web(domain), "allowed_domains.0: ")
    message = call.post("/agents", {**AGENT, **web(domain, field="blocked_domains")}, 400)
    assert message.startswith("tools.0.configs.0.blocked_domains.0: ") and told in message


@pytest.mark.parametrize("path", ["a b", "a?b", "a#b", "a$b", "a,b", "a|b", "a^b", "a!b"])
def test_a_search_may_have_a_plain_path_and_a_fetch_none(call, path):
    refused(call, web(f"example.com/{path}", name="web_search"), "a path can't contain")
    search = web("example.com/blog", "www.example.com", "example.com", "xn--mnchen-3ya.de", name="web_search")
    call.post("/agents", {**AGENT, **search})
    call.post("/agents", {**AGENT, **web("example.com/", "a_b.example.co.uk")})


@rule("a `user_location` has an IANA time zone and a country of two letters", evidence="doc")
@pytest.mark.parametrize(
    ("location", "told"),
    [
        ({"timezone": "Mars/Base"}, "user_location.timezone: "),
        ({"country": "Germany"}, "user_location.country: not a country the search provider supports"),
    ],
)
def test_where_a_search_is_made_from(call, location, told):
    config = {"name": "web_search", "user_location": {"type": "approximate", **location}}
    refused(call, {"tools": [{**TOOLSET, "configs": [config]}]}, told)
    fine = {"type": "approximate", "timezone": "Europe/Berlin", "country": "DE"}
    call.post("/agents", {**AGENT, "tools": [{**TOOLSET, "configs": [{**config, "user_location": fine}]}]})


@rule(
    "a model that stays keeps its effort, another one gets its default; `inference_geo` is cleared",
    evidence="doc",
)
def test_what_an_update_of_the_model_keeps(call):
    model = {"id": "claude-opus-5", "effort": "low", "inference_geo": "us"}
    agent = call.post("/agents", {**AGENT, "model": model})
    path = f"/agents/{agent['id']}"
    assert agent["model"]["inference_geo"] == "us"
    same = call.post(path, {"model": "claude-opus-5"})["model"]
    assert (same["effort"], same.get("inference_geo")) == ({"type": "low"}, None)
    other = call.post(path, {"model": {"id": "claude-opus-5-5"}})["model"]
    assert other["effort"] == {"type": "high"}


def pinned(region, id="claude-opus-5"):
    return {"model": {"id": id, "inference_geo": region}}


@rule(
    "`inference_geo` is `us` or `global`, and for Claude 4.6 and later; else it is 400",
    evidence="doc", source="agent setup, and the page about data residency",
)  # fmt: skip
@pytest.mark.parametrize(
    "fields",
    [
        pinned("eu"),
        pinned(""),
        pinned("us", "claude-haiku-4-5-20251001"),
        pinned("us", "claude-sonnet-4-5"),
    ],
)
def test_pins_that_are_refused(call, fields):
    refused(call, fields, "model.inference_geo: ")


def test_pins_that_are_taken(call):
    for fields in (pinned("global", "claude-sonnet-4-6"), pinned("us", "claude-haiku-5-5"), pinned(None)):
        call.post("/agents", {**AGENT, **fields})


@rule(
    "in a roster all models are pinned to one region, or none is: else it is 400, when the agent is saved "
    "and when a session's override changes a pin",
    evidence="doc", source="multi-agent orchestration",
)  # fmt: skip
def test_pins_of_a_roster(call):
    us, free = (call.post("/agents", {**AGENT, **pinned(region)})["id"] for region in ("us", None))
    both = {"multiagent": {"type": "coordinator", "agents": [us, {"type": "self"}]}}
    assert f"the model of {us} is pinned to 'us'" in call.post("/agents", {**AGENT, **both}, 400)
    leader = call.post("/agents", {**AGENT, **pinned("us"), **both})["id"]
    assert "`inference_geo`" in call.post(f"/agents/{leader}", pinned("global"), 400)
    mixed = {"multiagent": {"type": "coordinator", "agents": [us, free]}}
    assert f"the model of {free}" in call.post(f"/agents/{leader}", mixed, 400)
    agent = {"type": "agent_with_overrides", "id": leader}
    assert "`inference_geo`" in call.session(400, agent={**agent, "model": "claude-opus-5"})
    call.session(agent={**agent, **pinned("us", "claude-opus-4-8")})


@rule("`max_content_tokens` of web_fetch is a positive integer", evidence="doc", source="docs: tools")
@pytest.mark.parametrize("tokens", [0, -1])
def test_at_least_one_token(call, tokens):
    configured = {**TOOLSET, "configs": [{"name": "web_fetch", "max_content_tokens": tokens}]}
    refused(call, {"tools": [configured]}, "tools.0.configs.0.max_content_tokens: ")


def test_the_strict_client_sees_an_agent_at_its_limits():
    tools = [TOOLSET, *servers(20)["tools"], *({**TOOL, "name": f"t{n}"} for n in range(107))]
    with serving() as server, strict(server) as client:
        agent = client.beta.agents.create(
            name="x" * 256, model="claude-opus-5-5", description="x" * 2_048, system="x" * 100_000,
            tools=tools, mcp_servers=servers(20)["mcp_servers"],
        )  # fmt: skip
        assert len(agent.tools) == 128


@rule(
    "the name of an MCP tool that a toolset configures has 1 to 128 characters",
    evidence="sdk", source="its docstring",
)  # fmt: skip
@pytest.mark.parametrize("name", ["", "x" * 129])
def test_names_of_mcp_tools(call, name):
    configured = {**MCP, "configs": [{"name": name}]}
    refused(call, {"tools": [configured], "mcp_servers": [SERVER]}, "tools.0.configs.0.name: ")


@rule(
    "`speed: fast` is for models with a fast mode, Opus 5 and Opus 4.8; for others it is 400",
    evidence="sdk", source="the docstring of `speed`: invalid combinations are rejected at create time",
    note="of a model that is newer than the documentation it isn't said, so it is taken; the Messages API "
    "takes it for Opus 4.6 and runs that at the standard speed",
)  # fmt: skip
@pytest.mark.parametrize("id", ["claude-haiku-4-5-20251001", "claude-sonnet-5", "claude-opus-4-7"])
def test_models_without_a_fast_mode(call, id):
    refused(call, {"model": {"id": id, "speed": "fast"}}, "model.speed: ")


def test_models_with_a_fast_mode(call):
    for id in ("claude-opus-5", "claude-opus-4-8", "claude-opus-5-5"):
        assert (
            call.post("/agents", {**AGENT, "model": {"id": id, "speed": "fast"}})["model"]["speed"] == "fast"
        )


@rule(
    "a model takes the levels of effort that it has: `max` came with Claude 4.6, `xhigh` later, and models "
    "without effort take `high` only, which their agents show; another is 400",
    evidence="doc", source="the API reference of agents, and the page about effort",
    note="that agents of models without effort show `high` is ours; a model that is newer than the "
    "documentation takes all",
)  # fmt: skip
@pytest.mark.parametrize(
    ("id", "taken", "refusal"),
    [
        ("claude-haiku-4-5-20251001", "high", "low"),
        ("claude-opus-4-5", "low", "max"),
        ("claude-sonnet-4-6", "max", "xhigh"),
        ("claude-sonnet-5", "xhigh", None),
        ("claude-opus-9", "xhigh", None),
    ],
)
def test_levels_of_effort(call, id, taken, refusal):
    for effort in (refusal, {"type": refusal}) if refusal else ():
        refused(Caller(), {"model": {"id": id, "effort": effort}}, f"model.effort: {id!r} doesn't take")
    made = call.post("/agents", {**AGENT, "model": {"id": id, "effort": {"type": taken}}})
    assert made["model"]["effort"] == {"type": taken}


def fetching(**sources):
    return {"tools": [TOOL, {**TOOLSET, "configs": [{"name": "web_fetch", "url_sources": sources}]}]}


def only(*names, kind="only"):
    return {"type": kind, "tools": [{"type": "tool_reference", "name": name} for name in names]}


@rule(
    "`url_sources` of web_fetch: not all three `none`; a list has 1 to 128 names, none twice, of custom "
    "tools that there are or of the web tools; answers have the object form",
    evidence="sdk", source="the docstrings of `url_sources`",
)  # fmt: skip
@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (dict.fromkeys(["user_input", "client_tool_results", "server_tool_results"], "none"), "all three"),
        ({"client_tool_results": only()}, "client_tool_results.tools: 1 to 128 entries"),
        ({"server_tool_results": only(kind="except")}, "server_tool_results.tools: 1 to 128 entries"),
        ({"client_tool_results": only(*(f"t{n}" for n in range(129)))}, "not 129"),
        ({"client_tool_results": only("t", "t")}, "'t' is there twice"),
        ({"client_tool_results": only("T")}, "'T' is not one of t"),
        ({"server_tool_results": only("bash", kind="except")}, "'bash' is not one of web_search, web_fetch"),
    ],
)
def test_sources_of_addresses_that_are_refused(call, sources, told):
    refused(call, fetching(**sources), told)


def test_sources_of_addresses_are_answered_as_objects():
    with serving() as server:
        given = fetching(client_tool_results=only("t"), user_input="none")
        agent = strict(server).beta.agents.create(**{**AGENT, **given})
        sources = agent.tools[1].configs[0].url_sources
        assert (sources.user_input.type, sources.server_tool_results) == ("none", None)
        assert [tool.name for tool in sources.client_tool_results.tools] == ["t"]


@rule(
    "an execution identity's role has at most 2,048 characters",
    evidence="sdk", source="beta_managed_agents_aws_role_execution_identity_params.py",
)  # fmt: skip
def test_how_long_a_role_is(call):
    for length, status in ((2_049, 400), (2_048, 200)):
        role = {"type": "aws_role", "role_arn": "x" * length}
        call.post("/agents", {**AGENT, "execution_identity": role}, status)


@rule(
    "a version that an agent is asked for by, or that an update expects, is 1 or more (400)",
    evidence="doc", source="agent setup, and agent_retrieve_params.py",
)  # fmt: skip
def test_versions_begin_with_one(call):
    agent = call.post("/agents", AGENT)["id"]
    assert "version" in call.get(f"/agents/{agent}", 400, version="0")
    assert "version: must be at least 1" in call.post(f"/agents/{agent}", {"version": 0}, 400)
    none = {"type": "agent", "id": agent, "version": 0}
    rosters = [
        {"type": "coordinator", "agents": [agent, none]},
        *({"type": "multiagent_20261001", name: {"type": "enabled", "predefined_agents": [none]}}
          for name in ("subagents", "workflows")),
    ]  # fmt: skip
    for roster in rosters:
        assert "version: must be at least 1" in call.post("/agents", {**AGENT, "multiagent": roster}, 400)


# -- a roster -----------------------------------------------------------------------------------------


@rule("an advisor is the last of a roster, and no member has its name beside it", evidence="doc")
def test_an_advisor_comes_last():
    call = Caller(going())
    member = call.post("/agents", AGENT)["id"]
    advisor = {"type": "advisor", "model": "claude-opus-5"}
    roster = {"type": "coordinator", "agents": [advisor, member]}
    made = call.post("/agents", {**AGENT, "multiagent": roster})["multiagent"]["agents"]
    assert [entry["type"] for entry in made] == ["agent", "advisor"]
    named = call.post("/agents", {**AGENT, "name": "anthropic.advisor"})["id"]
    taken = {"type": "coordinator", "agents": [named, advisor]}
    assert "anthropic.advisor" in call.post("/agents", {**AGENT, "multiagent": taken}, 400)


def advised_by(model, kind="coordinator"):
    if kind == "coordinator":
        return {"multiagent": {"type": kind, "agents": [{"type": "advisor", "model": model}]}}
    return {"multiagent": {"type": kind, "advisor": {"type": "enabled", "model": model}}}


@rule(
    "an advisor is Sonnet 4.6 or more capable, and not less capable than the agent's own model; another pair "
    "is 400 when the agent is saved, and names both",
    evidence="doc", source="multi-agent orchestration, and the table of the page about the advisor tool",
    note="a pair with a model that is newer than the table of August 2026 is taken, and what a session's "
    "override of the model does to a pair isn't said",
)  # fmt: skip
@pytest.mark.parametrize("kind", ["coordinator", "multiagent_20261001"])
@pytest.mark.parametrize(
    ("model", "advisor"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-haiku-4-5", "claude-opus-4-5-20251101"),
        ("claude-sonnet-4-5", "claude-opus-5"),
        ("claude-opus-4-6", "claude-sonnet-4-6"),
        ("claude-sonnet-5", "claude-opus-4-6"),
        ("claude-opus-4-7", "claude-sonnet-5"),
        ("claude-opus-5", "claude-opus-4-8"),
        ("claude-fable-5-2", "claude-haiku-4-5-20251001"),
    ],
)
def test_a_pair_with_an_advisor_that_is_refused(call, model, advisor, kind):
    refused(
        call, {"model": model, **advised_by(advisor, kind)}, f"'{advisor}' can't advise an agent that runs"
    )
    saved = call.post("/agents", {**AGENT, "model": model})["id"]
    assert f"'{model}'" in call.post(f"/agents/{saved}", advised_by(advisor, kind), 400)


@pytest.mark.parametrize(
    ("model", "advisor"),
    [
        ("claude-haiku-4-5-20251001", "claude-sonnet-4-6"),
        ("claude-opus-4-8", "claude-opus-4-7"),
        ("claude-mythos-5", "claude-fable-5"),
        ("claude-opus-5-5", "claude-opus-5"),  # newer than the table
        ("claude-opus-5", "claude-opus-5-5"),
    ],
)
def test_a_pair_with_an_advisor_that_is_taken(call, model, advisor):
    call.post("/agents", {**AGENT, "model": model, **advised_by(advisor)})


def test_an_agent_with_an_advisor_gets_no_model_that_is_more_capable(call):
    agent = call.post("/agents", {**AGENT, **advised_by("claude-sonnet-4-6")})["id"]
    assert "can't advise" in call.post(f"/agents/{agent}", {"model": "claude-opus-5"}, 400)
    call.post(f"/agents/{agent}", {"model": "claude-opus-5", "multiagent": None})


@rule(
    "an agent's model is Claude 4.5 or later; another, or none, is 400",
    evidence="doc", source="docs: agent setup",
    note="that only those are supported is documented, the status isn't; that a "
    "model is there if the SDK names its family, whatever the version, is ours",
)  # fmt: skip
@pytest.mark.parametrize(
    "model", ["claude-no-such-model", "gpt-9", "", "claude-opus-4-1", "claude-3-opus", "Claude"]
)
def test_a_model_that_runs_no_agents_is_refused(model):
    call = Caller()
    assert call.post("/agents", {**AGENT, "model": model}, 400).startswith("model: ")
    assert call.post("/agents", {**AGENT, "model": {"id": model}}, 400).startswith("model: ")
    agent = call.post("/agents", AGENT)["id"]
    call.post(f"/agents/{agent}", {"model": model}, 400)
    overrides = {"type": "agent_with_overrides", "id": agent, "model": model}
    call.session(agent=overrides, status=400)
    roster = {"type": "coordinator", "agents": [{"type": "advisor", "model": model}]}
    assert "can advise" in call.post("/agents", {**AGENT, "multiagent": roster}, 400)


@pytest.mark.parametrize(
    "model", ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-opus-99", "claude-mythos-preview"]
)
def test_a_model_that_the_sdk_does_not_name_yet_is_taken(model):
    assert Caller().post("/agents", {**AGENT, "model": model})["model"]["id"] == model
