"""Webhooks on the wire: signed, retried, and never in the server's way.

The SDK's `client.beta.webhooks.unwrap` verifies what comes from here, because the same package signs.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import standardwebhooks

from .outbox import RESOURCES, TYPES, Delivery, Outbox

PREFIX = "whsec_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FIRST_WAIT, LONGEST_WAIT = 5.0, 120.0  # seconds between attempts, of which there are three in all [doc]
GROWTH = 5  # how much longer the second wait is; where the waits lie between the two isn't published [ours]
SUSTAINED = 3600.0  # seconds of failures without a success that disable an endpoint; not published [ours]
REDIRECT = "auto-disabled: endpoint URL returned a redirect (3xx)"  # the hosted reason [doc]
FAILING = "auto-disabled after sustained delivery failures"  # the hosted reason [doc]
LATE = 0.2  # seconds that the first of two deliveries waits for the second, to come after it [ours]
MOST = 1_000  # deliveries that may be under way; a receiver that is down must not fill the memory [ours]
log = logging.getLogger(__name__)


def documented_waits() -> Sequence[float]:
    """Seconds before the second and the third attempt: growing, each time other ones. [doc]"""
    return [
        min(LONGEST_WAIT, random.uniform(FIRST_WAIT, FIRST_WAIT * GROWTH) * GROWTH**number)
        for number in range(2)
    ]


@dataclass(frozen=True)
class Endpoint:
    """Where webhooks go, and how.

    Args:
        url: the receiver.
        secret: the signing secret, `whsec_` and base64.
        retries: seconds to wait before each further attempt, or what gives them for each delivery; by default
            two waits of 5 to 120 seconds, as documented. Anything but a 2xx is a failure, and after the last
            one the delivery is dropped. [doc]
        timeout: seconds that one attempt may take.
        out_of_order: deliver every second one before the first; the hosted service promises no order. [doc]
        twice: deliver each twice, under one id. An endpoint may get the same event more than once, and may
            never get one: nothing is promised. [doc]
        anywhere: let the URL lead off this machine.
        events: what the endpoint has subscribed to: resources (`session`, `vault_credential`), or types
            of events (`agent.updated`).
        sustained: seconds of failures without one success that disable the endpoint. So does a redirect, at
            once. Nothing is sent then, nor later. [doc: but how long]

    Raises:
        ValueError: a URL or a secret that can't be used.
    """

    url: str
    secret: str = field(repr=False)
    retries: Sequence[float] | Callable[[], Sequence[float]] = documented_waits
    timeout: float = 5.0
    out_of_order: bool = False
    twice: bool = False
    anywhere: bool = False
    sustained: float = SUSTAINED
    events: Sequence[str] = ("session",)

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

        if unknown := next((name for name in self.events if name not in (*RESOURCES, *TYPES)), None):
            raise ValueError(
                f"webhook events: {unknown!r} is unknown, expected {', '.join(RESOURCES)} or a type"
            )

    def headers(self, delivery: Delivery, now: datetime) -> dict[str, str]:
        """The three headers of Standard Webhooks, for an attempt at `now`."""
        signature = standardwebhooks.Webhook(self.secret).sign(delivery.id, now, delivery.body)
        return {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }


@dataclass
class Health:
    """Whether an endpoint is still sent anything."""

    sustained: float
    failing_since: float | None = None
    disabled: str | None = None  # why

    def delivered(self) -> None:
        """A single success begins anew. [doc]"""
        self.failing_since = None

    def failed(self, now: float, *, redirect: bool = False) -> None:
        if self.failing_since is None:
            self.failing_since = now
        if redirect:
            self.disabled = REDIRECT
        elif now - self.failing_since >= self.sustained:
            self.disabled = FAILING


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
        self.health = Health(webhook.sustained)
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
                if self.health.disabled:
                    log.debug("webhook %s is not sent: %s", delivery.id, self.health.disabled)
                elif self._queue.qsize() + self._retrying >= MOST:
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
                if failure is not None and not self.health.disabled:
                    self._retrying += 1
                    self._tasks.create_task(self._retry(delivery, failure))

    async def _retry(self, delivery: Delivery, failure: str) -> None:
        retries = self.webhook.retries
        waits = retries() if callable(retries) else retries
        for seconds in waits:
            await asyncio.sleep(seconds)
            again = await self._attempt(delivery)
            if again is None or self.health.disabled:
                break
            failure = again
        else:
            tried = 1 + len(waits)
            log.warning("webhook %s (%s) given up after %d: %s", delivery.id, delivery.type, tried, failure)
        self._retrying -= 1

    async def _attempt(self, delivery: Delivery) -> str | None:
        """Deliver once, or twice if that is wanted; returns what went wrong."""
        if self.health.disabled:
            return self.health.disabled
        failure, redirect = await self._post(delivery)
        if failure is None:
            self.health.delivered()
            return None
        self.health.failed(time.monotonic(), redirect=redirect)
        if self.health.disabled:
            log.warning("the webhook endpoint is disabled, nothing more is sent: %s", self.health.disabled)
        return failure

    async def _post(self, delivery: Delivery) -> tuple[str | None, bool]:
        """What went wrong, and whether it was a redirect, which is never followed. [doc]"""
        for _ in range(2 if self.webhook.twice else 1):
            headers = self.webhook.headers(delivery, datetime.now(UTC))
            content = delivery.body.encode()
            try:
                async with asyncio.timeout(self.webhook.timeout):
                    # Only the status counts; a body without an end is not waited for.
                    request = self._client.stream("POST", self.webhook.url, content=content, headers=headers)
                    async with request as answer:
                        if not answer.is_success:
                            told = f"the receiver answered {answer.status_code}"
                            return told, 300 <= answer.status_code < 400
            except (httpx2.HTTPError, OSError, ValueError) as error:
                return f"{type(error).__name__}: {error}", False
        return None, False
