"""What differs between two versions of an agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from anthropic.types.beta import BetaManagedAgentsAgent

__all__ = ["changed"]

STAMPS = ("version", "created_at", "updated_at", "archived_at")  # which say when, and not what


def changed(old: BetaManagedAgentsAgent, new: BetaManagedAgentsAgent) -> list[str]:
    """The fields in which one version of an agent differs from another, as "model.effort.type".

    Args:
        old: a version, as `agents.retrieve` or `agents.update` returns it.
        new: another one.
    """
    return list(_different(old.to_dict(mode="json"), new.to_dict(mode="json")))


def _different(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _different(before, after, f"{above}{key}.")
        elif before != after and not (key in STAMPS and not above):
            yield above + key
