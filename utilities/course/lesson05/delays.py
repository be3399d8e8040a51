"""What each way of following a turn saw when, and two pictures of it, for lesson 05."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

from anthropic import Anthropic

from utilities.show.events import moment
from utilities.show.picture import INK, STYLES, WIDTH, Picture, drawn, outlined, plain

from .wire import Wire

if TYPE_CHECKING:
    from utilities.show.picture import Axes, Figure

__all__ = ["TimedTurn", "Watch", "what_was_visible", "what_knowing_costs"]

LANE, TOP, BOTTOM, LEFT, RIGHT = 0.44, 0.12, 0.5, 0.98, 2.12  # inches
COLOURS = {"stream": "#0072B2", "poll": "#E69F00", "webhook": "#009E73"}  # Okabe-Ito, and a name beside each
MARKERS = {"stream": "s", "poll": "o", "webhook": "D"}
TOGETHER = 0.02  # seconds: what is shown within this time became visible at once


class Watch:
    """One way of following a turn: pass it as `on_event`, and its `client` as the client.

    Args:
        way: "stream", "poll" or "webhook".
        client: is copied, and the copy counted.
        every: the interval in recorded seconds, for polling.

    Attributes:
        wire: the requests and bytes of this way alone.
        seen: when each event was first seen, by its id.
        begun: called with the first event; for those who wait until the turn has begun.
    """

    def __init__(
        self, way: str, client: Anthropic, every: float | None = None,
        begun: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        self.way, self.every, self.begun = way, every, begun
        self.wire = Wire()
        self.client = self.wire.tap(client)
        self.seen: dict[str, float] = {}

    @property
    def name(self) -> str:
        return self.way if self.every is None else f"{self.way} {self.every:g} s"

    def __call__(self, event: Any) -> None:
        first = not self.seen
        self.seen.setdefault(event.id, time.monotonic())
        if first and self.begun:
            self.begun()


@dataclass(frozen=True)
class TimedTurn:
    """A turn that was played at some pace; turns what a clock said into seconds of the turn.

    Args:
        sent: when its message was sent, by the clock of `Watch`.
        speed: seconds of the turn in one second.
        events: the turn's events.
    """

    sent: float
    speed: float
    events: Sequence[Any]

    def second(self, clock: float) -> float:
        return (clock - self.sent) * self.speed

    def happened(self, event: Any) -> float:
        """The second in which an event happened, by the session's own times."""
        start = next(moment(e) for e in self.events if e.type == "user.message")
        at = moment(event)
        assert start is not None and at is not None
        return (at - start).total_seconds()

    @property
    def seconds(self) -> float:
        """How long the turn took."""
        return self.happened(self.events[-1])

    @property
    def silence(self) -> tuple[float, float]:
        """The longest stretch without an event."""
        times = sorted(self.happened(event) for event in self.events)
        return max(zip(times, times[1:], strict=False), key=lambda pair: pair[1] - pair[0])

    def delays(self, watch: Watch) -> list[float]:
        """For each event, how many seconds of the turn passed before this way saw it."""
        return [self.second(watch.seen[e.id]) - self.happened(e) for e in self.events]

    def end_delay(self, watch: Watch) -> float:
        """How long after the end this way knew of it."""
        return self.delays(watch)[-1]

    def in_silence(self, watch: Watch) -> tuple[int, int]:
        """Requests and bytes of this way in the longest stretch without an event."""
        start, end = (self.sent + second / self.speed for second in self.silence)
        return watch.wire.between(start, end)


def _moments(turn: TimedTurn, watch: Watch) -> list[tuple[float, int]]:
    """When something new became visible, and how many events at once."""
    groups: list[list[float]] = []
    for at in sorted(watch.seen.values()):
        if groups and at - groups[-1][-1] < TOGETHER:
            groups[-1].append(at)
        else:
            groups.append([at])
    return [(turn.second(group[0]), len(group)) for group in groups]


# -- what was visible when ---------------------------------------------------------------------------------


def what_was_visible(turn: TimedTurn, watches: Sequence[Watch]) -> Picture:
    """A lane for the session and one for each way: dots where new events were seen, ticks where it asked.

    Args:
        turn: what happened.
        watches: one for each lane.
    """
    height = TOP + LANE * (len(watches) + 1.4) + BOTTOM
    end = max(turn.second(at) for watch in watches for at in watch.seen.values())

    def draw(figure: Figure) -> None:
        box = (LEFT / WIDTH, BOTTOM / height, (WIDTH - LEFT - RIGHT) / WIDTH, 1 - (TOP + BOTTOM) / height)
        axes = figure.add_axes(box)
        axes.set(xlim=(-0.8, end * 1.02), ylim=(len(watches) + 0.6, -0.8))
        axes.set_yticks(range(len(watches) + 1), ["the session", *(watch.name for watch in watches)])
        _draw_session(axes, turn)
        for row, watch in enumerate(watches, 1):
            _draw_lane(axes, turn, watch, row)
        _draw_columns(axes, turn, watches)
        plain(axes, "bottom")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(
            "seconds of the turn · a mark: something new, and how many events at once · a tick: a request",
            fontsize=9,
        )

    return drawn(draw, height, _alt_of_lanes(turn, watches))


def _draw_session(axes: Axes, turn: TimedTurn) -> None:
    starts = {e.id: turn.happened(e) for e in turn.events if e.type == "span.model_request_start"}
    for event in turn.events:
        if event.type == "span.model_request_end":
            start = starts[event.model_request_start_id]
            axes.barh(0, turn.happened(event) - start, 0.42, start, **outlined(*STYLES["model"]))
    calls = {e.id: turn.happened(e) for e in turn.events if e.type == "agent.tool_use"}
    for event in turn.events:
        if event.type == "agent.tool_result":
            start = calls[event.tool_use_id]
            axes.barh(0, turn.happened(event) - start, 0.42, start, **outlined(*STYLES["tools"]))
    start, stop = turn.silence
    axes.axvspan(start, stop, color="#EEEEEE", zorder=0)
    middle = (start + stop) / 2
    words = {"ha": "center", "va": "center", "fontsize": 8}
    axes.text(middle, 0, "a tool runs", bbox={"fc": "white", "ec": "none", "pad": 1.5}, **words)  # type: ignore[arg-type]
    axes.text(middle, -0.62, f"{stop - start:.0f} s without an event", **words)  # type: ignore[arg-type]
    axes.axvline(turn.seconds, color=INK, lw=0.9, ls="--", zorder=0.5)
    axes.text(turn.seconds + 0.8, -0.62, "it ends", va="center", fontsize=8)


def _draw_lane(axes: Axes, turn: TimedTurn, watch: Watch, row: int) -> None:
    colour = COLOURS[watch.way]
    axes.axhline(row, color="#CCCCCC", lw=0.6, zorder=0.4)
    asked = [turn.second(exchange.at) for exchange in watch.wire.exchanges]
    axes.plot(asked, [row + 0.3] * len(asked), "|", color="#666666", ms=4, mew=0.7)
    for at, count in _moments(turn, watch):
        size = 3.4 + 1.1 * count**0.5
        axes.plot(at, row, MARKERS[watch.way], color=colour, ms=size, mec=INK, mew=0.5)
        if watch.way != "stream":  # there they would be too close to each other
            words = {"ha": "center", "va": "center", "bbox": {"fc": "white", "ec": "none", "pad": 0.4}}
            axes.text(at, row - 0.34, str(count), fontsize=7.5, zorder=2.5, **words)  # type: ignore[arg-type]


def _draw_columns(axes: Axes, turn: TimedTurn, watches: Sequence[Watch]) -> None:
    """The numbers, in three columns on the right."""
    inches = WIDTH - LEFT - RIGHT
    places = [1 + (inch / inches) for inch in (0.66, 1.36, 2.02)]
    words: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(), "ha": "right", "va": "center", "fontsize": 8.5
    }  # fmt: skip
    for place, title in zip(places, ("end known\nafter", "requests", "kB"), strict=True):
        axes.text(place, 0, title, **words)
    for row, watch in enumerate(watches, 1):
        cells = f"{turn.end_delay(watch):.1f} s", str(watch.wire.requests), f"{watch.wire.bytes / 1000:.0f}"
        for place, cell in zip(places, cells, strict=True):
            axes.text(place, row, cell, **words)


def _alt_of_lanes(turn: TimedTurn, watches: Sequence[Watch]) -> str:
    start, stop = turn.silence
    lanes = "; ".join(
        f"{watch.name}: news {len(_moments(turn, watch))} times, the end known "
        f"{turn.end_delay(watch):.1f} s late, {watch.wire.requests} requests, {watch.wire.bytes / 1e3:.0f} kB"
        for watch in watches
    )
    return (
        f"What was visible when, of a turn of {turn.seconds:.0f} seconds in which nothing happens from "
        f"second {start:.0f} to {stop:.0f}, while a tool runs. {lanes}."
    )


# -- what knowing of the end costs -------------------------------------------------------------------------


def what_knowing_costs(turn: TimedTurn, watches: Iterable[Watch]) -> Picture:
    """How late the end was known over the requests that it took, a mark for each; polls by interval, with
    their mean and what is expected: half an interval, and as late as the stream, which waits for no interval.

    Args:
        turn: what happened.
        watches: the stream, and several for each interval, that began to ask at different times.
    """
    watches = list(watches)
    polls: dict[float, list[Watch]] = {}
    for watch in watches:
        if watch.every:
            polls.setdefault(watch.every, []).append(watch)

    floor = mean(turn.end_delay(watch) for watch in watches if watch.way == "stream")

    def draw(figure: Figure) -> None:
        axes = figure.add_axes((0.70 / WIDTH, 0.5 / 3.7, (WIDTH - 0.85) / WIDTH, 3.1 / 3.7))
        axes.set(xscale="log", yscale="log")
        shades = [10 ** (step / 20) for step in range(0, 33)]  # 1 to 40 s
        line = [(requests_for(turn, every), every / 2 + floor) for every in shades]
        axes.plot(*zip(*line, strict=True), color=INK, lw=1, ls="--", zorder=1)
        for every, group in sorted(polls.items()):
            _draw_poll(axes, turn, every, group)
        for way, place in (("stream", (9, 0)), ("webhook", (9, 0))):
            for watch in (w for w in watches if w.way == way):
                at = watch.wire.requests, max(0.02, turn.end_delay(watch))
                axes.plot(*at, MARKERS[way], color=COLOURS[way], ms=8, mec=INK, mew=0.6)
                axes.annotate(way, at, place, textcoords="offset points", fontsize=9, va="center")
        label = "interval / 2, and as  \nlate as the stream  "
        axes.annotate(label, line[-1], fontsize=9, ha="right", va="center")
        axes.set(xlim=(0.8, 60), ylim=(0.03, 40))
        axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        axes.minorticks_off()
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        plain(axes, "left", "bottom")
        axes.set_xlabel(
            "requests in the whole turn (a dot is a mean, a dash one of those that poll)", fontsize=9
        )
        axes.set_ylabel("the end known after (s)", fontsize=9)

    return drawn(draw, 3.7, _alt_of_costs(turn, watches, polls, floor))


def requests_for(turn: TimedTurn, every: float) -> float:
    """What polling at this interval should take: one read at the start, then one an interval, on average half
    an interval longer than the turn."""
    return 1.5 + turn.seconds / every


def _draw_poll(axes: Axes, turn: TimedTurn, every: float, group: Sequence[Watch]) -> None:
    colour, delays = COLOURS["poll"], [max(0.02, turn.end_delay(watch)) for watch in group]
    requests = [watch.wire.requests for watch in group]
    at = mean(requests), mean(delays)
    axes.plot([at[0]] * len(delays), delays, "_", color=colour, ms=9, mew=1.4, zorder=2)
    axes.plot(*at, MARKERS["poll"], color=colour, ms=8, mec=INK, mew=0.6, zorder=3)
    words: dict[str, Any] = {"fontsize": 9, "va": "center", "bbox": {"fc": "white", "ec": "none", "pad": 0.8}}
    axes.annotate(f"poll {every:g} s", at, (10, 8), textcoords="offset points", **words)


def _alt_of_costs(
    turn: TimedTurn, watches: Sequence[Watch], polls: dict[float, list[Watch]], floor: float
) -> str:
    told = [watch for watch in watches if not watch.every]
    parts = [f"{w.name}: {w.wire.requests} requests, {turn.end_delay(w):.1f} s after the end" for w in told]
    for every, group in sorted(polls.items()):
        parts.append(
            f"poll every {every:g} s: {mean(w.wire.requests for w in group):.0f} requests, on average "
            f"{mean(turn.end_delay(w) for w in group):.1f} s after the end (expected {every / 2 + floor:.1f})"
        )
    return f"How late the end of the turn was known, over the requests made. {'; '.join(parts)}."
