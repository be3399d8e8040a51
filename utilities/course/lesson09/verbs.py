"""Which verbs each resource has, read from the SDK's client."""

from __future__ import annotations

import inspect
from operator import attrgetter
from typing import Any

from anthropic import Anthropic

from ..table import Table

__all__ = ["verbs"]

RESOURCES = (
    *("agents", "environments", "sessions", "vaults", "vaults.credentials", "memory_stores"),
    *("memory_stores.memories", "files", "skills", "deployments", "deployment_runs"),
)
VERBS = ("create", "retrieve", "update", "list", "archive", "delete")
OTHER_NAMES = {"upload": "create", "retrieve_metadata": "retrieve"}  # of the same verb, which files have


def verbs(client: Anthropic) -> Table:
    """The verbs of the resources of Managed Agents, as this version of the SDK has them.

    Args:
        client: the SDK's client; nothing is sent.

    Returns:
        A row for each resource: under each usual verb its method's name or "-", and under "more" the rest.
    """
    rows: dict[str, dict[str, str]] = {}
    for resource in RESOURCES:
        methods = _methods(attrgetter(resource)(client.beta))
        usual = {OTHER_NAMES.get(name, name): name for name in methods}
        row = {verb: usual.get(verb, "-") for verb in VERBS}
        rows[resource] = {**row, "more": ", ".join(sorted(set(methods) - set(row.values()))) or "-"}
    return Table("The SDK's verbs", rows)


def _methods(resource: Any) -> list[str]:
    found = inspect.getmembers(type(resource), inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_")]
