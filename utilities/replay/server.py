"""The replay server on a socket: a thin adapter around `api.Api`.

Only here are there threads, sleeping and a real clock. `ReplayServer` runs it in a thread of
this process, which is how notebooks and tests use it; `python -m utilities.replay` runs it
as a process of its own.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType
from weakref import WeakValueDictionary

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.types import Message, Receive, Scope, Send

from .api import REPLAY_HEADER, Api, Request, Response
from .deliveries import Deliverer, Webhook
from .delivery import Delivery, Dropped, Hanging, Lost, turned_away
from .errors import ApiError
from .faults import FAULTS_HEADER, NO_FAULTS, FaultError, Faults
from .ids import make_id
from .library import Library
from .multipart import read_upload
from .protocol import HttpProtocol
from .sessions import Subscription
from .sse import encoded
from .webhooks import Outbox

MAX_BODY = 32 * 1024 * 1024  # bytes; more is answered with 413 [ours]
PING_SECONDS = 15.0  # a silent stream says that it is alive this often [ours]
BATCH = 200  # events written at once: the client reads them while the next are being written [ours]
GRACE = 3  # seconds that stopping waits for a client that has stopped reading [ours]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class App:
    """The ASGI side: bodies and forms in, JSON and server-sent events out."""

    def __init__(self, api: Api, *, key: str | None = None, faults: Faults = NO_FAULTS) -> None:
        self.api, self.key, self.faults = api, key, faults
        self.delivery = Delivery()
        # By session; each is kept by the streams that wait for it, and by nobody else.
        self.changed: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self.stopping = asyncio.Event()
        self.deliverer: Deliverer | None = None
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(HttpRequest(scope, _at_most(MAX_BODY, receive)))
        await response(scope, receive, send)

    async def answer(self, http: HttpRequest) -> HttpResponse:
        self.requests += 1  # its own count: many requests never come to the api
        refusal = {"request-id": make_id("req", "on the way", self.requests)}
        try:
            self._require_key(http)
            faults = self._faults_of(http)
            if fault := self.delivery.refusal(faults, http.method, http.url.path):
                if fault.name == "hang":
                    return Hanging(self.stopping)
                if fault.retry_after is not None:
                    refusal["retry-after"] = f"{fault.retry_after:g}"
                raise turned_away(fault)
            request = replace(await self._read(http), faults=faults)
            answer = self.api.handle(request, time.monotonic())
        except ApiError as error:
            return JSONResponse(error.body(refusal["request-id"]), error.status, refusal)
        except Exception as error:  # a bug here: the client gets the hosted shape, the terminal the trace
            logging.getLogger(__name__).exception("%s %s", http.method, http.url.path)
            failure = ApiError(500, f"the replay server failed: {error!r}. Please report this.")
            return JSONResponse(failure.body(refusal["request-id"]), 500, refusal)
        if isinstance(answer, Subscription):
            headers = {"cache-control": "no-cache", **refusal}
            return StreamingResponse(
                self._events(answer, faults), media_type="text/event-stream", headers=headers
            )
        if request.method != "GET":
            self._wake(request.path)
        if answer.status < 400 and self.delivery.is_lost(faults, request.method, request.path):
            return Lost()
        return _http(answer)

    def _faults_of(self, http: HttpRequest) -> Faults:
        """The client's own faults, if it names any, or the server's."""
        spec = http.headers.get(FAULTS_HEADER)
        try:
            return self.faults if spec is None else Faults(spec)
        except FaultError as error:
            raise ApiError(400, f"{FAULTS_HEADER}: {error}") from error

    def _require_key(self, http: HttpRequest) -> None:
        if self.key is None:
            return
        bearer = http.headers.get("authorization", "").removeprefix("Bearer ")
        given = bearer or http.headers.get("x-api-key", "")
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            raise ApiError(401, "invalid key: set ANTHROPIC_API_KEY to the one this server was started with")

    async def _read(self, http: HttpRequest) -> Request:
        query = list(http.query_params.multi_items())
        try:
            if http.headers.get("content-type", "").startswith("multipart/form-data"):
                return Request(http.method, http.url.path, query, upload=await read_upload(http))
            return Request(http.method, http.url.path, query, await http.body())
        except ClientDisconnect as error:
            raise ApiError(400, "the body ended before it was complete") from error

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

    async def _events(self, subscription: Subscription, faults: Faults) -> AsyncIterator[bytes]:
        session_id = subscription.session.id
        cut = self.delivery.stream(faults, session_id)
        while True:
            # Taken before looking: what happens while this writes must not be missed.
            changed = self.changed.setdefault(session_id, asyncio.Event())
            now = time.monotonic()
            events, due, over = subscription.poll(now)
            carried, broken = cut.carry(events)
            for start in range(0, len(carried), BATCH):
                yield b"".join(map(encoded, carried[start : start + BATCH]))
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


def _at_most(limit: int, receive: Receive) -> Receive:
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


def _http(answer: Response) -> HttpResponse:
    if isinstance(answer.content, bytes):
        return HttpResponse(answer.content, answer.status, dict(answer.headers))
    return JSONResponse(answer.content, answer.status, dict(answer.headers))


class ReplayServer:
    """A replay server in a thread of this process, for the time of a `with` block.

    Args:
        library: the recordings to play.
        strict: refuse client events that no recording continues (400, with the difference).
        speed: recorded seconds that pass in one second; 0 plays everything at once.
        host: loopback, unless `key` is given too.
        port: 0 takes a free one.
        key: what clients must send as their API key; None takes any.
        faults: what to break on purpose.
        webhook: where changes of sessions are told; None for nowhere.

    Raises:
        ValueError: a host that others can reach, without a key; or a host or key that is empty.
        OSError: the port is taken.
    """

    def __init__(
        self, library: Library, *, strict: bool = False, speed: float = 0.0,
        host: str = "127.0.0.1", port: int = 0, key: str | None = None, faults: Faults = NO_FAULTS,
        webhook: Webhook | None = None,
    ) -> None:  # fmt: skip
        if not host or key == "":  # a variable of the shell that was not set, most likely
            raise ValueError(f"--{'key' if host else 'host'} is empty")
        if host not in LOOPBACK and not key:
            reach = "can be reached from other machines"
            raise ValueError(f"{host} {reach}: give a key too (--key), or stay on loopback")
        self.api = Api(library, strict=strict, speed=speed)
        self._webhook = webhook
        self._outbox = self.api.sessions.outbox = Outbox() if webhook is not None else None
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is said, or asyncio would not see that it is TCP, and would leave Nagle's algorithm on:
        # 40 ms for each answer on a connection that is kept.
        self._socket = socket.socket(family, proto=socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
            self._socket.listen()  # from here on nobody who knows the address is refused
        except OSError as error:
            self._socket.close()
            raise OSError(
                error.errno, f"{host} port {port}: {error.strerror}; port 0 takes a free one"
            ) from error
        name = f"[{host}]" if ":" in host else host
        self.base_url = f"http://{name}:{self._socket.getsockname()[1]}"
        self._key, self._faults = key, faults
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    def run(self) -> None:
        """Serve in this thread until interrupted."""
        asyncio.run(self._serve())

    def start(self) -> ReplayServer:
        """Serve in a thread; returns when the server answers.

        Raises:
            RuntimeError: it could not start; the thread's own traceback says why. Or it has been stopped.
        """
        if self._ready.is_set():
            raise RuntimeError(f"the server at {self.base_url} was started before; make another one")
        self._thread = threading.Thread(target=self.run, name="replay-server", daemon=True)
        self._thread.start()
        while not self._ready.wait(0.1):
            if not self._thread.is_alive():
                raise RuntimeError("the replay server stopped before it had started")
        return self

    def stop(self) -> None:
        """End every stream, close the port, wait for the thread."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._shut)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> ReplayServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._app = App(self.api, key=self._key, faults=self._faults)
        config = uvicorn.Config(
            self._app, log_level="warning", lifespan="off", ws="none", server_header=False,
            http=HttpProtocol, timeout_graceful_shutdown=GRACE, headers=[(REPLAY_HEADER, "1")],
        )  # fmt: skip
        logging.getLogger("uvicorn.error").addFilter(_on_purpose)
        self._uvicorn = _Uvicorn(config, self._ready, self._app)
        async with self._delivering():
            await self._uvicorn.serve(sockets=[self._socket])

    @asynccontextmanager
    async def _delivering(self) -> AsyncIterator[None]:
        """Webhooks go out meanwhile; what is under way at the end is dropped."""
        if self._webhook is None or self._outbox is None:
            yield
            return
        self._app.deliverer = Deliverer(self._webhook, self._outbox, self.api.sessions.advance)
        task = asyncio.create_task(self._app.deliverer.run())
        task.add_done_callback(_failed)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=GRACE)

    def _shut(self) -> None:
        self._uvicorn.should_exit = True
        self._app.end_streams()


def _failed(task: asyncio.Task[None]) -> None:
    """Says at once that webhooks have stopped: somebody waits for them."""
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger(__name__).error("no more webhooks will come", exc_info=error)


def _on_purpose(record: logging.LogRecord) -> bool:
    """Keeps uvicorn from reporting the connections that a fault, or the end of the server, has cut."""
    return not (record.exc_info and isinstance(record.exc_info[1], Dropped | asyncio.CancelledError))


class _Uvicorn(uvicorn.Server):
    """uvicorn, saying when it is ready, and ending open streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event, app: App) -> None:
        super().__init__(config)
        self._ready, self._app = ready, app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.end_streams()
        await super().shutdown(sockets=sockets)
