"""A limit for all of a request.

The client's own timeout begins anew with each byte, so a response that drips would outlast any deadline.
A sync caller's limit is a thread's work. In a browser's Python there are none: there only the client's own
timeout ends a request.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

import httpx2
from anthropic import Stream

__all__ = ["has_threads", "in_time", "in_time_async"]

T = TypeVar("T")
TOO_LATE = "the answer was not there in time"


def has_threads() -> bool:
    """Whether this Python can start threads; Pyodide, in a browser, can't."""
    return sys.platform != "emscripten"


def in_time(seconds: float, request: Callable[[], T]) -> T:
    """What the request returns.

    A thread can't be ended: one that is given up goes on until its connection ends, and nobody hears of it.

    Raises:
        httpx2.ReadTimeout: it took longer than these seconds.
    """
    if seconds <= 0:
        raise httpx2.ReadTimeout(TOO_LATE)
    if not has_threads():
        return request()
    future: Future[T] = Future()
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(_request, future, request), name="request", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if not future.cancel():  # it was there in that moment, or the timeout is the request's own
            return future.result()
        raise httpx2.ReadTimeout(TOO_LATE) from None
    finally:
        future.cancel()


def _request(future: Future[T], request: Callable[[], T]) -> None:
    try:
        reply = request()
    except BaseException as error:  # noqa: BLE001 (handed over to the thread that waits)
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
        return
    if future.set_running_or_notify_cancel():
        future.set_result(reply)
    elif isinstance(reply, Stream):
        reply.close()


async def in_time_async(seconds: float, request: Awaitable[T]) -> T:
    """`in_time` for a request that is awaited; one that is given up is cancelled."""
    if seconds <= 0:  # one that never waits would not be cancelled
        if inspect.iscoroutine(request):
            request.close()
        raise httpx2.ReadTimeout(TOO_LATE)
    try:
        async with asyncio.timeout(seconds) as deadline:
            return await request
    except TimeoutError:
        if not deadline.expired():
            raise  # the request's own
        raise httpx2.ReadTimeout(TOO_LATE) from None
