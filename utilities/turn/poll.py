"""A whole turn by polling: send, ask now and then what is new, answer, until it is over.

`poll_until_end_turn` and its async twin: for a process that can't hold a connection open. What they do
when is in `_flow`. Copy this file with `turn.py`, `follow.py`, `steps.py` and `tools.py`.

What is new is asked for by time: the events that were processed at the newest known time or later. That
rests on what the SDK says of `events.list`: `created_at[gte]` and the order of the list both go by an
event's `processed_at`. [sdk: event_list_params.py] Hence:
- A client event waits with `processed_at` null [doc], and is listed by its time once it is processed,
  however long ago it was sent. While it waits it is not needed: what the API accepted is known from its
  answer. Where that was lost, the history is read without a time.
- Events of the same time are not lost: the time itself is asked for again, and each id is taken once.
- More than a page is read page by page, of 1,000 as the SDK's own runner reads them.
- Whether an event can be listed later than one that was processed after it isn't known. So while events
  come, and `LATE` seconds longer, each read goes back `LATE` seconds; and `VERY_LATE` while our message has
  not been seen processed, without which no end is the turn's, or when nothing has come for `quiet` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from anthropic import Anthropic, AsyncAnthropic

from .drive import Async, Sync
from .plan import QUIET, Flow, Follow, Message, Pause, ReadHistory, ReadNew, ReadStatus
from .protocol import Turn
from .result import TurnResult
from .tools import Confirm, Tool, tools_by_name

__all__ = ["poll_until_end_turn", "poll_until_end_turn_async"]

Event = Any
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
) -> TurnResult:
    """Send a message and ask for the session's new events until its turn is over.

    The result is that of `stream_until_end_turn`. A read costs what came since the one before, however
    long the session is. All state is in the session: if this process dies, another one goes on with its
    id and message=None (look in `events.list` first if the message may not have arrived). What was
    answered is not run again. A call that was run, but whose process died before its answer was sent,
    can't be told from one that never ran, and is run again: make tools safe to run twice.

    Args:
        client: the SDK's client. Its `max_retries` is how often the beginning is tried again; a message
            is sent again only if the session's history shows that it never arrived.
        session_id: the session.
        message: a text, a list of content blocks, or None if the turn was started already.
        tools: the SDK's runnable tools for the agent's custom tool calls. Calls that come together
            run together and are answered in one request; each is answered once. Nothing is read meanwhile.
            One that the deadline cuts off goes on in its thread (an async one is cancelled).
        confirm: decides about built-in calls that ask for permission; see `tools.Confirm`.
        on_event: called with every new event, for showing it.
        timeout: seconds for the whole turn; None waits for ever. There is a last read when they are over.
        quiet: seconds without any event after which the session's status is asked for too.
        interval: seconds from the end of one read to the next. A busy service is asked again when it
            wants to be (`retry-after`), a broken connection at once, then less and less often.

    Returns:
        How the turn ended, with its text, tool calls and events. Only `end_turn` means that the
        agent finished; see `TurnResult.outcome`.

    Raises:
        TurnTimeout: a TimeoutError. The session goes on: call again with message=None, unless its `sent`
            says that the message has not arrived.
        TypeError: an async client, a message that is neither text nor a list of blocks, or a verdict of
            `confirm` that is none.
        ValueError: two tools have one name, a number of seconds is negative (or 0, for `interval`), or
            message is None and nothing was ever sent.
        anthropic.APIStatusError: the API refused the message or the session id.
        anthropic.APIConnectionError: the turn could not be begun; a note says whether the message arrived.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError(
            "poll_until_end_turn needs Anthropic; for AsyncAnthropic use poll_until_end_turn_async"
        )
    turn = Turn(session_id)
    once = client.with_options(max_retries=0)  # `Follow` tries again: it knows the deadline and the history
    driver = Sync(once, turn, tools_by_name(tools), confirm, on_event, "poll_until_end_turn_async")
    return driver.run(_flow(Follow(turn, message, timeout, quiet, client.max_retries), _checked(interval)))


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
) -> TurnResult:
    """`poll_until_end_turn` for `AsyncAnthropic`; `confirm` and `on_event` may be async too."""
    if isinstance(client, Anthropic):
        raise TypeError(
            "poll_until_end_turn_async needs AsyncAnthropic; for Anthropic use poll_until_end_turn"
        )
    turn = Turn(session_id)
    once = client.with_options(max_retries=0)
    driver = Async(once, turn, tools_by_name(tools), confirm, on_event)
    flow = _flow(Follow(turn, message, timeout, quiet, client.max_retries), _checked(interval))
    return await driver.run(flow)


def _checked(interval: float) -> float:
    if not 0 < interval < float("inf"):
        raise ValueError(f"interval must be more than 0 seconds, and finite, not {interval}")
    return interval


def _flow(follow: Follow, interval: float) -> Flow:
    """What happens when: yields what it wants done and gets the answer, or the error, back."""
    mark = _Mark()
    terminated, coming = False, True
    heard = follow.clock()  # when something new came, or the status was asked for
    while True:
        try:
            if not follow.started:
                events = yield from follow.begin()
                mark.move(follow.newest or [])
                mark.open = follow.newest == []
            else:
                silent = follow.clock() - heard >= follow.patience()
                if silent:
                    heard = follow.clock()
                    # before the events, which then have all that came before the end
                    terminated = (yield ReadStatus(follow.left(LAST_LOOK))) == "terminated"
                coming = coming or follow.clock() - heard <= LATE
                back = VERY_LATE if silent or follow.turn.waiting else LATE if coming else 0.0
                events = yield _read(follow, mark, back)
                follow.unsure = False
            mark.move(events)
            known = len(follow.turn.seen)
            if result := (yield from follow.act(events, terminated)):
                return result
            coming = len(follow.turn.seen) > known
            if coming:
                heard = follow.clock()
            follow.failures = 0
            yield Pause(min(interval, follow.left()))
        except Exception as error:
            if result := (yield from follow.failed(error)):
                return result


def _read(follow: Follow, mark: _Mark, back: float) -> ReadNew | ReadHistory:
    """The next read, from `back` seconds before what is known. There is a last one at the deadline."""
    seconds = follow.left(LAST_LOOK)
    if mark.first is None or follow.unsure:  # what waits has no time to be found by
        return ReadHistory(seconds, next((event.id for event in follow.newest or ()), None))
    return ReadNew(seconds, mark.since(back), "" if mark.open else mark.first.id)


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

    def move(self, events: Iterable[Event]) -> None:
        """Take note of events that were read."""
        for event in events:
            time = getattr(event, "processed_at", None)
            if isinstance(time, datetime) and time.tzinfo is not None:
                self.first = self.first or event
                self.newest = max(self.newest or time, time)

    def since(self, back: float) -> datetime:
        """The time to read from, `back` seconds before the newest, but not before the turn."""
        assert self.first is not None and self.newest is not None, "nothing has a time yet"
        begun: datetime = self.first.processed_at
        since = self.newest - timedelta(seconds=back)
        return since if self.open else max(begun, since)
