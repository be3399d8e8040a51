"""Draw a turn from its recorded times: when the model worked, when tools ran, when the session was idle.

`timeline` is the only helper that draws. It needs matplotlib, imports it only when it is called, and
leaves its settings as they were.

To copy it into a project: this file and `events.py`, which reads an event.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .events import attribute, call_answered, events_of, kind, moment
from .picture import DPI, STYLES, WIDTH, Picture
from .untrusted import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Picture", "timeline"]

LEFT, BOTTOM = 0.70, 0.50  # inches, the margins that hold the axes' names
AXES = WIDTH - LEFT - 0.15
BAR, LINE, GAP = 0.20, 0.18, 0.20  # inches: a bar, a line of labels under it, between lanes
STEP = BAR + 0.03  # inches, from a bar to the one under it
LABEL_ROWS = 8  # at most; labels that don't fit are left out, and the picture says how many


@dataclass
class Bar:
    """A stretch of time, in seconds since the first event; `end` is None while it isn't known.

    Bars of a lane that overlap are in different rows of it. A `band` is several, too narrow to be told apart.
    """

    start: float
    label: str
    style: str
    end: float | None = None
    row: int = 0
    band: bool = False


def timeline(events: Any) -> Picture:
    """A picture of one turn, or several, with a lane each for the model, the tools and the session.

    Args:
        events: the session's events, or anything with an `events` attribute (a `TurnResult`). Those without
            a time are left out. The times are the recorded ones, in seconds since the first event.

    Returns:
        A `Picture`, with its numbers in words as `alt`.
    """
    import matplotlib

    timed = [(at, event) for event in events_of(events) if (at := moment(event))]
    timed.sort(key=lambda pair: pair[0])
    seconds = [((at - timed[0][0]).total_seconds(), event) for at, event in timed]
    total = seconds[-1][0] if seconds else 0.0
    lanes = {"model": _model(seconds), "tools": _tools(seconds), "session": _session(seconds)}
    alt = _alt(lanes, total, empty=not seconds)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the reader's settings, the same picture
        figure = _draw(lanes, total)
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    return Picture(alt, figure, png.getvalue())


# ---------------------------------------------------------------- from events to bars


def _model(events: list[tuple[float, Any]]) -> list[Bar]:
    requests: dict[str, Bar] = {}
    for second, event in events:
        if kind(event) == "span.model_request_start":
            requests[str(attribute(event, "id"))] = Bar(second, "", "model")
        elif kind(event) == "span.model_request_end":
            request = requests.get(str(attribute(event, "model_request_start_id")))
            if request:
                request.end = second
                request.label = "error" if attribute(event, "is_error") else ""
    return list(requests.values())


def _tools(events: list[tuple[float, Any]]) -> list[Bar]:
    calls: dict[str, Bar] = {}
    for second, event in events:
        if kind(event).endswith("tool_use"):
            name = _short(attribute(event, "name") or "unnamed tool")
            calls[str(attribute(event, "id"))] = Bar(second, name, "tools")
        call = calls.get(call_answered(event) or "")
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
        label = f"{state} ({_short(stop)})" if stop else state
        bars.append(Bar(second, "" if state == "running" else label, state if state == "running" else "idle"))
    return bars


def _short(name: Any) -> str:
    """A name as a label, in characters that matplotlib's own font has."""
    label = one_line(str(name)[:100]).encode("ascii", "backslashreplace").decode()
    return label if len(label) <= 24 else f"{label[:21]}..."


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
    idle = [bar for bar in session if bar.label.startswith("idle")]
    open_ = sum(bar.end is None for bar in (*model, *tools))
    return (
        f"Timeline of {total:.1f} seconds: {_count(model, 'model request')}, {_count(tools, 'tool call')}. "
        f"The model worked for {_covered(model, total):.1f} s, tools ran for {_covered(tools, total):.1f} s, "
        f"the session was idle for {_covered(idle, total):.1f} s"
        + (f"; at the end it is {session[-1].label or 'running'}." if session else ".")
        + (f" {open_} of the requests and calls had no recorded end." if open_ else "")
    )


def _count(bars: list[Bar], noun: str) -> str:
    return f"{len(bars)} {noun}{'' if len(bars) == 1 else 's'}"


# ---------------------------------------------------------------- from bars to a picture


@dataclass
class Flag:
    """A label that hangs under its bar, `row` lines down."""

    bar: Bar
    text: str
    row: int


class _Scale:
    """How wide a text or a pixel is, in seconds of the axis, and how far the axis has to reach for the labels
    to fit."""

    def __init__(self, figure: Figure, lanes: dict[str, list[Bar]], total: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.total, self._figure = total, figure
        self._measured: dict[str, float] = {}
        canvas: Any = FigureCanvasAgg(figure)
        self._renderer = canvas.get_renderer()
        flagged = [bar for lane in lanes.values() for bar in lane if bar.label]
        shares = ((bar.start, min(0.9, self._inches(f"{bar.label} ×99") / AXES)) for bar in flagged)
        self.axis = max([total or 1.0, *(start / (1 - share) for start, share in shares)]) * 1.01
        self.pixel = self.axis / (AXES * DPI)

    def length(self, bar: Bar) -> float:
        return (self.total if bar.end is None else bar.end) - bar.start

    def shown(self, bar: Bar) -> float:
        """How long a bar is drawn: enough to be seen."""
        return max(self.length(bar), self.axis * 0.003)

    def width(self, text: str) -> float:
        return self._inches(text) / AXES * self.axis

    def _inches(self, text: str) -> float:
        if text not in self._measured:
            measured = self._figure.text(0, 0, text, fontsize=8, parse_math=False)
            self._measured[text] = float(measured.get_window_extent(self._renderer).width) / DPI + 0.12
            measured.remove()
        return self._measured[text]


def _draw(lanes: dict[str, list[Bar]], total: float) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3), dpi=DPI)
    scale = _Scale(figure, lanes, total)
    axes = figure.add_axes((0, 0, 1, 1))
    y, left_out, ticks = 0.0, 0, {}
    for name, bars in lanes.items():
        ticks[name] = y + BAR / 2
        lane = _stack(bars) * STEP  # how high: its bars, without the labels
        for bar in _joined(bars, scale):
            _draw_bar(axes, bar, y + bar.row * STEP, scale)
        flags = _flags([bar for bar in bars if bar.label], scale)
        fitting = [flag for flag in flags if flag.row < LABEL_ROWS]
        for flag in fitting:
            _draw_flag(axes, flag, y, lane, scale)
        left_out += len(flags) - len(fitting)
        y += lane + max((flag.row + 1 for flag in fitting), default=0) * LINE + GAP
    _frame(figure, axes, y - GAP / 2, scale.axis, ticks, left_out)
    return figure


def _frame(
    figure: Figure, axes: Axes, height: float, seconds: float, ticks: dict[str, float], left_out: int
) -> None:
    """Size the figure to what it holds (`height` in inches, as is the y axis), and name its axes."""
    whole = height + GAP / 2 + BOTTOM
    figure.set_size_inches(WIDTH, whole)
    axes.set_position((LEFT / WIDTH, BOTTOM / whole, AXES / WIDTH, 1 - BOTTOM / whole))
    axes.set(xlim=(0, seconds), ylim=(height, -GAP / 2))
    axes.set_yticks(list(ticks.values()), list(ticks))
    axes.tick_params(axis="y", length=0)
    axes.tick_params(labelsize=9)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    note = f" ({left_out} labels left out for want of room)" if left_out else ""
    axes.set_xlabel(f"seconds since the first event{note}", fontsize=9)


def _stack(bars: list[Bar]) -> int:
    """Give each bar the first row that is free when it starts; returns how many rows it takes, at least 1."""
    free: list[float] = []  # when each row is
    for bar in bars:
        bar.row = next((row for row, second in enumerate(free) if second <= bar.start + 1e-4), len(free))
        free[bar.row : bar.row + 1] = [math.inf if bar.end is None else bar.end]
    return len(free) or 1


def _joined(bars: list[Bar], scale: _Scale) -> list[Bar]:
    """The bars as they are drawn. Those narrower than two pixels are drawn wider, to be seen; where they then
    touch they become one `band` without an outline, since a thousand outlines would be a black block."""
    drawn: list[Bar] = []
    narrow: dict[int, Bar] = {}  # the last bar of each row, if it is
    for bar in bars:
        if scale.length(bar) >= 2 * scale.pixel:
            narrow.pop(bar.row, None)
            drawn.append(bar)
            continue
        before = narrow.get(bar.row)
        if (
            before
            and before.style == bar.style
            and bar.start < before.start + scale.shown(before) + scale.pixel
        ):
            before.end, before.band = bar.end, True
        else:
            narrow[bar.row] = replace(bar)
            drawn.append(narrow[bar.row])
    return drawn


def _flags(bars: list[Bar], scale: _Scale) -> list[Flag]:
    """Where each label goes: it starts under its bar, as far down as the labels to its right push it.

    Done from right to left, no line down to a label crosses another label.
    """
    runs: list[list[Bar]] = []
    for bar in bars:  # neighbours of one name share a label when there is no room for two
        near = runs and bar.label == runs[-1][0].label
        if near and bar.start < runs[-1][-1].start + scale.width(bar.label):
            runs[-1].append(bar)
        else:
            runs.append([bar])
    flags: list[Flag] = []
    for run in reversed(runs):
        text = run[0].label + (f" ×{len(run)}" if len(run) > 1 else "")
        right = run[0].start + scale.width(text)
        under = (flag.row for flag in flags if flag.bar.start < right)
        flags.append(Flag(run[0], text, max(under, default=-1) + 1))
    return flags


def _draw_bar(axes: Axes, bar: Bar, y: float, scale: _Scale) -> None:
    colour, hatch, ink = STYLES[bar.style]
    length = scale.length(bar)
    outline: dict[str, Any] = {"hatch": hatch, "edgecolor": "#333333", "linewidth": 0.6}
    axes.barh(
        y, scale.shown(bar), BAR, bar.start, align="edge", color=colour, **({} if bar.band else outline)
    )
    words = {"model": f"{length:.1f} s", "running": "running"}.get("" if bar.band else bar.style, "")
    if words and scale.width(words) < length:
        middle = bar.start + length / 2
        axes.text(middle, y + BAR / 2, words, fontsize=8, color=ink, ha="center", va="center_baseline")


def _draw_flag(axes: Axes, flag: Flag, y: float, lane: float, scale: _Scale) -> None:
    x, labels = flag.bar.start, y + lane
    ends = (y + flag.bar.row * STEP + BAR, labels + (flag.row + 0.8) * LINE)
    axes.plot([x, x], ends, color="#666666", linewidth=0.6, zorder=0.9)  # behind the bars
    x, middle = x + 0.04 / AXES * scale.axis, labels + (flag.row + 0.5) * LINE
    axes.text(x, middle, flag.text, fontsize=8, va="center_baseline", parse_math=False)
