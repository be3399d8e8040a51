"""Routes that the installed SDK has and the replay server doesn't, and why.

They are read in the SDK's source, so that what a new SDK brings is known as such, not as a mistyped path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import anthropic

REQUEST = re.compile(
    r'self\._(get|post|put|patch|delete|get_api_list)\(\s*(?:path_template\(\s*)?"(/v1/[^"?]*)'
)
NEW = "the installed SDK has it; this server doesn't know it yet"
# By what a path begins with; the first that fits says why.
REASONS = (
    ("/v1/messages/batches", "batches are no part of Managed Agents"),
    ("/v1/messages/count_tokens", "a recording has no tokens to count"),
    (
        "/v1/tunnels",
        "a research preview: tunnels to private MCP servers; nothing here is reached over a network",
    ),
    ("/v1/user_profiles", "profiles of end users are no part of Managed Agents"),
    ("/v1/organization", "the administration of an organization: this server has none, nor users or keys"),
    ("/v1/compliance", "the records of an organization: this server has none"),
)


@cache
def sdk_routes() -> tuple[tuple[str, str], ...]:
    """Every route that the installed SDK asks for: its method, and its path with names in braces."""
    found = set()
    for path in (Path(anthropic.__file__).parent / "resources").rglob("*.py"):
        for verb, route in REQUEST.findall(path.read_text("utf-8")):
            found.add((verb.removesuffix("_api_list").upper(), route))
    return tuple(sorted(found, key=lambda route: (route[1], route[0])))


def shape(path: str) -> str:
    """A path without the names of its ids: routes of the SDK and of the server are compared so."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def missing(served: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The SDK's routes that are not among these."""
    known = {(method, shape(path)) for method, path in served}
    return [route for route in sdk_routes() if (route[0], shape(route[1])) not in known]


def why(path: str) -> str:
    """Why a route of the SDK isn't served."""
    return next((reason for start, reason in REASONS if path.startswith(start)), NEW)


def told(method: str, path: str) -> str | None:
    """What to say about a request that no route of the server takes; None if the SDK has no such route."""
    for verb, route in sdk_routes():
        pattern = re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(route))
        if verb == method and re.fullmatch(pattern, path):
            return f"this replay server doesn't serve {method} {route}: {why(route)}"
    return None
