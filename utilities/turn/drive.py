"""Doing the steps of a plan with the SDK's client, sync or async.

Nothing here knows what a turn is: a plan (`plan.py`) yields a step, a driver does it and gives the reply or
the error back, until the plan returns its result.
"""

from __future__ import annotations

import asyncio
import inspect
import queue
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

from anthropic import Anthropic, AsyncAnthropic, AsyncStream, Stream

from .protocol import Show
from .reading import Pages, checked, checked_event, readable
from .result import Event
from .retry import StreamEnded
from .steps import Ask, Next, Pause, Run, Step
from .timing import has_threads, in_time, in_time_async
from .tools import (
    Confirm,
    Tool,
    asks,
    run_tools,
    run_tools_in_background,
    tools_by_name,
    verdict_event,
)

__all__ = ["Async", "Sync"]

T = TypeVar("T")
MAX_REQUEST = 60.0  # seconds of a request in which nothing comes, before it is tried again
MAX_WHOLE = 300.0  # seconds for all of a request, whose bytes may drip


class _Driver:
    """What a plan's steps are done with.

    Args:
        name: the function that was called, for messages; its twin has the same name with or without `_async`.
        client: the SDK's client. What fails is tried again by the plan, which knows the deadline and the
            history, not by the client itself.
        tools: for the agent's custom calls.
        confirm: decides about calls that ask for permission.
        on_event: is called with each new event.

    Raises:
        TypeError: a client of the other kind.
        ValueError: two tools have one name.
    """

    kinds: ClassVar[tuple[type, type]]  # of client: this driver's, its twin's

    def __init__(
        self,
        name: str,
        client: Any,
        tools: Sequence[Tool] = (),
        confirm: Confirm | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        ours, other = self.kinds
        self.name = name
        self.twin = name.removesuffix("_async") if name.endswith("_async") else f"{name}_async"
        if isinstance(client, other):
            raise TypeError(f"{name} needs {ours.__name__}; for {other.__name__} use {self.twin}")
        self.client = client.with_options(max_retries=0)
        self.tools, self.confirm, self.on_event = tools_by_name(tools), confirm, on_event

    def request(self, ask: Ask) -> Any:
        """The SDK's reply, which is to be awaited if the client is async."""
        method = attrgetter(ask.method)(self.client.beta.sessions)
        return method(**ask.arguments, timeout=min(ask.seconds, MAX_REQUEST))

    def readable(self, what: str) -> AbstractContextManager[None]:
        return readable(what, str(self.client.base_url))


class Sync(_Driver):
    """Does a plan's steps with the sync client."""

    kinds = (Anthropic, AsyncAnthropic)
    stream: _ReadStream | _StreamHere | None = None

    def run(self, steps: Generator[Step, Any, T]) -> T:
        """Do all steps of a plan; returns its result."""
        go_on = partial(next, steps)
        try:
            while True:
                try:
                    step = go_on()
                except StopIteration as over:
                    result: T = over.value
                    return result
                try:
                    go_on = partial(steps.send, self.do(step))
                except Exception as error:
                    if isinstance(step, Show | Run):
                        raise  # the caller's own function failed, not the connection
                    go_on = partial(steps.throw, error)
        finally:
            self.close()

    def do(self, step: Step) -> Any:
        """Do one step; returns the reply."""
        match step:
            case Ask():
                return self._ask(step)
            case Next(seconds):
                assert self.stream is not None, "no stream is open"
                return self.stream.next(seconds)
            case Show(event):
                return self.on_event and self._plain(self.on_event(event), "on_event")
            case Run(calls, seconds):
                return self._run(calls, time.monotonic() + seconds)
            case Pause(seconds):
                return time.sleep(seconds)

    def _ask(self, ask: Ask) -> Any:
        ends = time.monotonic() + ask.seconds
        reply = self._reply(ask, partial(self.request, ask), ends)
        if isinstance(reply, Stream):
            self.close()
            kind = _ReadStream if has_threads() else _StreamHere
            self.stream = kind(reply, self.readable)
        if ask.into is None:
            return reply
        pages = Pages(ask.method, ask.into)
        while pages.take(reply):
            reply = self._reply(ask, reply.get_next_page, ends)
        return ask.into.events

    def _reply(self, ask: Ask, request: Callable[[], Any], ends: float) -> Any:
        with self.readable(ask.method):
            reply = in_time(min(ends - time.monotonic(), MAX_WHOLE), request)
            return checked(ask.method, reply, ask.arguments.get("events", ()))

    def _run(self, calls: list[Event], ends: float) -> dict[str, Any] | None:
        answers = {call.id: verdict_event(call, self._verdict(call)) for call in calls if asks(call)}
        remaining = ends - time.monotonic()  # the user took the rest
        results = run_tools_in_background(calls, self.tools, remaining) if remaining > 0 else None
        return None if results is None else given(answers | results)

    def _verdict(self, call: Event) -> Any:
        return self._plain(self.confirm(call), "confirm") if self.confirm else None

    def _plain(self, result: Any, name: str) -> Any:
        """The result, which would be silently lost if it had to be awaited."""
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError(f"{name} is async: use {self.twin}, or pass a plain function")
        return result

    def close(self) -> None:
        """Leave no stream open."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None


class _ReadStream:
    """A stream that a thread reads: only so can a deadline end a read, since the keep-alives of a silent
    stream never reach the loop over it."""

    def __init__(self, stream: Stream[Any], readable: Callable[[str], AbstractContextManager[None]]) -> None:
        self.stream, self.readable = stream, readable
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        try:
            with self.readable("events.stream"):
                for event in self.stream:
                    self.inbox.put(checked_event(event))
            self.inbox.put(StreamEnded("the stream ended before the turn"))
        except Exception as error:  # noqa: BLE001 (handed over to the thread that reads the inbox)
            self.inbox.put(error)

    def next(self, seconds: float) -> Event | None:
        try:
            event = self.inbox.get(timeout=min(seconds, threading.TIMEOUT_MAX))
        except queue.Empty:
            return None
        if isinstance(event, Exception):
            raise event
        return event

    def close(self) -> None:
        response = self.stream.response
        connection = response.extensions.get("network_stream")
        raw = connection.get_extra_info("socket") if connection is not None else None
        # On HTTP/2 the socket is everybody's. There the thread ends with the next that comes.
        if raw is not None and response.http_version.startswith("HTTP/1"):
            with suppress(OSError):  # closed by the other side already
                raw.shutdown(socket.SHUT_RDWR)  # wakes the reading thread, which a close alone would not
            self.reader.join(1.0)
        self.stream.close()


class _StreamHere:
    """A stream that is read where its events are wanted, for want of a thread; only the client's own timeout
    ends a read."""

    def __init__(self, stream: Stream[Any], readable: Callable[[str], AbstractContextManager[None]]) -> None:
        self.stream, self.readable = stream, readable

    def next(self, seconds: float) -> Event | None:
        with self.readable("events.stream"):
            event = next(self.stream, None)
        if event is None:
            raise StreamEnded("the stream ended before the turn")
        return checked_event(event)

    def close(self) -> None:
        self.stream.close()


class Async(_Driver):
    """Does a plan's steps with the async client; `confirm` and `on_event` may be async too."""

    kinds = (AsyncAnthropic, Anthropic)
    stream: AsyncStream[Any] | None = None
    coming: asyncio.Task[Any] | None = None

    async def run(self, steps: Generator[Step, Any, T]) -> T:
        """Do all steps of a plan; returns its result.

        Raises:
            TypeError: the event loop is not asyncio's.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise TypeError(
                f"{self.name} needs asyncio: under another event loop run {self.twin} in a thread"
            ) from None
        go_on = partial(next, steps)
        try:
            while True:
                try:
                    step = go_on()
                except StopIteration as over:
                    result: T = over.value
                    return result
                try:
                    go_on = partial(steps.send, await self.do(step))
                except Exception as error:
                    if isinstance(step, Show | Run):
                        raise  # the caller's own function failed, not the connection
                    go_on = partial(steps.throw, error)
        finally:
            await self.close()

    async def do(self, step: Step) -> Any:
        """Do one step; returns the reply."""
        match step:
            case Ask():
                return await self._ask(step)
            case Next(seconds):
                return await self._next(seconds)
            case Show(event):
                return self.on_event and await value(self.on_event(event))
            case Run(calls, seconds):
                return await self._run(calls, seconds)
            case Pause(seconds):
                return await asyncio.sleep(seconds)

    async def _ask(self, ask: Ask) -> Any:
        ends = time.monotonic() + ask.seconds
        reply = await self._reply(ask, partial(self.request, ask), ends)
        if isinstance(reply, AsyncStream):
            await self.close()
            self.stream = reply
        if ask.into is None:
            return reply
        pages = Pages(ask.method, ask.into)
        while pages.take(reply):
            reply = await self._reply(ask, reply.get_next_page, ends)
        return ask.into.events

    async def _reply(self, ask: Ask, request: Callable[[], Any], ends: float) -> Any:
        with self.readable(ask.method):
            reply = await in_time_async(min(ends - time.monotonic(), MAX_WHOLE), request())
            return checked(ask.method, reply, ask.arguments.get("events", ()))

    async def _next(self, seconds: float) -> Event | None:
        # A read that is cancelled would lose the stream, so one that is not done is kept for the next call.
        assert self.stream is not None, "no stream is open"
        self.coming = self.coming or asyncio.ensure_future(anext(self.stream, None))
        await asyncio.wait([self.coming], timeout=None if seconds == float("inf") else seconds)
        if not self.coming.done():
            return None
        done, self.coming = self.coming, None
        with self.readable("events.stream"):
            event = done.result()
        if event is None:
            raise StreamEnded("the stream ended before the turn")
        return checked_event(event)

    async def _run(self, calls: list[Event], seconds: float) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(None if seconds == float("inf") else seconds) as deadline:
                asked = [call for call in calls if asks(call)]
                answers = {call.id: verdict_event(call, await self._verdict(call)) for call in asked}
                return given(answers | await run_tools(calls, self.tools))
        except TimeoutError:
            if not deadline.expired():
                raise  # confirm's own
            return None

    async def _verdict(self, call: Event) -> Any:
        return await value(self.confirm(call)) if self.confirm else None

    async def close(self) -> None:
        """Leave no stream open."""
        if self.coming is not None:
            self.coming.cancel()
            await asyncio.wait([self.coming])
            self.coming = None
        if self.stream is not None:
            await self.stream.close()
            self.stream = None


def given(answers: dict[str, Any]) -> dict[str, Any]:
    """Without those that are still undecided."""
    return {id: answer for id, answer in answers.items() if answer is not None}


async def value(result: Any | Awaitable[Any]) -> Any:
    """What a function returned that may have been async."""
    return await result if inspect.isawaitable(result) else result
