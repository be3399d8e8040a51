"""Show what happened in a session: a line per event while it runs, a table once it has.

`print_event` is made to be passed as `on_event`; `transcript` and `timeline` show what is already there.
No other helper prints or draws. It works on the SDK's event objects (and on the same events as
plain dicts), goes by an event's `type` and never by its class, and expects any attribute to be missing.

What an agent or a tool wrote is not trusted: it is cut, escaped, and its control characters, terminal
escapes and text-direction overrides are made visible instead of being obeyed.

To copy it into a project: this one file, no other (`picture.py` too, for `timeline`).
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from .picture import Picture

__all__ = ["Transcript", "print_event", "timeline", "transcript"]

MESSAGE_CHARACTERS, MESSAGE_LINES = 1_000, 20  # of a message, where text is printed
RESULT_CHARACTERS, RESULT_LINES = 300, 3  # of a tool's result, where text is printed
SPARED_CHARACTERS = 40  # to say that these are left out would take as much room
LINE_CHARACTERS = 100  # of a tool's input, a name, an error, on their one line
FOLD_CHARACTERS, FOLD_LINES = 500, 6  # a tool's input or output beyond this is folded in the table
HTML_CHARACTERS = 10_000  # of anything in the table, unfolded

NOISE = ("span.model_request_", "span.outcome_evaluation_start", "span.outcome_evaluation_ongoing",
         "session.thread_status_", "session.usage", "event_start", "event_delta")  # fmt: skip
MAIN_INPUTS = ("command", "file_path", "path", "pattern", "query", "url")  # shown without their key
COLOURS = {"user": "#0072B2", "agent": "#009E73", "tool": "#E69F00", "session": "#999999"}  # Okabe-Ito
ERROR_COLOUR = "#D55E00"


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
        return _json(content)
    return "\n".join(_block_text(block) for block in content)


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


def _input_text(value: Any) -> str:
    """A tool's input: its main argument bare, the others as `key: value`, a line each."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    main = next((key for key in MAIN_INPUTS if isinstance(value.get(key), str)), None)
    rest = (_labelled(key, part) for key, part in value.items() if key != main)
    return "\n".join([*([value[main]] if main else []), *rest])


def _labelled(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    # On the key's line the first of several lines would look as if it were indented otherwise.
    return f"{key}:\n{text}" if "\n" in text.rstrip() else f"{key}: {text}"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # a key that is no text, a value inside itself
        return str(value)


# ---------------------------------------------------------------- untrusted text

# C0, C1, soft hyphen, bidi marks and overrides, zero-width, separators, surrogates, tags
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def _picture_of(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """The text with every character that acts instead of showing (ESC, RTL override, …) made visible."""
    return _INVISIBLE.sub(_picture_of, text.replace("\r\n", "\n"))


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


# ---------------------------------------------------------------- one event


@dataclass
class Entry:
    """What there is to say of one event: `head` is a few words, `body` the text as it came."""

    who: str
    head: str = ""
    body: str = ""
    event: Any = None
    result: Entry | None = None  # of a tool call, once joined

    @property
    def is_result(self) -> bool:
        return kind(self.event).endswith("tool_result")

    @property
    def is_call(self) -> bool:
        return kind(self.event).endswith("tool_use")


def _describe(event: Any) -> Entry | None:
    """The entry for an event; None for one that isn't worth a line."""
    type_ = kind(event)
    if type_.startswith(NOISE):
        return None
    who, head, body = _words(event, type_)
    return Entry(who, head, body, event)


def _words(event: Any, type_: str) -> tuple[str, str, str]:
    match type_:
        case "user.message" | "agent.message":
            return type_.split(".")[0], "", content_text(attribute(event, "content"))
        case "agent.thinking":
            return "agent", "thinking", ""
        case "agent.tool_use" | "agent.custom_tool_use" | "agent.mcp_tool_use":
            return "tool", _call_head(event), _input_text(attribute(event, "input"))
        case "agent.tool_result" | "agent.mcp_tool_result" | "user.tool_result" | "user.custom_tool_result":
            word = "error" if attribute(event, "is_error") else "result"
            return "tool", word, content_text(attribute(event, "content"))
        case "user.tool_confirmation":
            answer = str(attribute(event, "result"))
            verb = {"allow": "allows", "deny": "denies"}.get(answer, f"says {answer} to")
            return "user", f"{verb} a tool call", str(attribute(event, "deny_message") or "")
        case "user.interrupt":
            return "user", "interrupts", ""
        case "user.define_outcome":
            return "user", "defines the outcome", str(attribute(event, "description") or "")
        case "system.message":
            return "user", "system message", content_text(attribute(event, "content"))
        case "span.outcome_evaluation_end":
            head = f"outcome evaluated ({attribute(event, 'result')})"
            return "session", head, str(attribute(event, "explanation") or "")
        case "session.status_idle":
            details = attribute(event, "stop_details")
            return "session", f"idle ({_stop(event)})", str(attribute(details, "explanation") or "")
        case "session.status_running" | "session.status_rescheduled" | "session.status_terminated":
            return "session", type_.removeprefix("session.status_"), ""
        case "session.deleted":
            return "session", "deleted", ""
        case "session.error":
            return "session", *_error(attribute(event, "error"))
        case "session.thread_created":
            return "session", f"thread created ({attribute(event, 'agent_name')})", ""
        case "agent.thread_message_sent":
            text = content_text(attribute(event, "content"))
            return "agent", f"to {attribute(event, 'to_agent_name') or 'another thread'}", text
        case "agent.thread_message_received":
            text = content_text(attribute(event, "content"))
            return "agent", f"from {attribute(event, 'from_agent_name') or 'another thread'}", text
    return _unknown(event, type_)


def _call_head(event: Any) -> str:
    name, server = attribute(event, "name") or "unnamed tool", attribute(event, "mcp_server_name")
    name = f"{server}/{name}" if server else name
    if kind(event) == "agent.custom_tool_use":
        return f"[{name}] for you to answer:"
    permission = {"ask": " asks for permission:", "deny": " denied by its policy:"}
    return f"[{name}]{permission.get(str(attribute(event, 'evaluated_permission')), '')}"


def _stop(event: Any) -> str:
    reason = attribute(event, "stop_reason")
    word, waiting = str(attribute(reason, "type") or "no stop reason"), attribute(reason, "event_ids")
    return f"{word}: {len(waiting)} to answer" if waiting and isinstance(waiting, list | tuple) else word


def _error(error: Any) -> tuple[str, str]:
    status = attribute(attribute(error, "retry_status"), "type") or "no retry status"
    server = attribute(error, "mcp_server_name")
    head = f"error, {status}: {attribute(error, 'type') or 'no type'}{f' from {server}' if server else ''}"
    return head, str(attribute(error, "message") or "")


def _unknown(event: Any, type_: str) -> tuple[str, str, str]:
    """A type that this file doesn't know: its name, its text, and whatever else came with it."""
    plain = getattr(event, "to_dict", None)
    fields = dict(
        event
        if isinstance(event, Mapping)
        else plain(warnings=False)
        if plain
        else getattr(event, "__dict__", {})
    )
    text = content_text(fields.pop("content")) if isinstance(fields.get("content"), list | str) else ""
    rest = {k: v for k, v in fields.items() if k not in ("id", "type", "processed_at") and v is not None}
    owner = type_.split(".")[0]
    return owner if owner in COLOURS else "session", type_, f"{text}\n{_json(rest) if rest else ''}".strip()


def print_event(event: Any, *, file: TextIO | None = None) -> None:
    """Print one short line for an event that is worth one: pass it as `on_event`.

    Messages are printed in full up to 1,000 characters, tool calls as `[bash] python3 -m unittest`, the
    start of a tool's result indented below. What begins at the margin is never the agent's own text.
    Spans, thread statuses and usage print nothing.

    Args:
        event: an event of the session, of any type, also one that is new to this version.
        file: where to print; standard output when None.
    """
    entry = _describe(event)
    if entry is None:
        return
    out = file or sys.stdout
    if entry.is_result:
        line = _hang("    ", _result_text(entry))
    elif entry.is_call:
        line = _entry_text(entry)
    elif entry.head:
        line = f"{entry.who} {_entry_text(entry)}"
    else:  # only what is said has several lines, and none of them may pass for somebody else's
        line = _hang(f"{entry.who}: ", _entry_text(entry))
    # A terminal that can't show "…" must not end the turn.
    encoding = getattr(out, "encoding", None) or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), file=out, flush=True)


def _entry_text(entry: Entry) -> str:
    if not entry.head:
        return cut(entry.body, MESSAGE_CHARACTERS, MESSAGE_LINES) or "(no text)"
    head, body = one_line(entry.head), one_line(entry.body)
    return f"{head}{':' if body and not entry.is_call else ''} {body}".rstrip()


def _result_text(result: Entry) -> str:
    text = cut(result.body, RESULT_CHARACTERS, RESULT_LINES) or "(no output)"
    return f"error: {text}" if result.head == "error" else text


def _hang(prefix: str, text: str) -> str:
    """The text behind the prefix, its further lines indented as far."""
    return prefix + text.replace("\n", "\n" + " " * len(prefix))


# ---------------------------------------------------------------- the whole transcript


def transcript(events: Any) -> Transcript:
    """A readable record of a session or a turn: who did what, when, and what came back.

    Args:
        events: the session's events in their order, or anything with an `events` attribute (a `TurnResult`).

    Returns:
        A `Transcript`: a notebook shows it as a table, `print` as text.
    """
    return Transcript(events_of(events))


def timeline(events: Any) -> Picture:
    """A picture of a turn from its recorded times; see `picture.timeline`, which needs matplotlib.

    Args:
        events: as for `transcript`.

    Returns:
        A `Picture`: a notebook shows it, its `alt` says the same in words.
    """
    from .picture import timeline as draw

    return draw(events)


class Transcript:
    """What `transcript` returns: displays as an HTML table in a notebook, as text everywhere else.

    A tool's result stands with the call that it answers; a time is in seconds since the first event.
    """

    def __init__(self, events: list[Any]) -> None:
        times = [at for event in events if (at := moment(event))]
        self._start = min(times, default=None)
        self._seconds = (max(times) - min(times)).total_seconds() if times else 0.0
        self._usage = _usage_line(events)
        self._entries = _join(entry for event in events if (entry := _describe(event)))

    def __str__(self) -> str:
        lines = [self._text(entry) for entry in self._entries] or ["(no events to show)"]
        return "\n".join([*lines, *filter(None, [self._usage])])

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _when(self, entry: Entry) -> str:
        at = moment(entry.event)
        return f"{(at - self._start).total_seconds():.1f} s" if at and self._start else "no time"

    def _text(self, entry: Entry) -> str:
        start = f"{self._when(entry):>9}  {entry.who:<7}  "
        if entry.is_result:
            return _hang(start, f"result of an unknown call:\n{_result_text(entry)}")
        if not entry.is_call:
            return _hang(start, _entry_text(entry))
        output = cut(entry.result.body, RESULT_CHARACTERS, RESULT_LINES) if entry.result else ""
        words = _hang("  ", _result_words(entry) + (f":\n{output}" if output else ""))
        return _hang(start, f"{_entry_text(entry)}\n{words}")

    def _html(self) -> str:
        calls = sum(entry.is_call for entry in self._entries)
        last = next((entry.head for entry in reversed(self._entries) if entry.who == "session"), "")
        caption = f"Transcript: {self._seconds:.1f} s, {calls} tool call{'' if calls == 1 else 's'}"
        caption += f"; at the end, session {one_line(last)}" if last else ""
        head = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in ("time", "who", "what"))
        rows = "".join(map(self._row, self._entries)) or _whole_row("no events to show")
        foot = f"<tfoot>{_whole_row(self._usage)}</tfoot>" if self._usage else ""
        return (
            f'{_NO_MATHS}<table style="{_TABLE}"><caption style="{_CAPTION}">{_escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>{foot}</table></div>"
        )

    def _row(self, entry: Entry) -> str:
        failed = (entry.result or entry).head.startswith("error")
        colour = ERROR_COLOUR if failed else COLOURS[entry.who]
        what = f"<strong>{_escape(one_line(entry.head))}</strong> " if entry.head else ""
        what += _folded(entry.body, code=entry.who == "tool") if entry.body or not entry.head else ""
        if entry.is_call:
            what += f'<div style="margin-top:4px"><strong>{_result_words(entry)}</strong></div>'
            what += _folded(entry.result.body, code=True) if entry.result else ""
        return (
            f'<tr style="background:none"><td style="{_CELL};white-space:nowrap">{self._when(entry)}</td>'
            f'<td style="{_CELL};border-left:4px solid {colour}">{entry.who}</td>'
            f'<td style="{_CELL};width:100%">{what}</td></tr>'
        )


def _join(entries: Iterable[Entry]) -> list[Entry]:
    """Each result put with the call that it answers; what answers no call stands for itself."""
    joined: list[Entry] = []
    calls: dict[str, Entry] = {}
    for entry in entries:
        call = calls.get(call_answered(entry.event) or "")
        if call and call.result is None:
            call.result = entry
            continue
        if entry.is_call:
            calls[str(attribute(entry.event, "id"))] = entry
        confirmed = calls.get(str(attribute(entry.event, "tool_use_id")))
        if confirmed and kind(entry.event) == "user.tool_confirmation":
            entry.head = entry.head.replace("a tool call", f"[{attribute(confirmed.event, 'name')}]")
        joined.append(entry)
    return joined


def _result_words(call: Entry) -> str:
    """`result after 0.4 s`, `error after 0.4 s`, or that there is none."""
    if call.result is None:
        return "no result"
    called, answered = moment(call.event), moment(call.result.event)
    word = call.result.head if call.result.body.strip() else f"empty {call.result.head}"
    return f"{word} after {(answered - called).total_seconds():.1f} s" if called and answered else word


def _usage_line(events: list[Any]) -> str:
    """What the session had used by its last session.usage; empty when that has no numbers."""
    usage = next((attribute(e, "usage") for e in reversed(events) if kind(e) == "session.usage"), None)
    cache = attribute(usage, "cache_creation")
    lives = (attribute(cache, f"ephemeral_{life}_input_tokens") for life in ("5m", "1h"))
    written = (count for count in lives if isinstance(count, int))
    tokens = {
        "tokens in": attribute(usage, "input_tokens"),
        "read from cache": attribute(usage, "cache_read_input_tokens") or None,
        "written to cache": sum(written) or None,
        "tokens out": attribute(usage, "output_tokens"),
    }
    parts = [f"{count:,} {name}" for name, count in tokens.items() if isinstance(count, int)]
    cost = _money(attribute(usage, "list_cost"))
    parts += [f"list cost {cost}"] if cost else []
    return f"usage of the session so far: {', '.join(parts)}" if parts else ""


def _money(amount: Any) -> str:
    """`$0.25` for an amount of "25" cents; empty when it is no number."""
    try:
        value = Decimal(str(attribute(amount, "amount"))) / 100
    except InvalidOperation:
        return ""
    if not value.is_finite() or abs(value.adjusted()) > 15:
        return ""
    number = f"{value:.2f}" if value == round(value, 2) else f"{value:f}"
    currency = attribute(amount, "currency") or "USD"
    return f"${number}" if currency == "USD" else visible(f"{number} {currency}")


# ---------------------------------------------------------------- HTML

_TABLE = "border-collapse:collapse;text-align:left;width:100%;max-width:900px;margin:0;table-layout:auto"
_CAPTION = "caption-side:top;text-align:left;padding:4px 8px"
_CELL = "text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid rgba(128,128,128,.3)"
_PRE = (
    "margin:0;padding:0;background:none;color:inherit;"
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal"  # JupyterLab breaks inside words
)


# JupyterLab would set "$HOME … $PATH" as a formula.
_NO_MATHS = '<div class="tex2jax_ignore mathjax_ignore">'


def _whole_row(text: str) -> str:
    return f'<tr><td colspan="3" style="{_CELL}">{_escape(text)}</td></tr>'


def _escape(text: str) -> str:
    return html.escape(visible(text))


def _folded(text: str, *, code: bool) -> str:
    """The text, escaped, as it was laid out; behind its first line when it is long."""
    text = text.rstrip()
    font = (
        ";font-family:monospace;font-size:.92em"
        if code
        else ";font-family:inherit;font-size:inherit;line-height:inherit"
    )
    block = f'<pre style="{_PRE}{font}">{html.escape(cut(text, HTML_CHARACTERS) or "(no text)")}</pre>'
    characters, lines = (FOLD_CHARACTERS, FOLD_LINES) if code else (MESSAGE_CHARACTERS, MESSAGE_LINES)
    if len(text) <= characters and text.count("\n") < lines:
        return block if text or not code else ""
    first = html.escape(cut(text, LINE_CHARACTERS, 1))
    return f"<details><summary><code>{first}</code></summary>{block}</details>"
