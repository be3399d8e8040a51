"""Answers that no service should give, in the place of the replay server's."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2

Odd = Callable[[httpx2.Request], "httpx2.Response | bytes | None"]
"""What to answer instead: a response; bytes, which come before the server's own answer; None, nothing."""


class Both(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that sync and async clients read."""


class Dripping(Both):
    """A body of which a byte comes now and then, for longer than anybody waits."""

    DRIPS = 4000
    EVERY = 0.05  # seconds

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.DRIPS):
            time.sleep(self.EVERY)
            yield b" "

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.DRIPS):
            await asyncio.sleep(self.EVERY)
            yield b" "


class Before(Both):
    """A body with other bytes before it."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self.first, self.rest = first, rest

    def __iter__(self) -> Iterator[bytes]:
        yield self.first
        yield from self.rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.first
        async for chunk in self.rest:
            yield chunk

    def close(self) -> None:
        self.rest.close()

    async def aclose(self) -> None:
        await self.rest.aclose()


class OddTransport(httpx2.BaseTransport):
    def __init__(self, odd: Odd) -> None:
        self.odd, self.inner = odd, httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        odd = self.odd(request)
        if isinstance(odd, httpx2.Response):
            return odd
        return with_bytes(odd, self.inner.handle_request(request))

    def close(self) -> None:
        self.inner.close()


class AsyncOddTransport(httpx2.AsyncBaseTransport):
    def __init__(self, odd: Odd) -> None:
        self.odd, self.inner = odd, httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        odd = self.odd(request)
        if isinstance(odd, httpx2.Response):
            return odd
        return with_bytes(odd, await self.inner.handle_async_request(request))

    async def aclose(self) -> None:
        await self.inner.aclose()


class Hosted(httpx2.HTTPTransport):
    """The way to a service that is no replay server, for all that its answers say."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        for name in [name for name in response.headers if name.startswith("x-replay")]:
            del response.headers[name]
        return response


def with_bytes(first: bytes | None, response: httpx2.Response) -> httpx2.Response:
    if first is not None:
        response.stream = Before(first, response.stream)
    return response


def asks_for(request: httpx2.Request, what: str) -> bool:
    """Whether it is this request: GET or POST and the end of the path, "GET/events"."""
    method, _, end = what.partition("/")
    return request.method == method and request.url.path.endswith(end)


def once(what: str, answer: Callable[[], httpx2.Response | bytes], *, number: int = 1) -> Odd:
    """Only the so manieth request of this kind is answered so."""
    asked = 0

    def odd(request: httpx2.Request) -> httpx2.Response | bytes | None:
        nonlocal asked
        asked += asks_for(request, what)
        return answer() if asks_for(request, what) and asked == number else None

    return odd


def always(what: str, answer: Callable[[], httpx2.Response]) -> Odd:
    """Each request of this kind is answered so."""
    return lambda request: answer() if asks_for(request, what) else None


def page(body: bytes, type: str = "application/json") -> httpx2.Response:
    """A response with status 200, whatever its body is."""
    return httpx2.Response(200, headers={"content-type": type}, content=body)


def refusal(status: int, message: str) -> httpx2.Response:
    """The API's error."""
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    return httpx2.Response(status, json=error)


def results_of(request: httpx2.Request) -> list[dict[str, Any]]:
    """The answers to calls that a request sends."""
    if not asks_for(request, "POST/events"):
        return []
    return [event for event in json.loads(request.content)["events"] if event["type"] != "user.message"]
