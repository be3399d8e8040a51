"""A whole turn over the event stream: send, watch, answer, until it is over.

`stream_until_end_turn` and its async twin. What they do when, also after a lost connection, is
written once, in `_flow`, which yields what it wants done; `_Sync` and `_Async` do it. Copy this
file with `turn.py`, `follow.py`, `steps.py` and `tools.py`.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from anthropic import Anthropic, AsyncAnthropic

from .drive import Async, Sync, within
from .plan import QUIET, Flow, Follow, Message, ReadHistory, ReadStatus, StreamEnded
from .protocol import Turn
from .result import TurnResult
from .tools import Confirm, Tool, tools_by_name

__all__ = ["stream_until_end_turn", "stream_until_end_turn_async"]

Event = Any


def stream_until_end_turn(
    client: Anthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
) -> TurnResult:
    """Send a message and follow the session until its turn is over.

    The stream is opened before the message is sent, so nothing is missed; a lost stream is opened
    again and what came meanwhile is read from the history; every event is shown once.

    Args:
        client: the SDK's client. Its `max_retries` is how often the beginning is tried again; a message
            is sent again only if the session's history shows that it never arrived.
        session_id: the session.
        message: a text, a list of content blocks, or None if the turn was started already.
        tools: the SDK's runnable tools for the agent's custom tool calls. Calls that come together
            run together and are answered in one request; each is answered once. One that the deadline
            cuts off goes on in its thread (an async one is cancelled), and calling again with message=None
            starts it anew: make tools safe to run twice, or give the turn time enough.
        confirm: decides about built-in calls that ask for permission; see `tools.Confirm`.
        on_event: called with every new event, for showing it.
        timeout: seconds for the whole turn; None waits for ever. It ends an async `confirm` too; what a
            sync one answers after it is not sent.
        quiet: seconds without any event after which the connection is opened anew.

    Returns:
        How the turn ended, with its text, tool calls and events. Only `end_turn` means that the
        agent finished; see `TurnResult.outcome`.

    Raises:
        TurnTimeout: a TimeoutError. The session goes on: call again with message=None, unless its `sent`
            says that the message has not arrived.
        TypeError: an async client, a message that is neither text nor a list of blocks, or a verdict of
            `confirm` that is none.
        ValueError: two tools have one name, a number of seconds is negative, or message is None and nothing
            was ever sent.
        anthropic.APIStatusError: the API refused the message or the session id.
        anthropic.APIConnectionError: the turn could not be begun; a note says whether the message arrived.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError(
            "stream_until_end_turn needs Anthropic; for AsyncAnthropic use stream_until_end_turn_async"
        )
    turn = Turn(session_id)
    once = client.with_options(max_retries=0)  # `Follow` tries again: it knows the deadline and the history
    driver = _Sync(once, turn, tools_by_name(tools), confirm, on_event, "stream_until_end_turn_async")
    return driver.run(_flow(Follow(turn, message, timeout, quiet, client.max_retries)))


async def stream_until_end_turn_async(
    client: AsyncAnthropic,
    session_id: str,
    message: Message = None,
    *,
    tools: Sequence[Tool] = (),
    confirm: Confirm | None = None,
    on_event: Callable[[Event], object] | None = None,
    timeout: float | None = 600.0,
    quiet: float = QUIET,
) -> TurnResult:
    """`stream_until_end_turn` for `AsyncAnthropic`; `confirm` and `on_event` may be async too."""
    if isinstance(client, Anthropic):
        raise TypeError(
            "stream_until_end_turn_async needs AsyncAnthropic; for Anthropic use stream_until_end_turn"
        )
    turn = Turn(session_id)
    once = client.with_options(max_retries=0)
    driver = _Async(once, turn, tools_by_name(tools), confirm, on_event)
    return await driver.run(_flow(Follow(turn, message, timeout, quiet, client.max_retries)))


@dataclass(frozen=True)
class Open:
    """Open the stream, instead of the old one if there is one."""

    seconds: float


@dataclass(frozen=True)
class Next:
    """The next event of the stream, None after so many seconds of silence."""

    seconds: float


def _flow(follow: Follow) -> Flow:
    """What happens when: yields what it wants done and gets the answer, or the error, back."""
    connected = terminated = False
    while True:
        try:
            if not connected:
                # before the message is sent, so that nothing of the turn is missed
                yield Open(follow.left())
                if follow.started:
                    # before the history, which then has all that came before the end
                    terminated = (yield ReadStatus(follow.left())) == "terminated"
                    events = yield ReadHistory(follow.left())
                else:
                    events = yield from follow.begin()
                connected = True
            if result := (yield from follow.act(events, terminated)):
                return result
            event = yield Next(min(follow.patience(), follow.left()))
            if event is None:  # silence: perhaps there is nothing to say, perhaps the connection is dead
                follow.left()
                connected = False
            else:
                events, follow.failures = [event], 0
        except Exception as error:
            connected = False
            if result := (yield from follow.failed(error)):
                return result


@dataclass
class _Sync(Sync):
    """Does what `_flow` wants with the sync client.

    A thread reads the stream: only so can a deadline end a read, since the keep-alives of a silent
    stream never reach the loop over it.
    """

    stream: Any = None

    def do(self, step: Any) -> Any:
        match step:
            case Open(seconds):
                self.close()
                events = self.client.beta.sessions.events
                self.stream = events.stream(self.turn.session_id, timeout=within(seconds))
                self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
                self.reader = threading.Thread(target=_read, args=(self.stream, self.inbox), daemon=True)
                return self.reader.start()
            case Next(seconds):
                try:
                    event = self.inbox.get(timeout=min(seconds, threading.TIMEOUT_MAX))
                except queue.Empty:
                    return None
                if isinstance(event, Exception):
                    raise event
                return event
        return super().do(step)

    def close(self) -> None:
        if self.stream is None:
            return
        connection = self.stream.response.extensions.get("network_stream")
        raw = connection.get_extra_info("socket") if connection is not None else None
        if raw is not None:
            with suppress(OSError):  # closed by the other side already
                raw.shutdown(socket.SHUT_RDWR)  # wakes the reading thread, which a close alone would not
        self.reader.join(1.0)
        self.stream.close()
        self.stream = None


def _read(stream: Any, inbox: queue.SimpleQueue[Any]) -> None:
    try:
        for event in stream:
            inbox.put(event)
        inbox.put(StreamEnded("the stream ended before the turn"))
    except Exception as error:  # handed over to the thread that reads the inbox
        inbox.put(error)


@dataclass
class _Async(Async):
    """Does what `_flow` wants with the async client."""

    stream: Any = None
    coming: asyncio.Task[Any] | None = None

    async def do(self, step: Any) -> Any:
        match step:
            case Open(seconds):
                await self.close()
                events = self.client.beta.sessions.events
                self.stream = await events.stream(self.turn.session_id, timeout=within(seconds))
                self.iterator = aiter(self.stream)
                return None
            case Next(seconds):
                return await self._next(seconds)
        return await super().do(step)

    async def _next(self, seconds: float) -> Event | None:
        # A read that is cancelled would lose the stream, so one that is not done is kept for the next call.
        self.coming = self.coming or asyncio.ensure_future(anext(self.iterator, None))
        await asyncio.wait([self.coming], timeout=None if seconds == float("inf") else seconds)
        if not self.coming.done():
            return None
        done, self.coming = self.coming, None
        event = done.result()
        if event is None:
            raise StreamEnded("the stream ended before the turn")
        return event

    async def close(self) -> None:
        if self.coming is not None:
            self.coming.cancel()
            await asyncio.wait([self.coming])
            self.coming = None
        if self.stream is not None:
            await self.stream.close()
            self.stream = None
