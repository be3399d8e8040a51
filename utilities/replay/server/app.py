"""The ASGI side of the server: bodies and forms in, JSON and server-sent events out."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from weakref import WeakValueDictionary

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.types import Message, Receive, Scope, Send

from ..api import Api, headers_about
from ..arrival.broken_requests import BrokenRequests, turned_away
from ..arrival.head import FORM, IDENTITY, Head
from ..faults import NO_FAULTS, Faults
from ..http.errors import ApiError
from ..http.requests import Request, Response
from ..ids import make_id
from ..resources.subscriptions import Subscription
from ..webhooks.sender import Deliverer
from .browsers import Browsers, is_preflight
from .cut_off import Dropped, Hanging, Lost
from .multipart import read_form
from .writing import as_json, in_batches

MAX_BODY = 32 * 1024 * 1024  # bytes; more is answered with 413 [doc]
MAX_UPLOAD = 500 * 1024 * 1024  # bytes of a form with a file [doc]
LARGE = 256 * 1024  # bytes of a body that is read in a thread of its own [ours]
PING_SECONDS = 15.0  # a silent stream says that it is alive this often [ours]


class App:
    """The ASGI application of one server.

    Args:
        api: what answers.
        browsers: which web pages may use it.
        admit: gets the API key that a client sends, or ""; raises ApiError (401) for one that won't do.
        faults: of clients that name none of their own.
    """

    def __init__(
        self, api: Api, *, browsers: Browsers, admit: Callable[[str], object], faults: Faults = NO_FAULTS
    ) -> None:
        self.api, self.browsers, self._admit, self.faults = api, browsers, admit, faults
        self.broken = BrokenRequests()
        # By session; each is kept by the streams that wait for it, and by nobody else.
        self.changed: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self.stopping = asyncio.Event()
        self.deliverer: Deliverer | None = None
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, at_most(largest(scope), receive))
        response = await self.answer(http)
        response.headers.update(self.browsers.answer_headers(http.headers))
        await response(scope, receive, send)

    async def answer(self, http: HttpRequest) -> HttpResponse:
        """The response to one request, whatever goes wrong on the way, by a fault, the client or a bug."""
        self.requests += 1  # its own count: many requests never come to the api
        refusal = {"request-id": make_id("req", "on the way", self.requests)}
        fault = None
        try:
            self.browsers.require_welcome(http.headers)
            if is_preflight(http.method, http.headers):
                return HttpResponse(status_code=204, headers=refusal)
            self._admit(key_of(http.headers))
            refusal |= IDENTITY
            head = Head(http.method, http.url.path, http.headers.getlist)
            faults = head.faults(self.faults)
            if fault := self.broken.refusal(faults, http.method, http.url.path):
                if fault.name == "hang":
                    return Hanging(self.stopping)
                if fault.retry_after is not None:
                    refusal["retry-after"] = f"{fault.retry_after:g}"
                raise turned_away(fault)
            assume, betas = head.assumed(), head.betas()
            request = await self._read(http, head)
            request = replace(request, faults=faults, assume=assume, betas=betas)
            if len(request.body) > LARGE:  # read beside the others' requests; then the answer takes its turn
                await asyncio.to_thread(lambda: request.json)
            answer = self.api.handle(request, time.monotonic())
        except ApiError as error:
            if fault is None:
                self.api.on_refusal(http.method, http.url.path, error)
            return JSONResponse(error.body(refusal["request-id"]), error.status, refusal)
        except Exception as error:  # a bug here: the client gets the hosted shape, the terminal the trace
            logging.getLogger(__name__).exception("%s %s", http.method, http.url.path)
            failure = ApiError(500, f"the replay server failed: {error!r}. Please report this.")
            return JSONResponse(failure.body(refusal["request-id"]), 500, refusal)
        if isinstance(answer, Subscription):
            self._wake(request.path)  # a turn may have waited for this stream
            told = {"cache-control": "no-cache", **refusal, **headers_about(answer.session, notes=False)}
            events = self._events(http, answer, faults)
            return StreamingResponse(events, media_type="text/event-stream", headers=told)
        if request.method != "GET":
            self._wake(request.path)
        if answer.status < 400 and self.broken.is_lost(faults, request.method, request.path):
            return Lost()
        return await _http(answer)

    async def _read(self, http: HttpRequest, head: Head) -> Request:
        query = list(http.query_params.multi_items())
        try:
            if head.is_form:
                return Request(head.method, head.path, query, form=await read_form(http))
            body = await http.body()
        except ClientDisconnect as error:
            raise ApiError(400, "the body ended before it was complete") from error
        if body:
            head.require_json()
        return Request(head.method, head.path, query, body)

    def _wake(self, path: str) -> None:
        """Streams of the session that this request was about look at once, not when their timer ends."""
        if self.deliverer is not None:
            self.deliverer.changed.set()
        for session_id in path.split("/"):
            if event := self.changed.pop(session_id, None):
                event.set()

    def end_streams(self) -> None:
        """Let every open stream finish now."""
        self.stopping.set()
        for event in self.changed.values():
            event.set()

    async def _events(
        self, http: HttpRequest, subscription: Subscription, faults: Faults
    ) -> AsyncIterator[bytes]:
        """A stream's bytes: what is there, then what comes, until the session or a fault ends it."""
        session_id = subscription.session.id
        cut = self.broken.stream(faults, session_id)
        while True:
            # Taken before looking: what happens while this writes must not be missed.
            changed = self.changed.setdefault(session_id, asyncio.Event())
            if await http.is_disconnected():
                return  # nobody reads this any more, so it must not count as somebody who looks
            now = time.monotonic()
            events, due, over = subscription.poll(now)
            if events and self.deliverer is not None:
                self.deliverer.changed.set()  # a held turn was played by looking: webhooks tell of it now
            carried, broken = cut.carry(events)
            for batch in in_batches(carried):
                yield batch
            if broken and cut.how == "silent":
                await self.stopping.wait()
            elif broken and cut.how == "drop":
                yield b"event: agent.message\ndata: {"
                raise Dropped
            if broken or over or self.stopping.is_set():
                return
            wait = PING_SECONDS if due is None else min(PING_SECONDS, due - now)
            try:
                async with asyncio.timeout(max(0.0, wait)):
                    await changed.wait()
            except TimeoutError:
                if wait == PING_SECONDS:
                    yield b": still here\n\n"


def key_of(headers: Headers) -> str:
    """The API key that a client sends, in either header; "" if there is none. [sdk]"""
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    return bearer or headers.get("x-api-key", "")


def same(given: str, key: str) -> bool:
    """Whether it is this key; how long that takes doesn't say how much of it was right."""
    return hmac.compare_digest(given.encode(), key.encode())


def largest(scope: Scope) -> int:
    """How many bytes the body of a request may have: a file may be larger than JSON. [doc]"""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    is_file = kind.lower().startswith(FORM.encode()) and scope["path"].rstrip("/") == "/v1/files"
    return MAX_UPLOAD if is_file else MAX_BODY


def at_most(limit: int, receive: Receive) -> Receive:
    """`receive`, refusing a body larger than `limit`, whether or not it says how large it is."""
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise ApiError(413, f"the body is larger than {limit} bytes, this server's limit")
        return message

    return limited


async def _http(answer: Response) -> HttpResponse:
    told = {**IDENTITY, **answer.headers}
    if isinstance(answer.content, bytes):
        return HttpResponse(answer.content, answer.status, told)
    return await as_json(answer.content, answer.status, told)
