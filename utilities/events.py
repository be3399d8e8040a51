"""Read an event of a session, and make text that isn't trusted safe to show.

It works on the SDK's event objects (and on the same events as plain dicts), goes by an event's `type` and
never by its class, and expects any attribute to be missing.

What an agent or a tool wrote is not trusted: `cut` and `one_line` shorten it, and make its control
characters, terminal escapes and text-direction overrides visible instead of letting them act.

To copy it into a project: this one file, no other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "attribute",
    "call_answered",
    "content_text",
    "cut",
    "events_of",
    "json_text",
    "kind",
    "moment",
    "one_line",
    "visible",
]

SPARED_CHARACTERS = 40  # to say that these are left out would take as much room
LINE_CHARACTERS = 100  # of a tool's input, a name, an error, on their one line
TOO_DEEP = "[nested too deeply to be shown]"


# ---------------------------------------------------------------- reading events


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


def call_answered(event: Any) -> str | None:
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


# ---------------------------------------------------------------- untrusted text

# C0, C1, soft hyphen, fillers, bidi marks and overrides, zero-width, separators, surrogates, tags
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# More accents on a letter than any language has: they are drawn over the lines above and below.
_ACCENTS = "[\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED_UP = re.compile(f"(?<={_ACCENTS}{{4}}){_ACCENTS}")


def _picture_of(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """The text with every character that acts instead of showing (ESC, RTL override, …) made visible."""
    return _PILED_UP.sub(_picture_of, _INVISIBLE.sub(_picture_of, text.replace("\r\n", "\n")))


def cut(text: str, characters: int, lines: int | None = None) -> str:
    """The start of the text, visible; says how many characters it left out."""
    text = text.rstrip()
    shown = "\n".join(text[:characters].split("\n")[:lines])
    left = len(text) - len(shown)
    if left <= SPARED_CHARACTERS:
        return visible(text)
    return f"{visible(shown)}… (+{left:,} characters)"


def one_line(text: str, characters: int = LINE_CHARACTERS) -> str:
    """The same, on one line: ⏎ where a line ended."""
    return cut(text, characters).replace("\n", " ⏎ ").replace("\t", " ")
