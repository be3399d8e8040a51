"""Responses that a fault cuts off, as a client on the other side of a socket sees it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Dropped(Exception):
    """The connection is cut in the middle of the body."""


class Lost(Response):
    """A response that breaks off before the first byte of its body: to the SDK a lost connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        raise Dropped


class Hanging(Response):
    """No response at all, until the client has had enough or the server stops."""

    def __init__(self, stopped: asyncio.Event) -> None:
        super().__init__()
        self._stopped = stopped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_disconnected(receive))
        stopped = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait((gone, stopped), return_when=asyncio.FIRST_COMPLETED)
        for task in (gone, stopped):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._stopped.is_set():  # somebody still waits: end it as a broken connection
            await Lost()(scope, receive, send)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
