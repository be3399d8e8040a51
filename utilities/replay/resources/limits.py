"""The limits of what can be sent: how long, how many, which characters, what goes with what.

The SDK's types say which fields there are, not how large; that is in their docstrings, and in the
documentation. All of it is here: `LIMITS` by the type of a body, one line for each field, and below it what
needs a look at more than one field. `checked` is how a resource reads its body.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

from anthropic.types.beta.agent_create_params import AgentCreateParams
from anthropic.types.beta.agent_update_params import AgentUpdateParams
from anthropic.types.beta.beta_managed_agents_model_param import BetaManagedAgentsModelParam
from anthropic.types.beta.deployment_create_params import DeploymentCreateParams
from anthropic.types.beta.deployment_update_params import DeploymentUpdateParams
from anthropic.types.beta.dream_create_params import DreamCreateParams
from anthropic.types.beta.environment_create_params import EnvironmentCreateParams
from anthropic.types.beta.environment_update_params import EnvironmentUpdateParams
from anthropic.types.beta.memory_store_create_params import MemoryStoreCreateParams
from anthropic.types.beta.memory_store_update_params import MemoryStoreUpdateParams
from anthropic.types.beta.session_create_params import SessionCreateParams
from anthropic.types.beta.session_update_params import SessionUpdateParams
from anthropic.types.beta.sessions.event_send_params import EventSendParams
from anthropic.types.beta.vault_create_params import VaultCreateParams
from anthropic.types.beta.vault_update_params import VaultUpdateParams
from anthropic.types.beta.vaults.credential_create_params import CredentialCreateParams
from anthropic.types.beta.vaults.credential_update_params import CredentialUpdateParams

from ..http.errors import ApiError
from ..http.validation import Resource, body_of
from ..recordings.costs import FAST
from . import domains, models, url_sources
from .cron import time_zones

# Gets a field's value, not null, and gives what is wrong with it, as it follows the field's path in a
# message: ": must not be empty", ".url: must not be empty".
Check = Callable[[Any], Iterable[str]]
Limit = tuple[str, Check]  # where: `tools.*.name`, with `*` for each entry of a list

REGIONS = ("us", "global")  # that a model can be pinned to [doc]
BUILT_IN = ("bash", "read", "write", "edit", "glob", "grep", "web_fetch", "web_search")
MOST_FILES = 500  # of one session [doc]
MOST_SKILLS = 500  # of one session, over all its agents [doc]
MOST_TOOLS = 256  # over all toolsets of an agent [sdk]
LONGEST_HOST = 255  # characters of a name with its wildcard [ours]
MOST_EVENTS = 1_000  # in one send: as many as a page of them has [ours]
MOST_OUTCOMES, MOST_FILE_DOCUMENTS = 1, 100  # in a session's initial events [doc]
NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")  # of a custom tool [sdk]
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")  # of a custom tool's input [doc]
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
ONE, MANY = (
    ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    ("anyOf", "oneOf", "allOf", "prefixItems"),
)  # keywords of a JSON Schema that hold another one, or a list of them
BY_NAME = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")


# -- checks of one field ----------------------------------------------------------------------------


def characters(least: int, most: int) -> Check:
    def check(text: str) -> Iterator[str]:
        if least and not text.strip():
            yield ": must not be empty"
        elif not least <= len(text) <= most:
            yield f": {least} to {most:,} characters, not {len(text):,}"

    return check


def not_empty(text: str) -> Iterator[str]:
    if not text.strip():
        yield ": must not be empty"


def entries(most: int) -> Check:
    def check(values: list[Any]) -> Iterator[str]:
        if len(values) > most:
            yield f": at most {most} entries, not {len(values)}"

    return check


def unique(key: str) -> Check:
    def check(values: list[Resource]) -> Iterator[str]:
        names = Counter(value[key] for value in values if key in value)
        if twice := next((name for name, count in names.items() if count > 1), None):
            yield f": {twice!r} is there twice; each {key} must be unique"

    return check


def at_most(most: int) -> Check:
    def check(number: int) -> Iterator[str]:
        if not 1 <= number <= most:
            yield f": 1 to {most}, not {number}"

    return check


def at_least_one(number: int) -> Iterator[str]:
    if number < 1:
        yield f": must be at least 1, not {number}"


def account_is_refused(scope: str) -> Iterator[str]:
    if scope == "account":
        yield ": an API organization supports only 'organization'; 'account' is rejected"


def bare_hosts(hosts: list[str]) -> Iterator[str]:
    """Names and `*.` wildcards, without scheme, port or path."""
    for number, host in enumerate(hosts):
        if len(host) > LONGEST_HOST or not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", host):
            told = "is not a bare host name or a *. wildcard (no scheme, port or path)"
            yield f".{number}: {host[:80]!r} {told}"


def printable(text: str) -> Iterator[str]:
    if CONTROL.search(text):
        yield ": must have no control characters"


def keys_not_empty(metadata: dict[str, Any]) -> Iterator[str]:
    if "" in metadata:
        yield ": a key must have 1 to 64 characters"


def model(given: Any) -> Iterator[str]:
    id = given if isinstance(given, str) else given["id"]
    if not id.strip():
        yield from not_empty(id)
    elif not models.runs_agents(id):
        yield f": {id!r} is no model that runs agents, as claude-opus-5 is: Claude 4.5 and later do"
    elif isinstance(given, dict) and given.get("speed") == "fast" and not models.runs_fast(id):
        yield f".speed: {id!r} has no fast mode; {', '.join(FAST)} have"
    elif isinstance(given, dict) and (effort := level(given)) not in (None, *models.efforts(id)):
        yield f".effort: {id!r} doesn't take {effort!r}; it takes {', '.join(models.efforts(id))}"
    elif isinstance(given, dict) and (pin := given.get("inference_geo")) is not None:
        if pin not in REGIONS:
            yield f".inference_geo: {pin[:80]!r} is not one of {', '.join(REGIONS)}"
        elif not models.can_be_pinned(id):
            yield f".inference_geo: {id!r} can't be pinned to a region; Claude 4.6 and later can"


def level(given: Resource) -> Any:
    """A model's effort, which is sent as "high" or as {"type": "high"}; None if none is."""
    effort = given.get("effort")
    return effort["type"] if isinstance(effort, dict) else effort


# -- checks of a toolset or a tool ------------------------------------------------------------------


def tool(given: Resource) -> Iterator[str]:
    """What is wrong with one entry of `tools`."""
    if given["type"] == "custom":
        yield from custom_tool(given)
    elif given["type"] == "mcp_toolset":
        yield from (f".mcp_server_name{told}" for told in characters(1, 255)(given["mcp_server_name"]))
        for number, config in enumerate(given.get("configs") or ()):
            yield from (f".configs.{number}.name{told}" for told in characters(1, 128)(config["name"]))
    else:
        for number, config in enumerate(given.get("configs") or ()):
            wrong = [*domains.wrong_lists(config), *user_location(config.get("user_location") or {})]
            if (tokens := config.get("max_content_tokens")) is not None and tokens < 1:
                wrong.append(f".max_content_tokens: must be a positive integer, not {tokens}")
            yield from (f".configs.{number}{told}" for told in wrong)


def user_location(location: Resource) -> Iterator[str]:
    country, timezone = location.get("country"), location.get("timezone")
    if country is not None and not re.fullmatch("[A-Z]{2}", country):
        yield ".user_location.country: not a country the search provider supports"
    if timezone is not None and timezone not in time_zones():
        yield f".user_location.timezone: {timezone!r} is not an IANA time zone"


def custom_tool(given: Resource) -> Iterator[str]:
    name = given["name"]
    if not NAME.fullmatch(name):
        yield f".name: {name[:140]!r} must have 1 to 128 letters, digits, underscores and hyphens"
    elif name in BUILT_IN or name.startswith("mcp__"):
        yield f".name: {name!r} is reserved, for a built-in tool or MCP servers' tools; take another one"
    if not given["description"].strip():
        yield ".description: must not be empty: it tells the agent when to use the tool"
    yield from (f".input_schema{told}" for told in input_schema(given["input_schema"]))


def input_schema(schema: Resource) -> Iterator[str]:
    if union := next((key for key in ("oneOf", "anyOf", "allOf") if key in schema), None):
        yield f".{union}: not at the top level of a schema"
    if reference := next((key for key in keys_in(schema) if key in REFERENCES), None):
        yield f": {reference} is not supported anywhere in it; put what it refers to in its place"
    for name in property_names(schema):
        if not PROPERTY.fullmatch(name):
            yield f".properties: {name[:80]!r} is not 1 to 64 letters, digits, _, . and -"


def keys_in(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


def property_names(schema: Any) -> Iterator[str]:
    """The names of an input's properties, of its parts too."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    yield from properties if isinstance(properties, dict) else ()
    inner = [schema.get(key) for key in ONE]
    for key in MANY:
        inner += schema[key] if isinstance(schema.get(key), list) else ()
    for key in BY_NAME:
        inner += schema[key].values() if isinstance(schema.get(key), dict) else ()
    for part in inner:
        yield from property_names(part)


# -- checks of events -------------------------------------------------------------------------------


def initial_events(events: list[Resource]) -> Iterator[str]:
    if sum(event["type"] == "user.define_outcome" for event in events) > MOST_OUTCOMES:
        yield ": at most one user.define_outcome"
    blocks = [block for event in events for block in event.get("content") or ()]
    files = [b for b in blocks if b["type"] == "document" and b["source"]["type"] == "file"]
    if len(files) > MOST_FILE_DOCUMENTS:
        yield f": at most {MOST_FILE_DOCUMENTS} documents from files, not {len(files)}"


def written_by_a_client(content: list[Resource]) -> Iterator[str]:
    if any(block["type"] == "redacted" for block in content):
        yield ": a redacted block comes only from the service"


def confirmation(event: Resource) -> Iterator[str]:
    if event.get("result") == "allow" and event.get("deny_message") is not None:
        yield ".deny_message: only with the result 'deny'"


def system_message(events: list[Resource]) -> Iterator[str]:
    """At most one, as the last event, behind what it accompanies. [sdk]"""
    at = [index for index, event in enumerate(events) if event["type"] == "system.message"]
    accompanied = ("user.message", "user.tool_result", "user.custom_tool_result")
    if at and (at != [len(events) - 1] or len(events) < 2 or events[-2]["type"] not in accompanied):
        yield f": one system.message at most, as the last event and right behind a {' or '.join(accompanied)}"
    if at and not 1 <= len(list(events[at[0]]["content"])) <= 1000:
        yield f".{at[0]}.content: 1 to 1000 text items"  # [doc]


def starts_work(events: list[Resource]) -> Iterator[str]:
    if not any(event["type"] in ("user.message", "user.define_outcome") for event in events):
        yield ": at least one user.message or user.define_outcome, which starts a session's work"


def files_to_mount(resources: list[Resource]) -> Iterator[str]:
    count = sum(resource["type"] == "file" for resource in resources)
    if count > MOST_FILES:
        yield f": at most {MOST_FILES} files, not {count}"


# -- the table --------------------------------------------------------------------------------------

TOOLS: tuple[Limit, ...] = (
    ("tools", entries(128)),  # [doc]
    ("tools.*", tool),
    ("tools", unique("name")),  # [doc]
    ("tools", url_sources.wrong_sources),  # [sdk]
    ("mcp_servers", entries(20)),  # [sdk]
    ("mcp_servers", unique("name")),  # [sdk]
    ("mcp_servers.*.name", characters(1, 255)),  # [sdk]
    ("mcp_servers.*.url", characters(1, 2_048)),  # [doc]
)
AGENT: tuple[Limit, ...] = (
    ("name", characters(1, 256)),  # [doc]
    ("description", characters(0, 2_048)),  # [doc]
    ("system", characters(0, 100_000)),  # [sdk]
    ("model", model),
    ("skills", entries(20)),  # [claimed: the skill]
    ("execution_identity.role_arn", characters(1, 2_048)),  # [sdk]
    ("version", at_least_one),  # [doc]
    ("multiagent.agents.*.version", at_least_one),  # [sdk]
    ("multiagent.subagents.predefined_agents.*.version", at_least_one),  # [sdk]
    ("multiagent.workflows.predefined_agents.*.version", at_least_one),  # [sdk]
    *TOOLS,
)
ENVIRONMENT: tuple[Limit, ...] = (
    ("name", not_empty),  # [ours]; how long it may be isn't published
    ("scope", account_is_refused),  # [sdk]
    ("config.networking.allowed_hosts", bare_hosts),  # [doc: how to write them]
)
STORE: tuple[Limit, ...] = (
    ("name", characters(1, 255)),  # [sdk]
    ("name", printable),  # [sdk]
    ("description", characters(0, 1_024)),  # [sdk]
    ("metadata", keys_not_empty),  # [sdk]
)
VAULT: tuple[Limit, ...] = (("display_name", characters(1, 255)),)  # [sdk]
OUTCOME: tuple[Limit, ...] = (
    ("max_iterations", at_most(20)),  # [sdk]
    ("rubric.content", characters(1, 262_144)),  # [sdk]
)


DEPLOYMENT: tuple[Limit, ...] = (
    ("name", not_empty),  # [sdk]
    ("agent.version", at_least_one),  # [sdk]
    ("initial_events", entries(50)),  # [sdk]
    ("initial_events", starts_work),  # [doc]
    ("initial_events", system_message),  # [sdk]
    ("resources", entries(500)),  # [sdk]
    ("vault_ids", entries(50)),  # [sdk]
)


def below(path: str, limits: Iterable[Limit]) -> tuple[Limit, ...]:
    return tuple((f"{path}.{field}", check) for field, check in limits)


STARTS: tuple[Limit, ...] = (  # what a session can begin with, a deployment's too
    *below("initial_events.*", OUTCOME),
    ("initial_events.*.content", written_by_a_client),  # [doc]
    ("initial_events", initial_events),  # [doc]
    ("resources", files_to_mount),  # [doc]
    ("resources.*.instructions", characters(0, 4_096)),  # [sdk]
)
LIMITS: dict[type, tuple[Limit, ...]] = {
    AgentCreateParams: AGENT,
    AgentUpdateParams: AGENT,
    EnvironmentCreateParams: ENVIRONMENT,
    EnvironmentUpdateParams: ENVIRONMENT,
    MemoryStoreCreateParams: STORE,
    MemoryStoreUpdateParams: STORE,
    VaultCreateParams: VAULT,
    VaultUpdateParams: VAULT,
    CredentialCreateParams: (("display_name", characters(0, 255)),),  # [sdk]
    CredentialUpdateParams: VAULT,
    EventSendParams: (
        ("events", entries(MOST_EVENTS)),
        *below("events.*", OUTCOME),
        ("events.*.content", written_by_a_client),  # [doc]
        ("events.*", confirmation),  # [sdk]
        ("events", system_message),
    ),
    SessionCreateParams: (
        *below("agent", AGENT),
        ("initial_events", entries(50)),  # [sdk]
        *STARTS,
    ),
    DeploymentCreateParams: (*DEPLOYMENT, *STARTS),
    DeploymentUpdateParams: (*DEPLOYMENT, *STARTS),
    SessionUpdateParams: below("agent", TOOLS),
    DreamCreateParams: (("instructions", characters(1, 4_096)),),  # [doc]
}


def checked(params: type, body: Any, *, in_path: tuple[str, ...] = ()) -> Resource:
    """A body as the SDK's `params` describe it, within the limits.

    Raises:
        ApiError: 400, naming the field and what is wrong with it.
    """
    given = body_of(params, body, in_path=in_path)
    wrong = [
        f"{where}{told}"
        for path, check in LIMITS.get(params, ())
        for where, value in found(path, given)
        for told in check(value)
    ]
    if wrong:
        raise ApiError(400, "; ".join(wrong[:3]) + (f" (and {len(wrong) - 3} more)" if wrong[3:] else ""))
    return given


def found(path: str, value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """The values at a path, each with where it is; what is left out or null is not there."""
    field, _, rest = path.partition(".")
    if value is None or (field != "*" and not isinstance(value, dict)):
        return
    inner = enumerate(value) if field == "*" else [(field, value.get(field))]
    for key, item in inner:
        here = f"{where}.{key}".lstrip(".")
        if rest:
            yield from found(rest, item, here)
        elif item is not None:
            yield here, item


# -- what goes with what ----------------------------------------------------------------------------


def check_agent(agent: Resource) -> None:
    """Refuse an agent, or a session's, whose parts don't fit together.

    Args:
        agent: with `tools` and `mcp_servers` as they will be, whatever of them was sent.

    Raises:
        ApiError: 400, naming the server or the number of tools.
    """
    tools: list[Resource] = agent["tools"]
    declared = [server["name"] for server in agent["mcp_servers"]]
    used = [tool["mcp_server_name"] for tool in tools if tool["type"] == "mcp_toolset"]
    if unknown := next((name for name in used if name not in declared), None):
        raise ApiError(
            400, f"tools: an mcp_toolset names the server {unknown!r}, which mcp_servers doesn't have"
        )
    if unused := next((name for name in declared if name not in used), None):
        raise ApiError(400, f"mcp_servers: no mcp_toolset in tools names the server {unused!r}")
    count = sum(map(tools_of, tools))
    if count > MOST_TOOLS:
        raise ApiError(400, f"tools: at most {MOST_TOOLS} tools over all toolsets, not {count}")


def check_skills(agents: Iterable[Resource]) -> None:
    """Refuse a session whose agents have too many skills between them, each counted once. [doc]

    Raises:
        ApiError: 400, with their number.
    """
    count = len({(skill["type"], skill["skill_id"]) for agent in agents for skill in agent["skills"]})
    if count > MOST_SKILLS:
        raise ApiError(400, f"agent: at most {MOST_SKILLS} skills in a session, over all agents, not {count}")


def tools_of(tool: Resource) -> int:
    """How many tools an entry brings, as far as that can be seen here: of an MCP server those it names."""
    if tool["type"] == "custom":
        return 1
    return len(BUILT_IN) if tool["type"] != "mcp_toolset" else len(tool.get("configs") or ())


# Whose price is known: those that the installed SDK names, of any date. The list of the service isn't
# published, and there is none of prices in the SDK. [ours]
PRICED = get_args(get_args(BetaManagedAgentsModelParam)[0])


def check_prices(models: Iterable[str]) -> None:
    """Refuse a budget for a session that could run a model without a list price. [sdk, doc]

    Raises:
        ApiError: 400 `model_not_budgetable`, naming the model.
    """
    for id in models:
        if re.sub(r"-\d{8}$", "", id) not in PRICED and id not in PRICED:
            message = f"budget: no list price is available for the model {id!r}: leave the budget out"
            raise ApiError(400, message, code="model_not_budgetable")


# Models whose agents take a system.message; of any date. [doc]
TAKES_SYSTEM_MESSAGES = ("claude-opus-4-8", "claude-fable-5", "claude-mythos-5", "claude-opus-5")


def check_system_messages(model: str) -> None:
    """Refuse a system.message for a model that has no place for one in a conversation. [doc]

    Raises:
        ApiError: 400 `model_does_not_support_mid_conversation_system`.
    """
    if re.sub(r"-\d{8}$", "", model) not in TAKES_SYSTEM_MESSAGES:
        message = f"events: {model!r} takes no system.message; {', '.join(TAKES_SYSTEM_MESSAGES)} do"
        raise ApiError(400, message, code="model_does_not_support_mid_conversation_system")
