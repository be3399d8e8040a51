"""The replay server on a socket: a thin adapter around `api.Api`.

Only here are there threads, sleeping and a real clock. `ReplayServer` runs it in a thread of
this process, which is how notebooks and tests use it; `python -m utilities.replay` runs it
as a process of its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TypeVar

import uvicorn

from ..api import Api
from ..assumptions import Assumptions, assumed_here
from ..faults import NO_FAULTS, Faults
from ..http.requests import REPLAY_HEADER
from ..recordings.library import Library
from ..webhooks.outbox import Outbox
from ..webhooks.sender import LOOPBACK, Deliverer, Endpoint
from .app import App
from .browsers import Browsers
from .cut_off import Dropped

GRACE = 3  # seconds that stopping waits for a client that has stopped reading [ours]
Thing = TypeVar("Thing")


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
        assume: answers to what isn't known of the hosted API, or their spec: "environment-names=any";
            None: those that COOKBOOK_ASSUME in the environment has.
        seed: what decides the ids, with what the clients do. Two servers with one seed give the same ids,
            so that what was printed with one is printed with the other; by default all do.
        allow_origins: the origins of web pages that may use it, `https://example.org` for example.

    Raises:
        AssumptionError: a question or an answer that doesn't exist.
        ValueError: a host that others can reach, without a key; or a host or key that is empty; or an
            origin that is none.
        OSError: the port is taken.
    """

    def __init__(
        self, library: Library, *, strict: bool = False, speed: float = 0.0,
        host: str = "127.0.0.1", port: int = 0, key: str | None = None, faults: Faults = NO_FAULTS,
        webhook: Endpoint | None = None, assume: Assumptions | str | None = None,
        seed: str = "", allow_origins: Collection[str] = (),
    ) -> None:  # fmt: skip
        if not host or key == "":  # a variable of the shell that was not set, most likely
            raise ValueError(f"--{'key' if host else 'host'} is empty")
        if host not in LOOPBACK and not key:
            reach = "can be reached from other machines"
            raise ValueError(f"{host} {reach}: give a key too (--key), or stay on loopback")
        if assume is None:
            assume = assumed_here()
        assume = Assumptions(assume) if isinstance(assume, str) else assume
        self.api = Api(library, strict=strict, speed=speed, assume=assume, seed=seed)
        self._browsers = Browsers(host, key, allow_origins)
        self._webhook = webhook
        self._outbox = Outbox(webhook.events) if webhook is not None else None
        self.api.tell_to(self._outbox)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is said, or asyncio would not see that it is TCP, and would leave Nagle's algorithm on:
        # 40 ms for each answer on a connection that is kept.
        self._socket = socket.socket(family, proto=socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there it would let two servers listen on one port
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

    def within(self, function: Callable[[], Thing]) -> Thing:
        """What `function` returns, called in the server's thread, if it has one: nothing else runs there.

        Raises:
            TimeoutError: the server doesn't come to it.
        """
        if self._thread is None:
            return function()

        async def called() -> Thing:
            return function()

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(GRACE)

    def __enter__(self) -> ReplayServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        """Run uvicorn on the socket, and the webhooks beside it, until somebody stops it."""
        self._loop = asyncio.get_running_loop()
        self._app = App(self.api, browsers=self._browsers, key=self._key, faults=self._faults)
        config = uvicorn.Config(
            self._app, log_level="warning", lifespan="off", ws="none", server_header=False,
            http="h11", timeout_graceful_shutdown=GRACE, headers=[(REPLAY_HEADER, "1")],
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
        self._app.deliverer = Deliverer(self._webhook, self._outbox, self.api.advance)
        task = asyncio.create_task(self._app.deliverer.run())
        task.add_done_callback(_failed)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=GRACE)

    def _shut(self) -> None:
        """In the server's thread: take no more requests, and let every stream end."""
        self._uvicorn.should_exit = True
        self._uvicorn.leaving.set()
        self._app.end_streams()


def _failed(task: asyncio.Task[None]) -> None:
    """Says at once that webhooks have stopped: somebody waits for them."""
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger(__name__).error("no more webhooks will come", exc_info=error)


def _on_purpose(record: logging.LogRecord) -> bool:
    """Keeps uvicorn from reporting the connections that a fault, or the end of the server, has cut."""
    return not (record.exc_info and isinstance(record.exc_info[1], Dropped | asyncio.CancelledError))


class _Uvicorn(uvicorn.Server):
    """uvicorn, saying when it is ready, and ending streams and half-sent bodies before it waits."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event, app: App) -> None:
        super().__init__(config)
        self._ready, self._app = ready, app
        self.leaving = asyncio.Event()

    async def main_loop(self) -> None:
        """uvicorn's, but it leaves as soon as it is told to, not at the next tenth of a second."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % 864_000
            with suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), 0.1)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.end_streams()
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and cycle.more_body:  # its body is still on its way; who knows for how long
                connection.transport.close()
        await super().shutdown(sockets=sockets)
