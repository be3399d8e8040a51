"""Read an event of a session.

It works on the SDK's event objects (and on the same events as plain dicts), goes by an event's `type` and
never by its class, and expects any attribute to be missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "answered_call",
    "attribute",
    "content_text",
    "events_of",
    "json_text",
    "kind",
    "moment",
]

TOO_DEEP = "[nested too deeply to be shown]"


def attribute(thing: Any, name: str) -> Any:
    """`thing.name` or `thing["name"]`; None when there is none."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def kind(event: Any) -> str:
    """The event's type, or "event without a type"."""
    return str(attribute(event, "type") or "event without a type")


def moment(event: Any) -> datetime | None:
    """When the event was processed, with a time zone; None while it is queued."""
    at = attribute(event, "processed_at")
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            return None
    if not isinstance(at, datetime):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def events_of(events: Any) -> list[Any]:
    """Each event once, in the order given. A queued event gives way to itself with its time on."""
    found: dict[Any, Any] = {}
    for event in getattr(events, "events", events):
        id = attribute(event, "id")
        key = id if id and isinstance(id, str) else object()
        if key in found and moment(found[key]) is None and moment(event) is not None:
            del found[key]  # so that it goes in again, where it was processed
        found.setdefault(key, event)
    return list(found.values())


def answered_call(event: Any) -> str | None:
    """The id of the tool call that this event is the result of, else None."""
    if not kind(event).endswith("tool_result"):
        return None
    names = ("tool_use_id", "custom_tool_use_id", "mcp_tool_use_id")
    return next((str(value) for name in names if (value := attribute(event, name))), None)


def content_text(content: Any) -> str:
    """The text of content blocks; what isn't text is named in brackets."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list | tuple):  # which only a damaged event has
        return json_text(content)
    try:
        return "\n".join(_block_text(block) for block in content)
    except RecursionError:
        return TOO_DEEP


def _block_text(block: Any) -> str:
    if isinstance(block, str):
        return block
    text, title, source = (attribute(block, name) for name in ("text", "title", "source"))
    if isinstance(text, str):
        return text
    if kind(block) == "search_result":
        return f"[search result: {title or source}]\n{content_text(attribute(block, 'content'))}".rstrip()
    names = (attribute(source, name) for name in ("file_id", "url", "media_type"))
    return f"[{kind(block)}{''.join(f': {name}' for name in (title, *names) if isinstance(name, str))}]"


def json_text(value: Any) -> str:
    """The value as JSON, or however it can be shown."""
    try:
        try:
            return json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError):  # a key that is no text, a value inside itself
            return str(value)
    except RecursionError:
        return TOO_DEEP
