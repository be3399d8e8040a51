"""Whether an agent has the tools that its scenario lets it call, where the scenario says which it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .format import Scenario
from .moves import ScriptedCall
from .parsing import Source

TOOLSET, MEMORY = "agent_toolset_20260401", "memory_"


def require_own(scenario: Scenario, turns: list[Source]) -> None:
    """Refuse a call of a tool that the agent doesn't have: a live one could not make it.

    Nothing is refused if the agent has no key `tools`; what other threads' agents have isn't said. A brain
    brings its memory tools with it.

    Args:
        scenario: a whole session.
        turns: where each turn stands.

    Raises:
        ScenarioError: the message has the file, the line and the key of the first such call.
    """
    if "tools" not in scenario.agent.model_fields_set:
        return
    tools = scenario.agent.tools
    for call, source in _calls(scenario, turns):
        of_memory = scenario.brain is not None and (call.custom or "").startswith(MEMORY)
        if not of_memory and not any(_has(tool, call) for tool in tools):
            kind = next(key for key in ("tool", "custom", "mcp") if getattr(call, key) is not None)
            name = getattr(call, kind)
            told = f"agent.tools has no {name}: {_needed(kind, name)}; or leave 'tools' out"
            raise source.error((kind,), told)


def _calls(scenario: Scenario, turns: list[Source]) -> Iterator[tuple[ScriptedCall, Source]]:
    """The calls of the agent itself, each with where it stands."""
    for turn, source in zip(scenario.turns, turns, strict=True):
        for number, request in enumerate(turn.requests):
            if request.thread is None:
                for index, call in enumerate(request.calls):
                    yield call, source.at("requests", number, "calls", index)


def _has(tool: dict[str, Any], call: ScriptedCall) -> bool:
    if call.custom is not None:
        return tool.get("type") == "custom" and tool.get("name") == call.custom
    if call.mcp is not None:
        server, _, name = call.mcp.partition("/")
        return tool.get("mcp_server_name") == server and _is_enabled(tool, name)
    return tool.get("type") == TOOLSET and _is_enabled(tool, str(call.tool))


def _is_enabled(toolset: dict[str, Any], name: str) -> bool:
    """By the entry of its own, else by the default, else it is. [doc]"""
    configs = [config for config in toolset.get("configs") or () if config.get("name") == name]
    said = [config.get("enabled") for config in [*configs, toolset.get("default_config") or {}]]
    return next((enabled for enabled in said if enabled is not None), True) is not False


def _needed(kind: str, name: str) -> str:
    if kind == "custom":
        return f'it needs {{ type = "custom", name = "{name}", … }}'
    if kind == "mcp":
        return f'it needs {{ type = "mcp_toolset", mcp_server_name = "{name.partition("/")[0]}" }}'
    return f'it needs {{ type = "{TOOLSET}" }}, with {name} enabled'
