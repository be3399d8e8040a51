"""The headers that a request must have: a version, and for what is in beta the name of the beta."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import get_args

from anthropic.types.anthropic_beta_param import AnthropicBetaParam

from .errors import ApiError
from .requests import MANAGED_AGENTS

AGENT_MEMORY = "agent-memory-2026-07-22"  # of memory stores [doc]
# What each of these routes asks for, one of them; the others are generally available. [doc]
NEEDED = {
    **dict.fromkeys(("agents", "environments", "sessions", "vaults"), (MANAGED_AGENTS,)),
    **dict.fromkeys(("deployments", "deployment_runs"), (MANAGED_AGENTS,)),
    "memory_stores": (AGENT_MEMORY, MANAGED_AGENTS),
    "dreams": ("dreaming-2026-04-21",),  # the one of managed agents isn't enough
}
VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")  # [doc; the last one: sdk]
# Betas that are named in the documentation or sent by the SDK itself, and are not in its list. [doc, sdk]
ALSO_KNOWN = (
    "effort-2025-11-24",
    "fine-grained-tool-streaming-2025-05-14",
    "max-tokens-3-5-sonnet-2024-07-15",
    "search-results-2025-06-09",
    "oauth-2025-04-20",
    "oidc-federation-2026-04-01",
)
BETAS = frozenset({*get_args(get_args(AnthropicBetaParam)[1]), *ALSO_KNOWN})
DATE = re.compile(r"20\d\d-\d\d-\d\d")
NEWEST = max(beta[-len("2026-01-01") :] for beta in BETAS)


def require(path: str, version: str | None, betas: Set[str]) -> None:
    """Refuse a request without the headers that its route needs.

    Args:
        path: `/v1/agents` and so on.
        version: what `anthropic-version` says, if it is there.
        betas: what `anthropic-beta` names.

    Raises:
        ApiError: 400, without a version, with one that there isn't, or with a beta that there isn't; 404
            without the beta that the route belongs to.
    """
    if not version:
        raise ApiError(400, "anthropic-version: header is required")  # [doc; the words are claimed]
    if version not in VERSIONS and not _is_newer(version, max(VERSIONS)):
        raise ApiError(400, f"anthropic-version: {version[:80]!r} is not a valid version")  # [ours]
    if unknown := sorted(beta for beta in betas if not _is_known(beta)):
        named = ", ".join(f"`{beta[:80]}`" for beta in unknown[:5])
        raise ApiError(
            400,
            f"Unexpected value(s) {named} for the `anthropic-beta` header. Please consult our documentation "
            "at platform.claude.com/docs or try again without the header.",
        )  # [doc]
    needed = NEEDED.get((path.split("/", 3) + ["", ""])[2], ())
    if needed and not betas & set(needed):
        asked = " or ".join(f"`anthropic-beta: {beta}`" for beta in needed)
        raise ApiError(404, f"{path[:200]}: not found without the header {asked}")
    if len(needed) > 1 and betas >= set(needed):
        both = " and ".join(f"`{beta}`" for beta in needed)
        raise ApiError(400, f"anthropic-beta: {both} can't be combined on memory stores; send the first only")


def _is_known(beta: str) -> bool:
    """Whether there is such a beta; one that is newer than the SDK here may well be. [ours]"""
    return beta in BETAS or _is_newer(beta[-len(NEWEST) :], NEWEST)


def _is_newer(date: str, than: str) -> bool:
    return bool(DATE.fullmatch(date)) and date > than
