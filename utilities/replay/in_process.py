"""The replay server without a socket: for a Python that has neither sockets nor threads, as in a browser.

A client made with `loopback.direct` finds it by its address, and its requests are answered where they are
sent. Nothing goes on meanwhile: a recording plays on when somebody looks, so a stream plays it as it is read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import httpx2

from ..loopback import served_here
from .api import Api, headers_about
from .arrival.broken_requests import BrokenRequests, Cut, turned_away
from .arrival.head import IDENTITY, Head
from .arrival.whole_form import form_of
from .assumptions import Assumptions, assumed_here
from .faults import NO_FAULTS, Faults
from .http.errors import ApiError
from .http.requests import REPLAY_HEADER, Request, Response
from .http.sse import encoded
from .ids import make_id
from .recordings.library import Library
from .resources.subscriptions import Subscription

if TYPE_CHECKING:
    from .server.server import ReplayServer

__all__ = ["InProcessServer", "server_here"]

PING_SECONDS = 15.0  # a silent stream says that it is alive this often, as the one on a socket [ours]
SILENT = (
    "nothing more comes on this stream until something is sent, and whoever waits for it can't send: leave "
    "the loop at every idle event"
)
Thing = TypeVar("Thing")
_numbers = count(1)


def server_here(library: Library, **options: Any) -> ReplayServer | InProcessServer:
    """A replay server of the kind that this Python can have: on a socket, or in this process only.

    Args:
        library: the recordings to play.
        options: what both kinds take: `strict`, `speed`, `faults`, `assume`, `seed`.
    """
    if sys.platform == "emscripten":
        return InProcessServer(library, **options)
    from .server.server import ReplayServer  # needs sockets

    return ReplayServer(library, **options)


class InProcessServer:
    """A replay server that its clients call as a function; all of them are in one thread.

    Args:
        library, strict, speed, faults, assume, seed: as of `ReplayServer`.
        clock: seconds that don't go back.
        sleep: waits so many seconds, where a stream of a sync client waits for what is due later.

    Attributes:
        base_url: the address by which clients find it, while it is started.
        api: what answers.
    """

    def __init__(
        self, library: Library, *, strict: bool = False, speed: float = 0.0, faults: Faults = NO_FAULTS,
        assume: Assumptions | str | None = None, seed: str = "",
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        if assume is None:
            assume = assumed_here()
        assume = Assumptions(assume) if isinstance(assume, str) else assume
        self.api = Api(library, strict=strict, speed=speed, assume=assume, seed=seed)
        self.host = f"replay-{next(_numbers)}.localhost"
        self.base_url = f"http://{self.host}"
        self._transport = _Transport(self.api, faults, clock, sleep)

    def start(self) -> InProcessServer:
        """From now on, clients find it."""
        served_here[self.host] = self._transport
        return self

    def stop(self) -> None:
        """End every stream. Clients that have it go on; new ones don't find it."""
        served_here.pop(self.host, None)
        self._transport.stop()

    def within(self, function: Callable[[], Thing]) -> Thing:
        """What `function` returns."""
        return function()

    def __enter__(self) -> InProcessServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class _Opened:
    """A stream that is opened: what it carries, and how it will fail."""

    subscription: Subscription
    cut: Cut
    told: dict[str, str]


class _Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """What an HTTP client sends its requests by; closing it does nothing, for several clients have it."""

    def __init__(
        self, api: Api, faults: Faults, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self.api, self.faults, self.clock, self.sleep = api, faults, clock, sleep
        self.broken = BrokenRequests()
        self.requests, self.stopped = 0, False
        # By session; each is kept by the streams that wait for it, and by nobody else.
        self.changed: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        return self._response(request, self._answer(request))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        return self._response(request, self._answer(request))

    def stop(self) -> None:
        self.stopped = True
        for event in self.changed.values():
            event.set()

    def _response(self, request: httpx2.Request, answer: Response | _Opened) -> httpx2.Response:
        if isinstance(answer, _Opened):
            told = {"content-type": "text/event-stream", "cache-control": "no-cache", **answer.told}
            return httpx2.Response(200, headers=told, stream=_Events(self, answer, request))
        told = {REPLAY_HEADER: "1", **IDENTITY, **answer.headers}
        if isinstance(answer.content, bytes):
            return httpx2.Response(answer.status, headers=told, content=answer.content)
        written = json.dumps(answer.content, ensure_ascii=False, separators=(",", ":")).encode()
        told["content-type"] = "application/json"
        return httpx2.Response(answer.status, headers=told, content=written)

    def _answer(self, request: httpx2.Request) -> Response | _Opened:
        """The answer to one request, whatever goes wrong on the way, as the server on a socket gives it."""
        self.requests += 1  # its own count: many requests never come to the api
        told = {"request-id": make_id("req", "on the way", self.requests)}
        head = Head(request.method, request.url.path, request.headers.get_list)
        fault = None
        try:
            faults = head.faults(self.faults)
            if fault := self.broken.refusal(faults, head.method, head.path):
                if fault.name == "hang":
                    raise httpx2.ReadTimeout("no answer comes, by the fault hang", request=request)
                if fault.retry_after is not None:
                    told["retry-after"] = f"{fault.retry_after:g}"
                raise turned_away(fault)
            assume, betas = head.assumed(), head.betas()
            read = replace(_read(request, head), faults=faults, assume=assume, betas=betas)
            answer = self.api.handle(read, self.clock())
        except ApiError as error:
            if fault is None:
                self.api.on_refusal(head.method, head.path, error)
            return Response(error.status, error.body(told["request-id"]), told)
        except httpx2.HTTPError:
            raise
        except Exception as error:  # a bug here: the client gets the hosted shape, the log the trace
            logging.getLogger(__name__).exception("%s %s", head.method, head.path)
            failure = ApiError(500, f"the replay server failed: {error!r}. Please report this.")
            return Response(500, failure.body(told["request-id"]), told)
        if isinstance(answer, Subscription):
            about = {REPLAY_HEADER: "1", **IDENTITY, **told, **headers_about(answer.session, notes=False)}
            return _Opened(answer, self.broken.stream(faults, answer.session.id), about)
        if head.method != "GET":
            self._wake(head.path)
        if answer.status < 400 and self.broken.is_lost(faults, head.method, head.path):
            raise httpx2.RemoteProtocolError("the answer got lost, by the fault lose", request=request)
        return answer

    def _wake(self, path: str) -> None:
        """Streams of the session that this request was about look at once."""
        for session_id in path.split("/"):
            if event := self.changed.pop(session_id, None):
                event.set()


class _Events(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The bytes of one event stream, made when they are read."""

    def __init__(self, by: _Transport, opened: _Opened, request: httpx2.Request) -> None:
        self._by, self._opened, self._request = by, opened, request
        self._over = self._cut = False
        # Seconds without a byte that the client bears; a silent stream says before that it is alive.
        bears = request.extensions.get("timeout", {}).get("read")
        self._bears = bears if bears is not None and bears < PING_SECONDS else None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            pieces, due = self._look()
            yield from pieces
            if self._ends():
                return
            if pieces:
                continue  # whoever read them may have sent something
            if due is None:  # whoever could send something is here, and waits
                if self._bears is not None:
                    self._by.sleep(self._bears)
                raise self._timeout()
            yield from self._wait(due)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        session_id = self._opened.subscription.session.id
        while True:
            # Taken before looking: what happens while this writes must not be missed.
            changed = self._by.changed.setdefault(session_id, asyncio.Event())
            pieces, due = self._look()
            for piece in pieces:
                yield piece
            if self._ends():
                return
            wait = PING_SECONDS if due is None else min(PING_SECONDS, max(0.0, due - self._by.clock()))
            bears = wait if self._bears is None else min(wait, self._bears)
            try:
                async with asyncio.timeout(bears):
                    await changed.wait()
            except TimeoutError:
                if bears < wait:
                    raise self._timeout() from None
                if wait == PING_SECONDS:
                    yield b": still here\n\n"

    def _look(self) -> tuple[list[bytes], float | None]:
        """What there is to send now, and when the next is due."""
        events, due, over = self._opened.subscription.poll(self._by.clock())
        carried, broken = self._opened.cut.carry(events)
        pieces = [encoded(event) for event in carried]
        how = self._opened.cut.how if broken else None
        if how == "silent":
            return pieces, None
        self._over = over or broken
        self._cut = how == "drop"
        return pieces, due

    def _ends(self) -> bool:
        """Whether nothing comes after what was just sent.

        Raises:
            httpx2.ReadError: the connection is cut in the middle of an event.
        """
        if self._cut:
            raise httpx2.ReadError("the connection was cut, by the fault drop", request=self._request)
        return self._over or self._by.stopped

    def _wait(self, due: float) -> Iterator[bytes]:
        """Sleep until something is due, as far as the client bears the silence."""
        left = due - self._by.clock()
        while left > 0:
            if self._bears is not None and left > self._bears:
                self._by.sleep(self._bears)
                raise self._timeout()
            self._by.sleep(min(left, PING_SECONDS))
            left = due - self._by.clock()
            if left > 0:
                yield b": still here\n\n"

    def _timeout(self) -> httpx2.ReadTimeout:
        return httpx2.ReadTimeout(SILENT, request=self._request)

    def close(self) -> None:
        self._over = True

    async def aclose(self) -> None:
        self._over = True


def _read(request: httpx2.Request, head: Head) -> Request:
    """The request with its body.

    Raises:
        ApiError: 400 or 415, for a body that can't be read.
    """
    query = list(request.url.params.multi_items())
    if head.is_form:
        form = form_of(request.headers["content-type"], request.content)
        return Request(head.method, head.path, query, form=form)
    if request.content:
        head.require_json()
    return Request(head.method, head.path, query, request.content)
