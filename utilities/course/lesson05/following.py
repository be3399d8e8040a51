"""One turn, followed by everybody at once: a stream, pollers at several intervals, a webhook."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import mean
from typing import Any

from utilities import poll_until_end_turn, stream_until_end_turn
from utilities.show.picture import Picture

from .delays import TimedTurn, Watch, what_knowing_costs, what_was_visible
from .scenes import PacedScene

__all__ = ["Followed", "follow_all"]

LIVE_PHASES = 2  # pollers for each interval on the hosted API, to be gentle


@dataclass(frozen=True)
class Followed:
    """What each follower saw of the turn, and when.

    Attributes:
        session: what they followed.
        turn: it, with its times.
        watches: the followers: the stream, the pollers, the webhook if there is one.
        outcomes: how they say that it ended, each word once.
        events: for each follower, the ids of what its caller heard of, in their order.
    """

    session: Any
    turn: TimedTurn
    watches: Sequence[Watch]
    outcomes: set[str]
    events: Sequence[frozenset[str]]

    def __str__(self) -> str:
        polls = sum(watch.way == "poll" for watch in self.watches)
        called = " and one that is called" if any(w.way == "webhook" for w in self.watches) else ""
        counts = " or ".join(str(len(ids)) for ids in sorted(set(self.events), key=len))
        return f"one stream, {polls} pollers{called}; each of them saw {counts} events"

    @property
    def same_for_all(self) -> bool:
        """Whether every follower saw the same events."""
        return len(set(self.events)) == 1

    def asked_in_silence(self, name: str) -> float:
        """How many requests a follower made while no event came; the mean of those of one name."""
        return mean(self.turn.in_silence(watch)[0] for watch in self._named(name))

    def late(self, name: str) -> float:
        """How many seconds of the turn after its end a follower knew of it; the mean of those of one name."""
        return mean(self.turn.end_delay(watch) for watch in self._named(name))

    def _named(self, name: str) -> list[Watch]:
        found = [watch for watch in self.watches if watch.name == name]
        if not found:
            names = ", ".join(dict.fromkeys(watch.name for watch in self.watches))
            raise KeyError(f"nobody followed by {name!r}; there are {names}")
        return found

    def lanes(self) -> Picture:
        """What was visible when, a lane for each way: of an interval, the poller nearest its mean."""
        one_of_each = [
            min(self._named(name), key=lambda watch: abs(self.turn.end_delay(watch) - self.late(watch.name)))
            for name in dict.fromkeys(watch.name for watch in self.watches)
        ]
        return what_was_visible(self.turn, one_of_each)

    def costs(self) -> Picture:
        """How late the end was known, over the requests made, with what polling should cost."""
        return what_knowing_costs(self.turn, self.watches)


def follow_all(
    scene: PacedScene, message: str, *, intervals: Sequence[float] = (2.0, 5.0, 10.0, 20.0), phases: int = 4
) -> Followed:
    """Follow one turn of a paced session in all ways at once.

    The stream sends the message. When its first event is there, the pollers begin: several for each interval,
    each a part of it after the one before, since a turn can end at any moment between two looks.

    Args:
        scene: where.
        message: what begins the turn.
        intervals: seconds of the turn between two looks of a poller.
        phases: pollers for each interval.
    """
    phases = LIVE_PHASES if scene.live else phases
    session, begun = scene.session("Followed by everybody", scene.paced), threading.Event()
    stream = Watch("stream", scene.paced, begun=begun.set)
    polls = [Watch("poll", scene.paced, every=seconds) for seconds in intervals for _ in range(phases)]
    called = [] if scene.live else [Watch("webhook", scene.paced)]

    def by_stream() -> Any:
        try:
            return stream_until_end_turn(stream.client, session.id, message, on_event=stream)
        finally:
            begun.set()  # should it fail, nobody waits for it

    def by_poll(watch: Watch, phase: int) -> Any:
        assert watch.every is not None
        begun.wait()
        time.sleep((phase + 0.5) / phases * watch.every / scene.speed)
        interval = watch.every / scene.speed
        return poll_until_end_turn(watch.client, session.id, on_event=watch, interval=interval)

    def by_webhook(watch: Watch) -> Any:
        while scene.told.get(timeout=60) != session.id:
            pass  # about another session
        return stream_until_end_turn(watch.client, session.id, on_event=watch)

    pool = ThreadPoolExecutor(1 + len(polls) + len(called))
    try:
        following = [pool.submit(by_stream)]
        following += [pool.submit(by_poll, watch, number % phases) for number, watch in enumerate(polls)]
        following += [pool.submit(by_webhook, watch) for watch in called]
        results = [future.result() for future in following]
    finally:
        pool.shutdown(wait=False)  # if the cell is interrupted, nobody waits for the turn's end
    watches = [stream, *polls, *called]
    return Followed(
        session,
        _timed(scene, stream, results[0].events),
        watches,
        {result.outcome for result in results},
        [frozenset(watch.seen) for watch in watches],
    )


def _timed(scene: PacedScene, stream: Watch, events: Sequence[Any]) -> TimedTurn:
    """The turn on the clock of those who followed it, which begins when the message left."""
    *_, sent = [exchange.at for exchange in stream.wire.exchanges if exchange.method == "POST"]
    turn = TimedTurn(sent, scene.speed, events)
    if scene.live:  # two clocks, and a container to start: what the stream saw soonest was seen at once
        turn = TimedTurn(sent + min(turn.delays(stream)), scene.speed, events)
    return turn
