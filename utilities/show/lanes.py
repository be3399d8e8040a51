"""Draw who said what to whom: a sequence diagram of a turn, with a lane for your process, the session and
the agent.

`timeline` is to scale and shows where the time went; this one has a row for each event and shows how a turn
goes back and forth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .events import answered_call, attribute, content_text, events_of, kind, moment
from .picture import INK, WIDTH, Picture, drawn
from .untrusted import one_line

if TYPE_CHECKING:
    from .picture import Axes, Figure

__all__ = ["lanes"]

LANES = {"you": (2.0, "your process"), "session": (4.7, "session"), "agent": (7.4, "agent")}  # x in inches
ROW = 0.36  # inches, from one event to the next
ASKS, ANSWERS, STATES = "#D55E00", "#0072B2", INK  # Okabe-Ito's; each also has words of its own
LABEL = 46  # characters of a label
FIRST, LAST = 100, 100  # rows of a diagram that has more, which nobody could read
TOLD = 30  # of each, in words


@dataclass(frozen=True)
class Step:
    """One row: an arrow between two lanes, or a state of the session (`end` is then its own lane)."""

    seconds: float
    start: str
    end: str
    label: str
    colour: str = STATES


def lanes(events: Any) -> Picture:
    """A picture of who sent what to whom in a turn.

    Args:
        events: the session's events, or anything with an `events` attribute (a `TurnResult`). Those without
            a time, spans, thread statuses and usage are left out.

    Returns:
        A `Picture`; its `alt` lists the rows in words. Of more than 200 rows the first and the last 100 are
        drawn; how many are left out stands between them.
    """
    every = _steps(events)
    steps = _bounded(every, FIRST, LAST)
    height = (len(steps) + 2) * ROW

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        axes.axis("off")
        for x, name in LANES.values():
            axes.text(x, 0.6 * ROW, name, ha="center", va="center", fontsize=10, fontweight="bold")
            axes.plot([x, x], [1.1 * ROW, height - 0.3 * ROW], color="#999999", linewidth=0.8, zorder=0)
        for number, step in enumerate(steps):
            _draw(axes, step, (number + 1.9) * ROW)

    return drawn(draw, height, _alt(_bounded(every, TOLD, TOLD) if len(every) > len(steps) else steps))


def _bounded(steps: list[Step], first: int, last: int) -> list[Step]:
    more = len(steps) - first - last
    if more <= 0:
        return steps
    left_out = Step(steps[first].seconds, "session", "session", f"... {more:,} more rows are left out ...")
    return [*steps[:first], left_out, *steps[-last:]]


def _steps(events: Any) -> list[Step]:
    timed = [(at, event) for event in events_of(events) if (at := moment(event))]
    timed.sort(key=lambda pair: pair[0])
    names = {attribute(e, "id"): str(attribute(e, "name")) for _, e in timed if kind(e).endswith("tool_use")}
    steps = []
    for at, event in timed:
        row = _row(event, names)
        if row is not None:
            steps.append(Step((at - timed[0][0]).total_seconds(), *row))
    return steps


def _row(event: Any, names: dict[Any, str]) -> tuple[str, str, str, str] | None:
    """From which lane to which, with which words and colour; None for an event that gets no row."""
    type_, text = kind(event), content_text(attribute(event, "content"))
    short = type_.partition(".")[2]
    match type_:
        case "session.status_idle":
            reason = attribute(event, "stop_reason")
            stop, ids = str(attribute(reason, "type") or ""), attribute(reason, "event_ids")
            label = f"idle: {stop}" + (f", {len(ids)} to answer" if ids else "")
            return "session", "you", label, ASKS if ids else STATES
        case "session.status_running" | "session.status_rescheduled" | "session.status_terminated":
            return "session", "session", short.removeprefix("status_"), STATES
        case "agent.tool_use" | "agent.custom_tool_use" | "agent.mcp_tool_use":
            asks = kind(event) == "agent.custom_tool_use" or attribute(event, "evaluated_permission") == "ask"
            return "agent", "session", f"{short}: {attribute(event, 'name')}", ASKS if asks else STATES
        case "agent.message":
            return "agent", "you", f"message: {text}", STATES
        case "user.custom_tool_result" | "user.tool_confirmation" | "user.tool_result":
            id = answered_call(event) or attribute(event, "tool_use_id")
            said = attribute(event, "result") or ("error" if attribute(event, "is_error") else "result")
            return "you", "agent", f"{short}: {names.get(id, 'a call')}, {said}", ANSWERS
        case "user.message":
            return "you", "agent", f"message: {text}", STATES
        case "user.interrupt":
            return "you", "session", "interrupt", ANSWERS
    return None


def _draw(axes: Axes, step: Step, y: float) -> None:
    (start, _), (end, _) = LANES[step.start], LANES[step.end]
    axes.text(0.15, y, f"{step.seconds:.1f} s", fontsize=8, va="center", color="#666666")
    text: dict[str, Any] = {"fontsize": 8, "color": step.colour, "parse_math": False, "zorder": 3}
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    if start == end:  # a state, written on its lane
        box = {**behind, "edgecolor": STATES}
        axes.text(start, y, step.label, ha="center", va="center", bbox=box, **text)
        return
    arrow = {"arrowstyle": "-|>", "color": step.colour, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (end, y), (start, y), arrowprops=arrow, zorder=2)
    label = _plain(step.label, LABEL if abs(end - start) > 3 else LABEL // 2 + 12)
    axes.text((start + end) / 2, y - 0.04, label, ha="center", va="bottom", bbox=behind, **text)


def _plain(text: str, characters: int) -> str:
    """On one line, in characters that matplotlib's own font has."""
    line = one_line(text[:400]).encode("ascii", "backslashreplace").decode()
    return line if len(line) <= characters else f"{line[: characters - 3]}..."


def _alt(steps: list[Step]) -> str:
    if not steps:
        return "Sequence diagram without events: none has a recorded time."
    said = (
        f"{step.seconds:.1f} s, {LANES[step.start][1]}"
        + (f" to {LANES[step.end][1]}" if step.start != step.end else "")
        + f": {_plain(step.label, 100)}"
        for step in steps
    )
    return "Sequence diagram of your process, the session and the agent. " + "; ".join(said) + "."
