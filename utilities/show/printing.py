"""Say in a line what an event is, and print it: `print_event` is made to be passed as `on_event`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from .events import attribute, content_text, json_text, kind
from .untrusted import cut, encodable, one_line

__all__ = ["Entry", "being_written", "describe", "entry_text", "hang", "print_event", "result_text"]

MESSAGE_CHARACTERS, MESSAGE_LINES = 1_000, 20  # of a message, where text is printed
RESULT_CHARACTERS, RESULT_LINES = 300, 3  # of a tool's result, where text is printed

NOISE = ("span.model_request_", "span.outcome_evaluation_start", "span.outcome_evaluation_ongoing",
         "session.thread_status_", "session.usage", "event_start", "event_delta")  # fmt: skip
MAIN_INPUTS = ("command", "file_path", "path", "pattern", "query", "url")  # shown without their key
WHO = ("user", "agent", "tool", "session")


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


def describe(event: Any) -> Entry | None:
    """The entry for an event; None for one that isn't worth a line."""
    type_ = kind(event)
    if type_.startswith(NOISE):
        return None
    who, head, body = _words(event, type_)
    return Entry(who, head, body, event)


def being_written(preview: Any) -> Entry:
    """The entry for an event of which only a preview has come."""
    thinking = kind(preview) == "agent.thinking"
    text = content_text(attribute(preview, "content"))
    return Entry("agent", "thinking…" if thinking else "writing…", text)


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
    return owner if owner in WHO else "session", type_, f"{text}\n{json_text(rest) if rest else ''}".strip()


def _input_text(value: Any) -> str:
    """A tool's input: its main argument bare, the others as `key: value`, a line each."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    main = next((key for key in MAIN_INPUTS if isinstance(value.get(key), str)), None)
    rest = (_labelled(key, part) for key, part in value.items() if key != main)
    return "\n".join([*([value[main]] if main else []), *rest])


def _labelled(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    # On the key's line the first of several lines would look as if it were indented otherwise.
    return f"{key}:\n{text}" if "\n" in text.rstrip() else f"{key}: {text}"


def print_event(event: Any, *, file: TextIO | None = None) -> None:
    """Print one short line for an event that is worth one: pass it as `on_event`.

    Messages are printed in full up to 1,000 characters, tool calls as `[bash] python3 -m unittest`, the
    start of a tool's result indented below. What begins at the margin is never the agent's own text.
    Spans, thread statuses and usage print nothing.

    Args:
        event: an event of the session, of any type, also one that is new to this version.
        file: where to print; standard output when None.
    """
    entry = describe(event)
    if entry is None:
        return
    out = file or sys.stdout
    if entry.is_result:
        line = hang("    ", result_text(entry))
    elif entry.is_call:
        line = entry_text(entry)
    elif entry.head:
        line = f"{entry.who} {entry_text(entry)}"
    else:  # only what is said has several lines, and none of them may pass for somebody else's
        line = hang(f"{entry.who}: ", entry_text(entry))
    # A terminal that can't show "…" must not end the turn. A notebook sends what is printed five times a
    # second by itself; a message for each line would be more than its limit allows.
    print(encodable(line, out), file=out, flush=not type(out).__module__.startswith("ipykernel"))


def entry_text(entry: Entry) -> str:
    if not entry.head:
        return cut(entry.body, MESSAGE_CHARACTERS, MESSAGE_LINES) or "(no text)"
    head, body = one_line(entry.head), one_line(entry.body)
    return f"{head}{':' if body and not entry.is_call else ''} {body}".rstrip()


def result_text(result: Entry) -> str:
    text = cut(result.body, RESULT_CHARACTERS, RESULT_LINES) or "(no output)"
    return f"error: {text}" if result.head == "error" else text


def hang(prefix: str, text: str) -> str:
    """The text behind the prefix, its further lines indented as far."""
    return prefix + text.replace("\n", "\n" + " " * len(prefix))
