"""JSON Schemas as agents take them: without references. [doc: a tool's `$ref` is refused]"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

PLACES = ("#/$defs/", "#/definitions/")


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with everything that it refers to in the place of the reference.

    Args:
        schema: as pydantic writes it, nested models in `$defs`.

    Raises:
        ValueError: a model that contains itself, which can't be written without a reference; or a reference
            to something that isn't in `$defs`. The message names it.
    """
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    rest = {key: value for key, value in schema.items() if key not in ("$defs", "definitions")}
    whole: dict[str, Any] = _inlined(rest, definitions, ())
    return whole


def _inlined(node: Any, definitions: dict[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions, within) for item in node]
    if not isinstance(node, dict):
        return node
    # A union's `discriminator` repeats its references as texts; the members' own constants say the same.
    kept = {key: value for key, value in node.items() if not (key == "discriminator" and "oneOf" in node)}
    reference = kept.get("$ref")
    if not isinstance(reference, str):
        return {key: _inlined(value, definitions, within) for key, value in kept.items()}
    name = _named(reference, definitions)
    if name in within:
        raise ValueError(f"{name} contains itself")
    beside = {key: value for key, value in kept.items() if key != "$ref"}
    target = _inlined(definitions[name], definitions, (*within, name))
    return {**target, **_inlined(beside, definitions, within)}


def _named(reference: str, definitions: dict[str, Any]) -> str:
    """The name of the definition that a reference leads to."""
    if reference == "#":
        raise ValueError("the schema contains itself")
    for place in PLACES:
        name = unquote(reference.removeprefix(place)).replace("~1", "/").replace("~0", "~")
        if reference.startswith(place) and name in definitions:
            return name
    raise ValueError(f"{reference} isn't in its $defs")
