"""Which sources of addresses a web_fetch tool can be narrowed to. [sdk: the docstrings of `url_sources`]"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Resource = dict[str, Any]

MOST = 128  # tools in a list
WEB_TOOLS = ("web_search", "web_fetch")
USER, CLIENT, SERVER = "user_input", "client_tool_results", "server_tool_results"


def wrong_sources(tools: list[Resource]) -> Iterator[str]:
    """What is wrong with the sources of the web_fetch tools among these, each as what follows its path.

    Args:
        tools: all of an agent's or a session's, since a source names custom tools among them.
    """
    custom = dict.fromkeys(tool["name"] for tool in tools if tool["type"] == "custom")
    known = {CLIENT: custom, SERVER: dict.fromkeys(WEB_TOOLS)}
    for number, tool in enumerate(tools):
        for place, config in enumerate(tool.get("configs") or ()):
            given = {key: value for key, value in (config.get("url_sources") or {}).items() if value}
            at = f".{number}.configs.{place}.url_sources"
            if [_kind(given.get(key)) for key in (USER, CLIENT, SERVER)] == ["none"] * 3:
                yield f"{at}: all three are 'none', so nothing could be fetched; disable the tool instead"
            for key, names in known.items():
                if isinstance(given.get(key), dict) and "tools" in given[key]:
                    listed = [tool["name"] for tool in given[key]["tools"]]
                    yield from (f"{at}.{key}.tools: {told}" for told in _wrong_names(listed, names))


def shown(sources: Resource) -> Resource:
    """The sources as an answer has them: always in the object form, null where nothing was set. [sdk]"""
    return {
        key: {"type": value} if isinstance(value := sources.get(key), str) else value
        for key in (USER, CLIENT, SERVER)
    }


def _kind(source: Any) -> Any:
    return source.get("type") if isinstance(source, dict) else source


def _wrong_names(listed: list[str], known: Mapping[str, None]) -> Iterator[str]:
    if not 1 <= len(listed) <= MOST:
        yield f"1 to {MOST} entries, not {len(listed)}; 'all' and 'none' are written without a list"
    elif twice := next((name for name, count in Counter(listed).items() if count > 1), None):
        yield f"{twice!r} is there twice"
    elif unknown := next((name for name in listed if name not in known), None):
        yield f"{unknown!r} is not one of {', '.join(known) or 'no custom tools'}"
