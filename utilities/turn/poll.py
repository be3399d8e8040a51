"""A whole turn by polling: send, ask now and then what is new, answer, until it is over.

For a process that can't hold a connection open. What is new is asked for by time: the events that were
processed at the newest known time or later. That rests on what the SDK's docstrings say of `events.list`:
`created_at[gte]` and the order of the list both go by an event's `processed_at`. Hence:
- A client event waits with `processed_at` null, as the documentation says, and is listed by its time once it
  is processed, however long ago it was sent. While it waits it is not needed: what the API accepted is known
  from its answer. Where that was lost, the history is read without a time.
- Events of the same time are not lost: the time itself is asked for again, and each id is taken once.
- More than a page is read page by page, of 1,000 as the SDK's own runner reads them.
- Whether an event can be listed later than one that was processed after it isn't known. So while events
  come, and `LATE` seconds longer, each read goes back `LATE` seconds; and `VERY_LATE` while our message has
  not been seen processed, without which no end is the turn's, or when nothing has come for `quiet` seconds.
  After the end there is one more read, `interval` seconds later, but a quarter of `LATE` at least and `LATE`
  at most: what was processed before the end, and is listed then, is in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import anthropic
import httpx2
from anthropic import Anthropic, AsyncAnthropic

from .drive import Async, Sync
from .history import Forward
from .plan import QUIET, Message, Plan
from .protocol import Show
from .result import Event, TurnResult, TurnTimeout, time_of
from .steps import Ask, Pause, Steps
from .tools import Confirm, Tool

__all__ = ["poll_until_end_turn", "poll_until_end_turn_async"]

LATE = 1.0  # seconds: an event may be listed later than others that were processed so long after it
VERY_LATE = 60.0  # the same, for an event without which the turn would not end
LAST_LOOK = 1.0  # seconds that the read at the deadline may take


def poll_until_end_turn(
    client: Anthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
    interval: float = 2.0,
    wait_for_runs: bool = True,
) -> TurnResult:
    """Send a message and ask for the session's new events until its turn is over.

    A read costs what came since the one before, however long the session is. All state is in the session: if
    this process dies, another one goes on with its id and message=None (look in `events.list` first if the
    message may not have arrived). What was answered is not run again. A call that was run, but whose process
    died before its answer was sent, can't be told from one that never ran, and is run again: make tools safe
    to run twice.

    Args:
        client, session_id, message, tools, confirm, on_event, timeout, wait_for_runs: as of
            `stream_until_end_turn`. While tools run, nothing is read. There is a last read when the time
            is over.
        quiet: seconds without any event after which the session's status is asked for too.
        interval: seconds from the end of one read to the next. A busy service is asked again when it
            wants to be (`retry-after`), a broken connection at once, then less and less often.

    Returns:
        The result that `stream_until_end_turn` returns.

    Raises:
        Exception: as of `stream_until_end_turn`; and a ValueError for an interval that is not positive.
    """
    driver = Sync("poll_until_end_turn", client, tools, confirm, on_event)
    plan = PollPlan(session_id, message, timeout, quiet, client.max_retries, wait_for_runs, interval)
    return driver.run(plan.steps())


async def poll_until_end_turn_async(
    client: AsyncAnthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
    interval: float = 2.0,
    wait_for_runs: bool = True,
) -> TurnResult:
    """`poll_until_end_turn` for `AsyncAnthropic`; `confirm` and `on_event` may be async too."""
    driver = Async("poll_until_end_turn_async", client, tools, confirm, on_event)
    plan = PollPlan(session_id, message, timeout, quiet, client.max_retries, wait_for_runs, interval)
    return await driver.run(plan.steps())


@dataclass
class PollPlan(Plan):
    """The plan of a turn that is followed by polling.

    Args:
        interval: seconds between two reads.
    """

    interval: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.interval < float("inf"):
            raise ValueError(f"interval must be more than 0 seconds, and finite, not {self.interval}")
        self.mark = _Mark()
        self.known = 0  # how many events had been seen before the last read
        self.coming = True  # events, at the last read or a moment ago
        self.heard = self.clock()  # when something new came, or the status was asked for

    def look(self) -> Steps:
        """What is new, after a pause."""
        if not self.started:
            events = yield from self.begin()
            self.mark.begin(self.newest)
        else:
            if not self.lost:
                yield from self._pause()
            events = yield from self._read()
        self.mark.move(events)
        self.known = len(self.turn.seen)
        return events

    def _pause(self) -> Steps:
        self.failures = 0
        self.coming = len(self.turn.seen) > self.known
        if self.coming:
            self.heard = self.clock()
        yield Pause(min(self.interval, self.left()))

    def _read(self) -> Steps:
        silent = self.clock() - self.heard >= self.patience()
        if silent:
            self.heard = self.clock()
            yield from self.ask_status(silent, LAST_LOOK)
        self.coming = self.coming or self.clock() - self.heard <= LATE
        back = VERY_LATE if silent or self.turn.waiting else LATE if self.coming else 0.0
        events = yield self._ask_new(back)
        self.unsure = False
        return events

    def ended(self, result: TurnResult) -> Steps:
        """The turn's result, with what was listed a moment after its end although it came before it."""
        times = [time for event in result.events if (time := time_of(event))]
        if not times or time_of(result.events[-1]) is None:
            return result
        try:
            yield Pause(min(self.left(), LATE, max(self.interval, LATE / 4)))
            events = yield self._ask_new(LATE)
        except (TurnTimeout, httpx2.HTTPError, anthropic.APIError):
            return result  # the turn is over, whatever became of this look
        late = [event for event in events if event.id not in self.turn.seen and in_turn(event, times)]
        yield from map(Show, late)
        return replace(result, events=[*result.events[:-1], *late, result.events[-1]])

    def _ask_new(self, back: float) -> Ask:
        """The next read, from `back` seconds before what is known. There is a last one at the deadline."""
        if self.mark.first is None or self.unsure or self.rests:  # what waits has no time to be found by
            return self.ask_history(self.newest or (), LAST_LOOK)
        after = Forward(None if self.mark.open else self.mark.first.id)
        since = self.mark.since(back)
        return self.ask("events.list", LAST_LOOK, after, created_at_gte=since, limit=1000)


@dataclass
class _Mark:
    """Where the next read begins.

    Attributes:
        first: what came up to this event is not asked for again: the session's newest one before our
            message, or the turn's first.
        newest: the latest time that is known of an event.
        open: the session had no event before our message, so there is nothing to leave out.
    """

    first: Event | None = None
    newest: datetime | None = None
    open: bool = False

    def begin(self, newest: list[Event] | None) -> None:
        """Take note of the session's newest event before our message; None if there is no message."""
        self.open = newest == []
        self.move(newest or ())

    def move(self, events: Iterable[Event]) -> None:
        """Take note of events that were read."""
        for event in events:
            if time := time_of(event):
                self.first = self.first or event
                self.newest = max(self.newest or time, time)

    def since(self, back: float) -> datetime:
        """The time to read from, `back` seconds before the newest, but not before the turn."""
        assert self.first is not None and self.newest is not None, "nothing has a time yet"
        begun: datetime = self.first.processed_at
        since = self.newest - timedelta(seconds=back)
        return since if self.open else max(begun, since)


def in_turn(event: Event, times: list[datetime]) -> bool:
    """Whether an event was processed between the first and the last of these times, a turn's."""
    time = time_of(event)
    return time is not None and times[0] <= time <= times[-1]
