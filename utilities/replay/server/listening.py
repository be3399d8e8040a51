"""An ASGI application on a socket, in this thread or in one of its own, until it is stopped.

Only here are there threads. What it serves has streams that may stay open for ever, so stopping lets them end
first.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from types import TracebackType
from typing import ClassVar, Protocol, Self, TypeVar

import uvicorn
from starlette.types import Receive, Scope, Send

from ..http.requests import REPLAY_HEADER
from ..webhooks.sender import LOOPBACK
from .cut_off import Dropped

GRACE = 3  # seconds that stopping waits for a client that has stopped reading [ours]
Thing = TypeVar("Thing")


class Streaming(Protocol):
    """An ASGI application whose streams end when they are told to."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def end_streams(self) -> None: ...


def require_reachable(host: str, key: str | None) -> None:
    """Refuse an address that others can reach, without a key; and a host or a key that is empty.

    Raises:
        ValueError: saying what is to be given.
    """
    if not host or key == "":  # a variable of the shell that was not set, most likely
        raise ValueError(f"--{'key' if host else 'host'} is empty")
    if host not in LOOPBACK and not key:
        reach = "can be reached from other machines"
        raise ValueError(f"{host} {reach}: give a key too (--key), or stay on loopback")


class Listening(ABC):
    """A server in a thread of this process, for the time of a `with` block.

    Args:
        host: what it listens on.
        port: 0 takes a free one.

    Attributes:
        base_url: where it is.
        about: headers of every answer.

    Raises:
        OSError: the port is taken.
    """

    about: ClassVar[Sequence[tuple[str, str]]] = ((REPLAY_HEADER, "1"),)

    def __init__(self, host: str, port: int) -> None:
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
        self.port: int = self._socket.getsockname()[1]
        self.base_url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    @abstractmethod
    def _application(self) -> Streaming:
        """What is served; asked for once, in the event loop that serves it."""

    def _beside(self) -> AbstractAsyncContextManager[None]:
        """What else goes on while it is served."""
        return nullcontext()

    def run(self) -> None:
        """Serve in this thread until interrupted."""
        asyncio.run(self._serve())

    def start(self) -> Self:
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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        """Run uvicorn on the socket until somebody stops it."""
        self._loop = asyncio.get_running_loop()
        self._served = self._application()
        config = uvicorn.Config(
            self._served, log_level="warning", lifespan="off", ws="none", server_header=False,
            http="h11", timeout_graceful_shutdown=GRACE, headers=[*self.about],
        )  # fmt: skip
        logging.getLogger("uvicorn.error").addFilter(_on_purpose)
        self._uvicorn = _Uvicorn(config, self._ready, self._served)
        async with self._beside():
            await self._uvicorn.serve(sockets=[self._socket])

    def _shut(self) -> None:
        """In the server's thread: take no more requests, and let every stream end."""
        self._uvicorn.should_exit = True
        self._uvicorn.leaving.set()
        self._served.end_streams()


def _on_purpose(record: logging.LogRecord) -> bool:
    """Keeps uvicorn from reporting the connections that a fault, or the end of the server, has cut."""
    return not (record.exc_info and isinstance(record.exc_info[1], Dropped | asyncio.CancelledError))


class _Uvicorn(uvicorn.Server):
    """uvicorn, saying when it is ready, and ending streams and half-sent bodies before it waits."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event, served: Streaming) -> None:
        super().__init__(config)
        self._ready, self._served = ready, served
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
        self._served.end_streams()
        for connection in list(self.server_state.connections):
            cycle = getattr(connection, "cycle", None)
            if cycle is not None and cycle.more_body:  # its body is still on its way; who knows for how long
                connection.transport.close()
        await super().shutdown(sockets=sockets)
