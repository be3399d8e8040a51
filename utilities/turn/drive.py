"""The steps of following a turn, and doing them with the SDK's clients, sync and async.

A flow (`stream.py`, `poll.py`) is a generator: it yields a step, gets the answer or the error back, and
returns the turn's result. Copy this file with `turn.py`, `follow.py`, `tools.py`, and the flow you use.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic

from .plan import Flow, Forward, Pause, ReadHistory, ReadNew, ReadNewest, ReadStatus, Run, Send
from .protocol import History, Show, Turn
from .result import TurnResult
from .tools import Confirm, Tool, asks, run_tools, verdict_event

__all__ = [
    "Async",
    "Flow",
    "Pause",
    "ReadHistory",
    "ReadNew",
    "ReadNewest",
    "ReadStatus",
    "Run",
    "Send",
    "Sync",
]

Event = Any
MAX_REQUEST = 60.0  # seconds for one request, or one read of the stream, before it is tried again


# -- what is wanted -----------------------------------------------------------------------------


# -- doing it -------------------------------------------------------------------------------------


@dataclass
class Sync:
    """Does what a flow wants with the sync client.

    Args:
        client: the SDK's client, which must not try again by itself: a flow knows the deadline and the
            history.
        turn: the turn.
        tools: by name.
        confirm: decides about calls that ask for permission.
        on_event: is called with each new event.
        twin: the async function that somebody with an async `confirm` or `on_event` should call instead.
    """

    client: Anthropic
    turn: Turn
    tools: dict[str, Tool]
    confirm: Confirm | None
    on_event: Callable[[Event], object] | None
    twin: str

    def run(self, flow: Flow) -> TurnResult:
        """Do all that the flow wants; returns its result."""
        try:
            step: Any = next(flow)
            while True:
                try:
                    answer = self.do(step)
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
            self.close()

    def do(self, step: Any) -> Any:
        match step:
            case Run(calls, seconds):
                ends = time.monotonic() + seconds
                answers = {call.id: verdict_event(call, self._verdict(call)) for call in calls if asks(call)}
                remaining = ends - time.monotonic()  # the user took the rest
                if remaining <= 0:
                    return None
                results = _in_background(run_tools(calls, self.tools), remaining)
                return None if results is None else _given(answers | results)
            case Show(event):
                return self.on_event and self._plain(self.on_event(event), "on_event")
            case Pause(seconds):
                return time.sleep(seconds)
        ends = time.monotonic() + step.seconds
        reply = request(step, self.client, self.turn.session_id)
        if reader := reader_of(step, self.turn):
            for event in reply:
                if not reader.take(event):
                    break
                in_time(ends)
            return reader.events
        return content_of(step, reply)

    def _verdict(self, call: Event) -> Any:
        return self._plain(self.confirm(call), "confirm") if self.confirm else None

    def _plain(self, result: Any, name: str) -> Any:
        """The result, which would be silently lost if it had to be awaited."""
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError(f"{name} is async: use {self.twin}, or pass a plain function")
        return result

    def close(self) -> None:
        """Leave nothing open."""


@dataclass
class Async:
    """Does what a flow wants with the async client; see `Sync`."""

    client: AsyncAnthropic
    turn: Turn
    tools: dict[str, Tool]
    confirm: Confirm | None
    on_event: Callable[[Event], object] | None

    async def run(self, flow: Flow) -> TurnResult:
        """Do all that the flow wants; returns its result."""
        try:
            step: Any = next(flow)
            while True:
                try:
                    answer = await self.do(step)
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
            await self.close()

    async def do(self, step: Any) -> Any:
        match step:
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
                return self.on_event and await _value(self.on_event(event))
            case Pause(seconds):
                return await asyncio.sleep(seconds)
        ends = time.monotonic() + step.seconds
        reply = request(step, self.client, self.turn.session_id)
        if reader := reader_of(step, self.turn):
            async for event in reply:
                if not reader.take(event):
                    break
                in_time(ends)
            return reader.events
        return content_of(step, await reply)

    async def _verdict(self, call: Event) -> Any:
        return await _value(self.confirm(call)) if self.confirm else None

    async def close(self) -> None:
        """Leave nothing open."""


def within(seconds: float) -> float:
    """How long one request may take, in seconds."""
    return min(seconds, MAX_REQUEST)


def in_time(ends: float) -> None:
    """A timeout of the client is that of one page; a list has many.

    Raises:
        httpx2.ReadTimeout: `ends` has passed.
    """
    if time.monotonic() > ends:
        raise httpx2.ReadTimeout("the list was not read to its end in time")


def request(step: Any, client: Anthropic | AsyncAnthropic, session_id: str) -> Any:
    """The request for a step, to be awaited or iterated over as the client's kind is."""
    sessions: Any = client.beta.sessions
    limit = within(step.seconds)
    match step:
        case Send(batch):
            return sessions.events.send(session_id, events=batch, timeout=limit)
        case ReadNewest():
            return sessions.events.list(session_id, order="desc", limit=1, timeout=limit)
        case ReadHistory():
            return sessions.events.list(session_id, order="desc", limit=100, timeout=limit)
        case ReadNew(_, since):
            return sessions.events.list(session_id, created_at_gte=since, limit=1000, timeout=limit)
        case ReadStatus():
            return sessions.retrieve(session_id, timeout=limit)
    raise TypeError(f"nobody does {step!r}")


def content_of(step: Any, reply: Any) -> Any:
    """What a flow wants of a reply that is no list."""
    return (reply.data or []) if isinstance(step, Send) else reply.status


def reader_of(step: Any, turn: Turn) -> History | Forward | None:
    """Takes the events of a list, as long as they are wanted; None if the step asks for no list."""
    match step:
        case ReadNewest():
            return Forward(most=1)
        case ReadHistory(_, since):
            return History(turn.seen | {since or ""})
        case ReadNew(_, _, after):
            return Forward(after)
    return None


def _given(answers: dict[str, Any]) -> dict[str, Any]:
    return {id: answer for id, answer in answers.items() if answer is not None}


async def _value(result: Any | Awaitable[Any]) -> Any:
    return await result if inspect.isawaitable(result) else result


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
