"""The replay server on a socket: a thin adapter around `api.Api`.

`ReplayServer` runs it in a thread of this process, which is how notebooks and tests use it;
`python -m utilities.replay` runs it as a process of its own. How it listens is in `listening`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from ..api import Api
from ..assumptions import Assumptions, assumed_here
from ..faults import NO_FAULTS, Faults
from ..http.errors import ApiError
from ..recordings.library import Library
from ..webhooks.outbox import Outbox
from ..webhooks.sender import Deliverer, Endpoint
from .app import App, same
from .browsers import Browsers
from .listening import GRACE, Listening, require_reachable


class ReplayServer(Listening):
    """A replay server in a thread of this process, for the time of a `with` block.

    Args:
        library: the recordings to play.
        strict: refuse client events that no recording continues (400, with the difference).
        speed: recorded seconds that pass in one second; 0 plays everything at once.
        host: loopback, unless `key` is given too.
        port: 0 takes a free one.
        key: what clients must send as their API key; None takes any.
        faults: what to break on purpose, `Faults` or its spec, "drop=3" for example.
        webhook: where changes of sessions are told; None for nowhere.
        assume: answers to what isn't known of the hosted API, or their spec: "environment-names=any";
            None: those that COOKBOOK_ASSUME in the environment has.
        seed: what decides the ids, with what the clients do. Two servers with one seed give the same ids,
            so that what was printed with one is printed with the other; by default all do.
        allow_origins: the origins of web pages that may use it, `https://example.org` for example.

    Raises:
        AssumptionError: a question or an answer that doesn't exist.
        ValueError: a host that others can reach, without a key; or a host or key that is empty; or an
            origin that is none; or a fault that there isn't.
        OSError: the port is taken.
    """

    def __init__(
        self, library: Library, *, strict: bool = False, speed: float = 0.0,
        host: str = "127.0.0.1", port: int = 0, key: str | None = None, faults: Faults | str = NO_FAULTS,
        webhook: Endpoint | None = None, assume: Assumptions | str | None = None,
        seed: str = "", allow_origins: Collection[str] = (),
    ) -> None:  # fmt: skip
        require_reachable(host, key)
        if assume is None:
            assume = assumed_here()
        assume = Assumptions(assume) if isinstance(assume, str) else assume
        self.api = Api(library, strict=strict, speed=speed, assume=assume, seed=seed)
        self._browsers = Browsers(host, key, allow_origins)
        self._webhook = webhook
        self._outbox = Outbox(webhook.events) if webhook is not None else None
        self.api.tell_to(self._outbox)
        super().__init__(host, port)
        self._key = key
        self._faults = Faults(faults) if isinstance(faults, str) else faults

    def _application(self) -> App:
        self._app = App(self.api, browsers=self._browsers, admit=self._admit, faults=self._faults)
        return self._app

    def _admit(self, given: str) -> None:
        if self._key is not None and not same(given, self._key) and not self.api.work.accepts(given):
            raise ApiError(401, "invalid key: set ANTHROPIC_API_KEY to the one this server was started with")

    @asynccontextmanager
    async def _beside(self) -> AsyncIterator[None]:
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


def _failed(task: asyncio.Task[None]) -> None:
    """Says at once that webhooks have stopped: somebody waits for them."""
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger(__name__).error("no more webhooks will come", exc_info=error)
