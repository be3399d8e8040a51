"""Webhooks on the wire: signed, retried, and never in the server's way.

The SDK's `client.beta.webhooks.unwrap` verifies what comes from here, because the same package signs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import standardwebhooks

from .outbox import Delivery, Outbox

PREFIX = "whsec_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
RETRIES = (0.5, 2.0, 8.0)  # the hosted schedule isn't documented [ours]
LATE = 0.2  # seconds that the first of two deliveries waits for the second, to come after it [ours]
MOST = 1_000  # deliveries that may be under way; a receiver that is down must not fill the memory [ours]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """Where webhooks go, and how.

    Args:
        url: the receiver.
        secret: the signing secret, `whsec_` and base64.
        retries: seconds to wait before each further attempt. Anything but a 2xx is a failure. [doc]
        timeout: seconds that one attempt may take.
        out_of_order: deliver every second one before the first; the hosted service promises no order. [doc]
        twice: deliver each twice, under one id; the hosted service promises at least once. [doc]
        anywhere: let the URL lead off this machine.

    Raises:
        ValueError: a URL or a secret that can't be used.
    """

    url: str
    secret: str = field(repr=False)
    retries: Sequence[float] = RETRIES
    timeout: float = 5.0
    out_of_order: bool = False
    twice: bool = False
    anywhere: bool = False

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise ValueError(f"webhook URL {self.url!r}: {error}") from error
        if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) <= 65535:
            raise ValueError(f"webhook URL {self.url!r}: expected http://HOST:PORT/PATH")
        if url.host not in LOOPBACK and not self.anywhere:
            off = "leads off this machine, where nothing of a replay server should go"
            raise ValueError(f"webhook URL {self.url!r} {off}; to allow it, --webhook-anywhere")
        try:
            key = self.secret.removeprefix(PREFIX)
            decoded = base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
        except (binascii.Error, ValueError):
            decoded = b""
        if not decoded or not self.secret.startswith(PREFIX):
            raise ValueError(f"webhook secret: expected {PREFIX} and base64; the value is not shown here")

    def headers(self, delivery: Delivery, now: datetime) -> dict[str, str]:
        """The three headers of Standard Webhooks, for an attempt at `now`."""
        signature = standardwebhooks.Webhook(self.secret).sign(delivery.id, now, delivery.body)
        return {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }


class Deliverer:
    """Sends what is in an outbox, for as long as `run` runs.

    Args:
        webhook: where to, and how.
        outbox: what is to be sent.
        advance: plays all sessions up to a time, and says when the next event is due. Without it a session
            that nobody looks at would stand still.
    """

    def __init__(self, webhook: Endpoint, outbox: Outbox, advance: Callable[[float], float | None]) -> None:
        self.webhook, self.outbox, self.advance = webhook, outbox, advance
        self.changed = asyncio.Event()  # something may have happened: look now
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue()
        self._retrying = 0

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is dropped."""
        # No proxy of the environment: a receiver is on this machine, or was named.
        async with httpx2.AsyncClient(trust_env=False) as self._client, asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._send())
            await self._watch()

    async def _watch(self) -> None:
        while True:
            self.changed.clear()  # before looking, so that nothing is missed
            due = self.advance(time.monotonic())
            for delivery in self.outbox.take():
                if self._queue.qsize() + self._retrying >= MOST:
                    log.warning("webhook %s (%s) dropped: %d are waiting", delivery.id, delivery.type, MOST)
                else:
                    self._queue.put_nowait(delivery)
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                    await self.changed.wait()
            except TimeoutError:
                continue

    async def _send(self) -> None:
        """In order, as long as nothing fails: what must be tried again waits on its own."""
        while True:
            pair = [await self._queue.get()]
            if self.webhook.out_of_order:
                try:
                    async with asyncio.timeout(LATE):
                        pair.insert(0, await self._queue.get())
                except TimeoutError:
                    log.debug("no second delivery to put before %s", pair[0].id)
            for delivery in pair:
                failure = await self._attempt(delivery)
                if failure is not None:
                    self._retrying += 1
                    self._tasks.create_task(self._retry(delivery, failure))

    async def _retry(self, delivery: Delivery, failure: str) -> None:
        for seconds in self.webhook.retries:
            await asyncio.sleep(seconds)
            again = await self._attempt(delivery)
            if again is None:
                break
            failure = again
        else:
            tried = 1 + len(self.webhook.retries)
            log.warning("webhook %s (%s) given up after %d: %s", delivery.id, delivery.type, tried, failure)
        self._retrying -= 1

    async def _attempt(self, delivery: Delivery) -> str | None:
        """Deliver once, or twice if that is wanted; returns what went wrong."""
        for _ in range(2 if self.webhook.twice else 1):
            headers = self.webhook.headers(delivery, datetime.now(UTC))
            content = delivery.body.encode()
            try:
                async with asyncio.timeout(self.webhook.timeout):
                    # Only the status counts; a body without an end is not waited for.
                    request = self._client.stream("POST", self.webhook.url, content=content, headers=headers)
                    async with request as answer:
                        if not answer.is_success:
                            return f"the receiver answered {answer.status_code}"
            except (httpx2.HTTPError, OSError, ValueError) as error:
                return f"{type(error).__name__}: {error}"
        return None
