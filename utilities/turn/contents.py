"""What a custom tool returned, as the content blocks that a session takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import IOBase
from types import BuiltinFunctionType, ModuleType
from typing import Any
from xml.etree import ElementTree

from pydantic import BaseModel

__all__ = ["result_content", "sendable", "text_block"]

BLOCKS = ("text", "image", "document", "search_result")  # what the SDK's types let a result consist of
LISTS = (list, tuple, set, frozenset, Iterator)
NAMELESS = re.compile(
    r"<.* at 0x[0-9A-Fa-f]+>"
)  # what Python writes for an object that writes nothing itself


def result_content(result: Any) -> list[dict[str, Any]]:
    """What a tool returned, as content blocks that a session takes.

    A text or content blocks are sent as they are, a table as its text, anything else as JSON; nothing becomes
    "(no output)". Lists are lists, tuples, sets, generators and what else is gone through once.

    Raises:
        TypeError: it can't be written down, as an open file can't.
    """
    if (
        isinstance(result, BaseModel | Mapping)
        and _is_block(block := _plain(result))
        and block["type"] in BLOCKS
    ):
        return [_block(block)]
    if _is_list(result):
        result = [_plain(item) for item in result]
        if all(map(_is_block, result)):
            return [_block(item) for item in result] or [text_block("")]
    if result is None or isinstance(result, str):
        return [text_block(result)]
    return [text_block(_table(result) or _json(result))]


def text_block(text: Any) -> dict[str, Any]:
    """A text as a content block, as it can be sent."""
    return {"type": "text", "text": sendable("" if text is None else str(text)) or "(no output)"}


def sendable(text: str) -> str:
    """The text without lone surrogates, which JSON over HTTP can't carry: they are replaced."""
    return text.encode("utf-8", "replace").decode()


def _is_list(value: Any) -> bool:
    return isinstance(value, LISTS) and not isinstance(value, IOBase) and not hasattr(value, "_asdict")


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    """As it is sent. What a session takes has a text or a source; a row of data may only look like it, and
    the Messages API has more kinds of blocks than a session takes: these are texts.

    Raises:
        TypeError: JSON can't carry what is in it, as an image's bytes.
    """
    kind = block["type"]
    if kind not in BLOCKS or ("text" if kind == "text" else "source") not in block:
        return text_block(_json(block))
    if kind == "text":
        block = {**block, **text_block(block["text"])}
    try:
        written = json.dumps(dict(block), ensure_ascii=False, allow_nan=False, default=_fields)
    except (TypeError, ValueError, RecursionError) as error:
        raise CannotBeWritten(f"the tool returned a block, {kind}, that can't be sent: {error}") from error
    plain: dict[str, Any] = json.loads(sendable(written))
    return plain


def _json(value: Any) -> str:
    try:
        return json.dumps(_plain(value), ensure_ascii=False, default=_written)
    except (ValueError, RecursionError):  # a value inside itself
        return _own_text(value)
    except TypeError as error:
        if isinstance(error, CannotBeWritten):
            raise
        return _own_text(value)  # a key that is no text


def _plain(value: Any) -> Any:
    """Its fields by their names, if it has any."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # a named tuple is more than a list
        return value._asdict()
    return value


def _fields(value: Any) -> Any:
    """Of what JSON has no form for, its fields.

    Raises:
        TypeError: it has none.
    """
    if (plain := _plain(value)) is value:
        raise TypeError(f"{type(value).__name__} is no JSON")
    return plain


def _written(value: Any) -> Any:
    """What JSON has no form for, in one that it has."""
    plain = _plain(value)
    if plain is not value:
        return plain
    if table := _table(value):
        return table
    if isinstance(value, Mapping) or (hasattr(value, "keys") and hasattr(value, "__getitem__")):
        return {key: value[key] for key in value.keys()}  # noqa: SIM118 (a row of a database has no other)
    if hasattr(value, "tolist"):  # arrays and their numbers
        return value.tolist()
    if _is_list(value):
        return list(value)
    return _own_text(value)


def _own_text(value: Any) -> str:
    """What it says of itself.

    Raises:
        TypeError: nothing but where it is in memory.
    """
    text = str(value)
    if isinstance(value, IOBase | ModuleType | BuiltinFunctionType | type) or NAMELESS.fullmatch(text):
        raise CannotBeWritten(
            f"the tool returned a {type(value).__name__}, which can't be written down: return a text, "
            "a dict or a list"
        )
    return text


def _table(value: Any) -> str | None:
    """A table of pandas, or an XML element, as its text; None for anything else."""
    if isinstance(value, ElementTree.Element):
        return ElementTree.tostring(value, encoding="unicode")
    if hasattr(value, "to_string") and hasattr(value, "index"):
        return str(value.to_string())  # whole: `str` leaves out the middle of a long one
    if hasattr(value, "to_dicts") and hasattr(value, "columns"):  # polars
        return _json(value.to_dicts())
    return None


class CannotBeWritten(TypeError):
    """A tool returned something that has no text."""
