"""A whole turn over the event stream: send, watch, answer, until it is over.

`stream_until_end_turn` and its async twin. What they do when, also after a lost connection, is
written once, in `_flow`, which yields what it wants done; `_Sync` and `_Async` do it. Copy this
file with `turn.py` and `tools.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import queue
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx2
from anthropic import Anthropic, AsyncAnthropic

from .tools import Confirm, Tool, asks, run_tools, tools_by_name, verdict_event
from .turn import Answer, Finish, History, Sent, Show, Turn, TurnResult, TurnTimeout

__all__ = ["stream_until_end_turn", "stream_until_end_turn_async"]

Event = Any
Message = str | Iterable[Any] | None
QUIET = 60.0  # seconds of silence after which the connection is doubted
DOOMED_QUIET = 2.0  # the same, after an error that will end the session
MAX_BACKOFF = 10.0  # seconds
MAX_REQUEST = 60.0  # seconds for one request, or one read of the stream, before it is tried again


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
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError(
            "stream_until_end_turn needs Anthropic; for AsyncAnthropic use stream_until_end_turn_async"
        )
    turn = Turn(session_id)
    once = client.with_options(max_retries=0)  # `_flow` tries again: it knows the deadline and the history
    driver = _Sync(once, turn, tools_by_name(tools), confirm, on_event)
    flow = _flow(turn, message, timeout, quiet, client.max_retries, time.monotonic)
    try:
        step: Any = next(flow)
        while True:
            try:
                answer = driver.do(step)
            except Exception as error:
                if isinstance(step, Show | Run):
                    raise  # the caller's own function failed, not the connection
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as over:
        result: TurnResult = over.value
        return result
    finally:
        driver.close()


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
    driver = _Async(client.with_options(max_retries=0), turn, tools_by_name(tools), confirm, on_event)
    flow = _flow(turn, message, timeout, quiet, client.max_retries, time.monotonic)
    try:
        step: Any = next(flow)
        while True:
            try:
                answer = await driver.do(step)
            except Exception as error:
                if isinstance(step, Show | Run):
                    raise  # the caller's own function failed, not the connection
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as over:
        result: TurnResult = over.value
        return result
    finally:
        await driver.close()


# -- what is wanted -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """Open the stream, instead of the old one if there is one."""

    seconds: float


@dataclass(frozen=True)
class Send:
    """Send these events (the SDK's event params); the answer is what the API accepted."""

    events: list[Any]
    seconds: float


@dataclass(frozen=True)
class ReadHistory:
    """Read back to where the turn began, or to the event `since`; the answer is the events after it."""

    seconds: float
    since: str | None = None


@dataclass(frozen=True)
class ReadNewest:
    """The id of the session's newest event, empty if it has none."""

    seconds: float


@dataclass(frozen=True)
class ReadStatus:
    """The session's status field."""

    seconds: float


@dataclass(frozen=True)
class Next:
    """The next event of the stream, None after so many seconds of silence."""

    seconds: float


@dataclass(frozen=True)
class Run:
    """Run these calls' tools and ask about permissions; the answer is the events to send, by call id,
    None if the time was not enough."""

    calls: list[Event]
    seconds: float


@dataclass(frozen=True)
class Pause:
    """Wait before the next attempt."""

    seconds: float


class StreamEnded(Exception):
    """The stream ended although the turn has not."""


def _flow(
    turn: Turn,
    message: Message,
    timeout: float | None,
    quiet: float,
    retries: int,
    clock: Callable[[], float],
) -> Generator[Any, Any, TurnResult]:
    """What happens when: yields what it wants done and gets the answer, or the error, back.

    `retries` is how often the beginning is tried again; what has begun is followed until the deadline.
    """
    start = clock()
    opening = None if message is None else user_message(message)
    sent: Sent = "yes" if opening is None else "no"
    if timeout is not None and not timeout >= 0:
        raise ValueError(f"timeout must be 0 seconds or more, or None, not {timeout}")
    if not quiet > 0:
        raise ValueError(f"quiet must be more than 0 seconds, not {quiet}")

    def left() -> float:
        remaining = float("inf") if timeout is None else start + timeout - clock()
        if remaining <= 0:
            raise TurnTimeout(turn.session_id, clock() - start, turn.events, sent)
        return remaining

    newest: str | None = None  # the session's newest event before our message
    answers: dict[str, dict[str, Any]] = {}
    started = connected = terminated = False
    failures = 0
    while True:
        try:
            if not connected:
                yield Open(left())
                # before the history, which then has all that came before the end
                terminated = started and (yield ReadStatus(left())) == "terminated"
                if started or opening is None:
                    events = yield ReadHistory(left())
                elif newest is None:
                    newest, events = (yield ReadNewest(left())), []
                else:  # an attempt failed, perhaps only its response: there is no idempotency key [sdk]
                    events = yield ReadHistory(left(), newest)
                if not started and opening is not None and not any(says(e, opening) for e in events):
                    # only now that the stream is open, so that nothing of the turn is missed
                    sent = "no"
                    send = Send([opening], left())
                    sent = "perhaps"
                    turn.expect((yield send))
                sent = "yes"
                if not started and not events and message is None:
                    raise ValueError(
                        f"session {turn.session_id} has no events, so no turn to wait for: pass a message"
                    )
                started = connected = True
            for action in turn.feed(*events):
                if isinstance(action, Show):
                    yield action
                elif isinstance(action, Finish):
                    return action.result
                elif not terminated and (pending := (yield from _answer(turn, action, answers, left))):
                    return turn.finish("requires_action", pending)
            if terminated:  # and its history does not say how the turn ended
                return turn.finish("terminated")
            event = yield Next(min(DOOMED_QUIET if turn.doomed else quiet, left()))
            if event is None:  # silence: perhaps there is nothing to say, perhaps the connection is dead
                left()
                connected = False
            else:
                events, failures = [event], 0
        except Exception as error:
            if started and isinstance(error, anthropic.NotFoundError):
                return turn.finish("deleted")
            if not is_passing(error):
                raise
            left()
            connected, failures = False, failures + 1
            pause = wait_before(error, failures)
            if not started and (failures > retries or pause >= left()):
                raise
            yield Pause(min(left(), pause))


def _answer(
    turn: Turn, wanted: Answer, answers: dict[str, dict[str, Any]], left: Callable[[], float]
) -> Generator[Any, Any, list[str]]:
    """Answer what can be answered, in one send; returns the ids that nobody here has an answer for.

    `answers` outlives a failed send: the calls behind it are not run a second time.
    """
    fresh = [call for call in wanted.calls if call.id not in answers]
    answers.update((yield Run(fresh, left())) or {})
    left()
    ready = [call.id for call in wanted.calls if call.id in answers]
    if ready:
        try:
            yield Send([answers[id] for id in ready], left())
        except anthropic.BadRequestError:
            # Somebody else was faster: another program that follows the session, or an answer of our own
            # that took effect although its response was lost.
            actions = turn.feed(*(yield ReadHistory(left())))
            still = {call.id for action in actions if isinstance(action, Answer) for call in action.calls}
            if still & set(ready):
                raise
            yield from (action for action in actions if isinstance(action, Show))
        turn.answered(ready)
    return [call.id for call in wanted.calls if call.id not in answers] + wanted.unknown


def user_message(message: str | Iterable[Any]) -> dict[str, Any]:
    """The `user.message` event for a text or for content blocks.

    Raises:
        TypeError: it is neither.
    """
    content = [{"type": "text", "text": message}] if isinstance(message, str) else message
    if isinstance(content, Mapping):
        raise TypeError("message is a single content block; it must be a text or a list of blocks: [block]")
    content = [block.to_dict() if isinstance(block, anthropic.BaseModel) else block for block in content]
    for block in content:
        if not isinstance(block, Mapping) or "type" not in block:
            raise TypeError(
                f"message must be a text or a list of content blocks, not a list with {block!r:.80}"
            )
    return {"type": "user.message", "content": content}


def says(event: Event, message: dict[str, Any]) -> bool:
    """Whether this event is that `user.message`, as the API gives it back."""
    if event.type != "user.message":
        return False
    ours = [(block["type"], block.get("text")) for block in message["content"]]
    return ours == [(block.type, getattr(block, "text", None)) for block in event.content]


def wait_before(error: Exception, failures: int) -> float:
    """Seconds before the next attempt: what the service asks for, else longer each time.

    A connection that broke is opened again at once.
    """
    if isinstance(error, anthropic.APIStatusError):
        with suppress(KeyError, ValueError):  # not said, or as a date
            return max(0.0, float(error.response.headers["retry-after"]))
    elif failures == 1:
        return 0.0
    return min(MAX_BACKOFF, 0.25 * 2.0 ** min(failures, 10))


def is_passing(error: Exception) -> bool:
    """Whether trying again can help: the connection broke or the service is busy, rather than said no.

    The stream raises httpx2's own errors, and an `APIStatusError` with status 200 for an error event. [sdk]
    """
    if isinstance(error, anthropic.APIStatusError):
        return error.status_code in (200, 408, 409, 429) or error.status_code >= 500
    return isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)


# -- doing it -------------------------------------------------------------------------------------


@dataclass
class _Sync:
    """Does what `_flow` wants with the sync client.

    A thread reads the stream: only so can a deadline end a read, since the keep-alives of a silent
    stream never reach the loop over it.
    """

    client: Anthropic
    turn: Turn
    tools: dict[str, Tool]
    confirm: Confirm | None
    on_event: Callable[[Event], object] | None
    stream: Any = None

    def do(self, step: Any) -> Any:
        events = self.client.beta.sessions.events
        match step:
            case Open(seconds):
                self.close()
                self.stream = events.stream(self.turn.session_id, timeout=min(seconds, MAX_REQUEST))
                self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
                self.reader = threading.Thread(target=_read, args=(self.stream, self.inbox), daemon=True)
                self.reader.start()
            case Send(batch, seconds):
                sent = events.send(self.turn.session_id, events=batch, timeout=min(seconds, MAX_REQUEST))
                return sent.data or []
            case ReadNewest(seconds):
                newest = events.list(
                    self.turn.session_id, order="desc", limit=1, timeout=min(seconds, MAX_REQUEST)
                )
                return newest.data[0].id if newest.data else ""
            case ReadHistory(seconds, since):
                history = History(self.turn.seen | {since or ""})
                pages = events.list(
                    self.turn.session_id, order="desc", limit=100, timeout=min(seconds, MAX_REQUEST)
                )
                for event in pages:
                    if not history.take(event):
                        break
                return history.events
            case ReadStatus(seconds):
                session = self.client.beta.sessions.retrieve(
                    self.turn.session_id, timeout=min(seconds, MAX_REQUEST)
                )
                return session.status
            case Next(seconds):
                try:
                    event = self.inbox.get(timeout=min(seconds, threading.TIMEOUT_MAX))
                except queue.Empty:
                    return None
                if isinstance(event, Exception):
                    raise event
                return event
            case Run(calls, seconds):
                answers = {call.id: verdict_event(call, self._verdict(call)) for call in calls if asks(call)}
                results = _in_background(run_tools(calls, self.tools), seconds)
                return None if results is None else _given(answers | results)
            case Show(event):
                if self.on_event:
                    _not_awaitable(self.on_event(event), "on_event")
            case Pause(seconds):
                time.sleep(seconds)
        return None

    def _verdict(self, call: Event) -> Any:
        return _not_awaitable(self.confirm(call), "confirm") if self.confirm else None

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


def _not_awaitable(result: Any, name: str) -> Any:
    """The result, which would be silently lost if it had to be awaited."""
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError(f"{name} is async: use stream_until_end_turn_async, or pass a plain function")
    return result


class _Background:
    """One event loop for the tools of sync callers: it works inside Jupyter, where a loop runs already,
    and stays the same from turn to turn, for tools whose connections belong to a loop. If its thread has
    ended, because a tool stopped the loop or because this process was forked, there is a new one."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self._loop.run_forever, name="tools", daemon=True)
                self.thread.start()
            return self._loop


_background = _Background()
if hasattr(os, "register_at_fork"):  # the child has the lock, but not the thread that may hold it
    os.register_at_fork(after_in_child=_background.forget)


def _in_background(work: Coroutine[Any, Any, dict[str, Any]], seconds: float) -> dict[str, Any] | None:
    """The result of a coroutine in that loop, None if it took longer than `seconds`; it is cancelled then."""
    future = asyncio.run_coroutine_threadsafe(work, _background.loop())
    try:
        return future.result(None if seconds == float("inf") else seconds)
    except TimeoutError:  # of the waiting: what a tool raises has become its result
        return None
    finally:
        future.cancel()


@dataclass
class _Async:
    """Does what `_flow` wants with the async client."""

    client: AsyncAnthropic
    turn: Turn
    tools: dict[str, Tool]
    confirm: Confirm | None
    on_event: Callable[[Event], object] | None
    stream: Any = None
    coming: asyncio.Task[Any] | None = None

    async def do(self, step: Any) -> Any:
        events = self.client.beta.sessions.events
        match step:
            case Open(seconds):
                await self.close()
                self.stream = await events.stream(self.turn.session_id, timeout=min(seconds, MAX_REQUEST))
                self.iterator = aiter(self.stream)
            case Send(batch, seconds):
                limit = min(seconds, MAX_REQUEST)
                sent = await events.send(self.turn.session_id, events=batch, timeout=limit)
                return sent.data or []
            case ReadNewest(seconds):
                newest = await events.list(
                    self.turn.session_id, order="desc", limit=1, timeout=min(seconds, MAX_REQUEST)
                )
                return newest.data[0].id if newest.data else ""
            case ReadHistory(seconds, since):
                history = History(self.turn.seen | {since or ""})
                pages = events.list(
                    self.turn.session_id, order="desc", limit=100, timeout=min(seconds, MAX_REQUEST)
                )
                async for event in pages:
                    if not history.take(event):
                        break
                return history.events
            case ReadStatus(seconds):
                session = await self.client.beta.sessions.retrieve(
                    self.turn.session_id, timeout=min(seconds, MAX_REQUEST)
                )
                return session.status
            case Next(seconds):
                return await self._next(seconds)
            case Run(calls, seconds):
                try:
                    async with asyncio.timeout(None if seconds == float("inf") else seconds) as deadline:
                        asked = [call for call in calls if asks(call)]
                        answers = {call.id: verdict_event(call, await self._verdict(call)) for call in asked}
                        return _given(answers | await run_tools(calls, self.tools))
                except TimeoutError:
                    if not deadline.expired():
                        raise  # confirm's own
                    return None
            case Show(event):
                if self.on_event:
                    await _value(self.on_event(event))
            case Pause(seconds):
                await asyncio.sleep(seconds)
        return None

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

    async def _verdict(self, call: Event) -> Any:
        return await _value(self.confirm(call)) if self.confirm else None

    async def close(self) -> None:
        if self.coming is not None:
            self.coming.cancel()
            await asyncio.wait([self.coming])
            self.coming = None
        if self.stream is not None:
            await self.stream.close()
            self.stream = None


def _given(answers: dict[str, Any]) -> dict[str, Any]:
    return {id: answer for id, answer in answers.items() if answer is not None}


async def _value(result: Any | Awaitable[Any]) -> Any:
    return await result if inspect.isawaitable(result) else result
