"""Requests checked against the SDK's own parameter types; there is no second copy of the schema.

The SDK's `*_params` TypedDicts are read by pydantic as they are. Two things are changed in
what pydantic makes of them: `Iterable` fields would be checked only when somebody iterates,
so they become lists, and unknown fields are refused, so that a typo gets an answer.

What is wrong with a body is found and told in a time that its size doesn't multiply: a list is read up to its
first wrong entry, and `requests` bounds how many keys an object has.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from .errors import ApiError

Resource = dict[str, Any]  # of the API, as JSON has it
QUOTED = 100  # characters of a key that are told
NOT_IN_BODY = ("betas", "workspace_id")  # header parameters that the SDK's types carry along


def body_of(params: type, body: Any, *, in_path: tuple[str, ...] = ()) -> Resource:
    """A request's body as the SDK's `params` type describes it.

    Args:
        params: the SDK's type, which also has what goes into headers and the path; that is refused in a body.
        body: as it came.
        in_path: those fields of `params` that this request has in its path.

    Raises:
        ApiError: 400, naming the field and what is wrong with it.
    """
    elsewhere = (*NOT_IN_BODY, *in_path)
    if isinstance(body, dict) and (stray := next((key for key in elsewhere if key in body), None)):
        raise ApiError(400, f"{stray}: Extra inputs are not permitted")
    if not in_path or not isinstance(body, dict):
        return validate(params, body)
    given = validate(params, {**body, **dict.fromkeys(in_path, "")})
    return {key: value for key, value in given.items() if key not in in_path}


def validate(params: type, body: Any) -> dict[str, Any]:
    """`body` as the SDK's `params` type describes it.

    Raises:
        ApiError: 400, naming the field (`resources.0.mount_path`) and what is wrong with it.
    """
    if not isinstance(body, dict):
        raise ApiError(400, f"the body must be a JSON object, not {type(body).__name__}")
    try:
        return dict(_validator(params).validate_python(body, strict=False))
    except ValidationError as error:
        raise ApiError(400, describe(error.errors(include_url=False), body)) from error


@cache
def _validator(params: type) -> SchemaValidator:
    return SchemaValidator(_tightened(TypeAdapter(params).core_schema))


def _tightened(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_tightened(item) for item in node)
    if not isinstance(node, dict):
        return node
    node = {key: _tightened(value) for key, value in node.items()}
    if node.get("type") == "generator":
        node = {"type": "list", "items_schema": node["items_schema"]}
    if node.get("type") in ("list", "dict"):
        node["fail_fast"] = (
            True  # a union has an error for each member: a thousand entries have many thousands
        )
    if node.get("type") == "typed-dict" and "extras_schema" not in node:
        node["extra_behavior"] = "forbid"
    return node


def describe(errors: Sequence[ErrorDetails], body: Any) -> str:
    """One line for pydantic's errors: for a union, only what is wrong with the member that was meant."""
    chosen = [(_field(error, body), error) for error in errors]
    wrong_types = {
        field: len(error["loc"])
        for field, error in chosen
        if error["loc"][-1:] == ("type",) and error["type"] in ("literal_error", "missing")
    }
    # Outer unions first: they decide which inner ones count.
    for field in sorted(wrong_types, key=wrong_types.__getitem__):
        tags = [
            error
            for here, error in chosen
            if here == field
            and error["loc"][-1:] == ("type",)
            and error["type"] in ("literal_error", "missing")
        ]
        members = {tag["loc"][:-1] for tag in tags}  # all of one length: that of the way to this union
        others = [(here, error) for here, error in chosen if not _is_within(error, members)]
        meant = any(here.startswith(field.removesuffix("type")) for here, _ in others)
        if tags and not meant:
            return f"{field}: {_wrong_type(tags)}"
        chosen = others
    return _told(chosen)


def _told(errors: list[tuple[str, ErrorDetails]]) -> str:
    """The errors by field, the first three of them."""
    by_field: dict[str, list[ErrorDetails]] = {}
    for field, error in errors:
        by_field.setdefault(field, []).append(error)
    outer = {field[:dot] for field in by_field for dot in _dots(field)}
    lines = []
    for field, found in by_field.items():
        if field in outer:
            continue  # a member of the union got further into the value, and says more
        found = [error for error in found if error["type"] != "literal_error"] or found
        lines.append(f"{field}: {found[0]['msg']}")
    return "; ".join(lines[:3]) + (f" (and {len(lines) - 3} more)" if len(lines) > 3 else "")


def _is_within(error: ErrorDetails, places: set[tuple[int | str, ...]]) -> bool:
    return any(error["loc"][:length] in places for length in {len(place) for place in places})


def _dots(field: str) -> Iterator[int]:
    return (place for place, letter in enumerate(field) if letter == ".")


def _wrong_type(tags: list[ErrorDetails]) -> str:
    """No member of the union has this `type`: say which ones there are."""
    known = dict.fromkeys(tag["ctx"]["expected"] for tag in tags if "ctx" in tag)
    if not known:
        return "Field required"
    return f"{reprlib.repr(tags[0]['input'])} is unknown, expected {' or '.join(known)}"


def _field(error: ErrorDetails, body: Any) -> str:
    """The path of the field in the body; pydantic's also names union members, which tell a user nothing."""
    path, here = [], body
    for place, part in enumerate(error["loc"]):
        last_is_field = place == len(error["loc"]) - 1 and error["type"] in ("missing", "extra_forbidden")
        if isinstance(here, dict) and (part in here or last_is_field):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            continue
        path.append(str(part)[:QUOTED])
    return ".".join(path) or "body"
