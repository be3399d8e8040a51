"""Draw a turn from its recorded times: when the model worked, when tools ran, when the session was idle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .events import answered_call, attribute, events_of, kind, moment
from .picture import STYLES, Picture, drawn, outlined, plain
from .untrusted import one_line

if TYPE_CHECKING:
    from .picture import Axes, Figure

__all__ = ["timeline"]

BAR, STEP, GAP, BOTTOM = 0.20, 0.23, 0.10, 0.50  # inches: a bar, the next one under it, between rows, axis
MOST_ROWS = 10  # for tools; what is called beyond these shares one
MOST_LINES = 12  # of a row: what overlaps more than so many others shares the last
MOST_BARS = 5_000  # in a line; of more, those that touch are drawn as one
MANY = 100  # bars in a row: the outlines of more would be a black block
AXES = 6.8  # inches, about, for what is to scale


@dataclass
class Bar:
    """A stretch of time, in seconds since the first event; `end` is None while it isn't known.

    Bars of one name are in one row, under each other where they overlap.
    """

    start: float
    name: str
    style: str
    end: float | None = None
    line: int = 0
    shares: bool = False  # its line, with what it overlaps


def timeline(events: Any) -> Picture:
    """A picture of one turn, or several: a row for the model, each tool and each state of the session.

    Args:
        events: the session's events, or anything with an `events` attribute (a `TurnResult`). Those without
            a time are left out. The times are the recorded ones, in seconds since the first event.

    Returns:
        A `Picture`, with its numbers in words as `alt`; without matplotlib, only those. Where more than 12
        calls of a tool run at once, the others share a line, which `alt` says; of more than 5,000 bars in a
        line those that touch are drawn as one.
    """
    timed = [(at, event) for event in events_of(events) if (at := moment(event))]
    timed.sort(key=lambda pair: pair[0])
    seconds = [((at - timed[0][0]).total_seconds(), event) for at, event in timed]
    total = seconds[-1][0] if seconds else 0.0
    lanes = {"model": _model(seconds), "tools": _tools(seconds), "session": _session(seconds)}
    rows = [row for bars in lanes.values() for row in _rows(bars).items()]
    heights = [_stack(bars) * STEP + GAP for _, bars in rows]
    alt = _alt(lanes, total, empty=not seconds)
    if shared := sum(bar.shares for _, bars in rows for bar in bars):
        alt += f" {shared:,} of them are drawn over others, which they overlap."
    return drawn(lambda figure: _draw(figure, rows, heights, total), sum(heights) + BOTTOM, alt)


# ---------------------------------------------------------------- from events to bars


def _model(events: list[tuple[float, Any]]) -> list[Bar]:
    requests: dict[str, Bar] = {}
    for second, event in events:
        if kind(event) == "span.model_request_start":
            requests[str(attribute(event, "id"))] = Bar(second, "model", "model")
        elif kind(event) == "span.model_request_end":
            request = requests.get(str(attribute(event, "model_request_start_id")))
            if request:
                request.end = second
                request.name = "model, error" if attribute(event, "is_error") else "model"
    return list(requests.values())


def _tools(events: list[tuple[float, Any]]) -> list[Bar]:
    calls: dict[str, Bar] = {}
    for second, event in events:
        if kind(event).endswith("tool_use"):
            name = _short(attribute(event, "name") or "unnamed tool")
            calls[str(attribute(event, "id"))] = Bar(second, name, "tools")
        call = calls.get(answered_call(event) or "")
        if call and call.end is None:
            call.end = second
    return list(calls.values())


def _session(events: list[tuple[float, Any]]) -> list[Bar]:
    bars: list[Bar] = []
    for second, event in events:
        state = kind(event).removeprefix("session.status_").removeprefix("session.")
        if state not in ("running", "idle", "rescheduled", "terminated", "deleted"):
            continue
        if bars:
            bars[-1].end = second
        stop = attribute(attribute(event, "stop_reason"), "type") if state == "idle" else None
        name = f"session {state}" + (f" ({_short(stop)})" if stop else "")
        bars.append(Bar(second, name, state if state == "running" else "idle"))
    return bars


def _short(name: Any) -> str:
    """A name, in characters that matplotlib's own font has."""
    text = one_line(str(name)[:100]).encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 24 else f"{text[:21]}..."


def _covered(bars: list[Bar], total: float) -> float:
    """Seconds in which at least one of the bars goes on."""
    covered = reached = 0.0
    for start, end in sorted((bar.start, total if bar.end is None else bar.end) for bar in bars):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _alt(lanes: dict[str, list[Bar]], total: float, *, empty: bool) -> str:
    if empty:
        return "Timeline without events: none has a recorded time."
    model, tools, session = lanes.values()
    idle = [bar for bar in session if bar.name.startswith("session idle")]
    open_ = sum(bar.end is None for bar in (*model, *tools))
    return (
        f"Timeline of {total:.1f} seconds: {_count(model, 'model request')}, {_count(tools, 'tool call')}. "
        f"The model worked for {_covered(model, total):.1f} s, tools ran for {_covered(tools, total):.1f} s, "
        f"the session was idle for {_covered(idle, total):.1f} s"
        + (f"; at the end it is {session[-1].name.removeprefix('session ')}." if session else ".")
        + (f" {open_} of the requests and calls had no recorded end." if open_ else "")
    )


def _count(bars: list[Bar], noun: str) -> str:
    return f"{len(bars)} {noun}{'' if len(bars) == 1 else 's'}"


# ---------------------------------------------------------------- from bars to a picture


def _rows(bars: list[Bar]) -> dict[str, list[Bar]]:
    """The bars by name, in the order in which the names first come."""
    rows: dict[str, list[Bar]] = {}
    for bar in bars:
        name = bar.name if bar.name in rows or len(rows) < MOST_ROWS else "others"
        rows.setdefault(name, []).append(bar)
    return rows


def _stack(bars: list[Bar]) -> int:
    """Give each bar the first line that is free when it starts; returns how many lines there are."""
    free: list[float] = []  # when each line is
    for bar in bars:
        bar.line = next((line for line, second in enumerate(free) if second <= bar.start + 1e-4), len(free))
        if bar.line == MOST_LINES:
            bar.line, bar.shares = MOST_LINES - 1, True
        free[bar.line : bar.line + 1] = [math.inf if bar.end is None else bar.end]
    return len(free)


def _draw(figure: Figure, rows: list[tuple[str, list[Bar]]], heights: list[float], total: float) -> None:
    figure.set_layout_engine("constrained")  # which leaves room for the names
    axes, y, ticks = figure.add_subplot(), 0.0, []
    for (_, bars), height in zip(rows, heights, strict=True):
        _draw_row(axes, bars, y, total)
        ticks.append(y + BAR / 2)
        y += height
    axes.set(xlim=(0, (total or 1.0) * 1.01), ylim=(y, -GAP))
    axes.set_yticks(ticks, [name for name, _ in rows], parse_math=False)
    plain(axes, "bottom")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("seconds since the first event", fontsize=9)


def _touching(bars: list[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """Bars (start, length) of one line; those with no room between them are one."""
    joined: list[tuple[float, float]] = []
    for start, length in sorted(bars):
        before, reached = joined[-1] if joined else (0.0, 0.0)
        if joined and start - (before + reached) <= gap:
            joined[-1] = before, max(reached, start + length - before)
        else:
            joined.append((start, length))
    return joined


def _draw_row(axes: Axes, bars: list[Bar], y: float, total: float) -> None:
    style = outlined(*STYLES[bars[0].style]) | ({"linewidth": 0} if len(bars) > MANY else {})
    second = AXES / (total or 1.0)  # in inches
    for line in sorted({bar.line for bar in bars}):
        on_line = [(bar.start, (total if bar.end is None else bar.end) - bar.start) for bar in bars
                   if bar.line == line]  # fmt: skip
        seen = [(start, max(length, 0.02 / second)) for start, length in on_line]
        if len(seen) > MOST_BARS:
            seen = _touching(seen, 0.005 / second)
        axes.broken_barh(seen, (y + line * STEP, BAR), **style)
        for start, length in on_line if bars[0].style == "model" else []:
            words = f"{length:.1f} s"
            if length * second > 0.12 + 0.06 * len(words):
                at = start + length / 2, y + line * STEP + BAR / 2
                axes.text(*at, words, fontsize=8, color="white", ha="center", va="center_baseline")
