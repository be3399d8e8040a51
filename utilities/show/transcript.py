"""Show what happened in a session: a table in a notebook, lines of text everywhere else.

`print_event` and `LiveTranscript` do the same while a turn runs.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from .acting import who_acts
from .entries import Entries
from .events import attribute, events_of, moment
from .html_table import cell, escape, html_table, row
from .printing import (
    MESSAGE_CHARACTERS,
    MESSAGE_LINES,
    RESULT_CHARACTERS,
    RESULT_LINES,
    Entry,
    being_written,
    entry_text,
    hang,
    result_text,
)
from .untrusted import LINE_CHARACTERS, cut, encodable, one_line

__all__ = ["Transcript", "transcript"]

FOLD_CHARACTERS, FOLD_LINES = 500, 6  # a tool's input or output beyond this is folded in the table
HTML_CHARACTERS = 10_000  # of anything in the table, unfolded
FIRST, LAST = 100, 400  # rows of a transcript that has more: a browser lays out some hundreds at once
OTHERS = "transcript(events[a:b]) shows those of other events"
COLOURS = {"user": "#0072B2", "agent": "#009E73", "tool": "#E69F00", "session": "#999999"}  # Okabe-Ito
ERROR_COLOUR = "#D55E00"


def transcript(events: Any, *, by: str | None = None) -> Transcript:
    """A readable record of a session or a turn: who did what, when, and what came back.

    Args:
        events: the session's events in their order, or anything with an `events` attribute (a `TurnResult`).
        by: whose moves the agent makes, which stands above the rest: "agent (scripted 06_a)". Of a turn that
            a replay server has played for the client of `connect()`, it is known.

    Returns:
        A `Transcript`: a notebook shows it as a table, `print` as text. Of one with more than 500 rows the
        first 100 and the last 400; `transcript(events[1000:1400])` shows others.
    """
    return Transcript(Entries(events_of(events)), by=by or who_acts(events))


class Transcript:
    """What `transcript` returns: displays as an HTML table in a notebook, as text everywhere else.

    A tool's result stands with the call that it answers; a time is in seconds since the first event.
    What is in `writing` are previews of events that have not come yet; they stand last, as of now.
    """

    def __init__(self, entries: Entries, writing: Iterable[Any] = (), by: str | None = None) -> None:
        self._by = one_line(by) if by else ""
        more = len(entries.all) - FIRST - LAST
        # More may be added to the entries later: these are copies, no more than are shown.
        self._first = [replace(entry) for entry in entries.all[: FIRST if more > 0 else None]]
        self._last = [replace(entry) for entry in entries.all[-LAST:]] if more > 0 else []
        self._left_out = f"{more:,} rows are left out here: {OTHERS}" if more > 0 else ""
        self._writing = [being_written(preview) for preview in writing]
        self._start, self._seconds, self._calls = entries.start, entries.seconds, entries.calls
        self._usage, self._state = _usage_line(entries.usage), entries.state
        self._running = self._state in ("running", "rescheduled")

    def __str__(self) -> str:
        lines = [self._by] if self._by else []
        lines += [self._text(entry) for entry in self._first]
        lines += [f"{'…':>9}  {self._left_out}"] if self._left_out else []
        lines += [self._text(entry) for entry in (*self._last, *self._writing)]
        return encodable("\n".join([*(lines or ["(no events to show)"]), *filter(None, [self._usage])]))

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _when(self, entry: Entry) -> str:
        if entry.event is None:
            return "now"
        at = moment(entry.event)
        return f"{(at - self._start).total_seconds():.1f} s" if at and self._start else "no time"

    def _text(self, entry: Entry) -> str:
        start = f"{self._when(entry):>9}  {entry.who:<7}  "
        if entry.is_result:
            return hang(start, f"result of an unknown call:\n{result_text(entry)}")
        if not entry.is_call:
            return hang(start, entry_text(entry))
        output = cut(entry.result.body, RESULT_CHARACTERS, RESULT_LINES) if entry.result else ""
        words = hang("  ", self._result_words(entry) + (f":\n{output}" if output else ""))
        return hang(start, f"{entry_text(entry)}\n{words}")

    def _result_words(self, call: Entry) -> str:
        """`result after 0.4 s`, `error after 0.4 s`, or that there is none (yet)."""
        if call.result is None:
            return "no result yet" if self._running else "no result"
        called, answered = moment(call.event), moment(call.result.event)
        word = call.result.head if call.result.body.strip() else f"empty {call.result.head}"
        return f"{word} after {(answered - called).total_seconds():.1f} s" if called and answered else word

    def _html(self) -> str:
        caption = f"Transcript: {self._seconds:.1f} s, {self._calls} tool call{'s' * (self._calls != 1)}"
        until = "so far" if self._running else "at the end"
        caption += f"; {until}, session {one_line(self._state)}" if self._state else ""
        caption += f"; {self._by}" if self._by else ""
        rows = list(map(self._row, self._first))
        rows += [_whole_row(f"… {self._left_out}")] if self._left_out else []
        rows += map(self._row, (*self._last, *self._writing))
        rows = rows or [_whole_row("no events to show")]
        foot = _whole_row(self._usage) if self._usage else ""
        return html_table(caption, ("time", "who", "what"), rows, foot=foot)

    def _row(self, entry: Entry) -> str:
        failed = (entry.result or entry).head.startswith("error")
        colour = ERROR_COLOUR if failed else COLOURS[entry.who]
        what = f"<strong>{escape(one_line(entry.head))}</strong> " if entry.head else ""
        what += _folded(entry.body, code=entry.who == "tool") if entry.body or not entry.head else ""
        if entry.is_call:
            what += f'<div style="margin-top:4px"><strong>{self._result_words(entry)}</strong></div>'
            what += _folded(entry.result.body, code=True) if entry.result else ""
        when = self._when(entry).replace(" ", "&nbsp;")
        who = cell(entry.who, f"border-left:4px solid {colour}")
        return row(cell(when), who, cell(what, "width:100%"))


def _usage_line(usage: Any) -> str:
    """What the session has used; empty when there are no numbers."""
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
    currency = str(attribute(amount, "currency") or "USD")
    return f"${number}" if currency == "USD" else f"{number} {one_line(currency)}"


# ---------------------------------------------------------------- HTML

_PRE = (
    "margin:0;padding:0;background:none;color:inherit;font-family:monospace;font-size:.92em;"
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal"  # JupyterLab breaks inside words
)
_SAID = "white-space:pre-wrap;overflow-wrap:anywhere"


def _whole_row(text: str) -> str:
    return f"<tr>{cell(escape(text), columns=3)}</tr>"


def _folded(text: str, *, code: bool) -> str:
    """The text, escaped, as it was laid out; behind its first line when it is long."""
    text = text.rstrip()
    shown = html.escape(cut(text, HTML_CHARACTERS) or "(no text)")
    # What is said wraps, and its lines end, also where all styles are taken away.
    broken = shown.replace("\n", "<br>")
    block = f'<pre style="{_PRE}">{shown}</pre>' if code else f'<div style="{_SAID}">{broken}</div>'
    characters, lines = (FOLD_CHARACTERS, FOLD_LINES) if code else (MESSAGE_CHARACTERS, MESSAGE_LINES)
    if len(text) <= characters and text.count("\n") < lines:
        return block if text or not code else ""
    first = html.escape(cut(text, LINE_CHARACTERS, 1))
    return f"<details><summary><code>{first}</code></summary>{block}</details>"
