"""What a client does on the wire, counted below the SDK: requests, and the bytes of both directions.

    wire = Wire()
    client = wire.tap(client)       # the same client, counted

A transport is the lowest place that a client lets one look: every attempt of the SDK's own retries is
seen here, and every byte of a stream when it comes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx2
from anthropic import Anthropic, DefaultHttpxClient

__all__ = ["Exchanged", "Wire"]


@dataclass
class Exchanged:
    """One request, and what came back.

    Attributes:
        at: when it left, by the wire's clock, in seconds.
        sent, received: bytes of head and body; what HTTP/1.1 wraps around chunks is not counted.
        arrivals: when bytes of the body came, and how many.
    """

    at: float
    method: str
    path: str
    sent: int
    status: int = 0
    received: int = 0
    arrivals: list[tuple[float, int]] = field(default_factory=list)


class Wire(httpx2.BaseTransport):
    """Counts what passes through a client. One for each thing that is to be measured.

    Args:
        clock: seconds.

    Attributes:
        exchanges: all requests so far, in the order in which they left.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.exchanges: list[Exchanged] = []
        self._inner = httpx2.HTTPTransport(verify=VERIFY, limits=LIMITS)

    def tap(self, client: Anthropic) -> Anthropic:
        """A copy of the client whose requests go through here."""
        return client.with_options(http_client=DefaultHttpxClient(transport=self))

    @property
    def requests(self) -> int:
        return len(self.exchanges)

    @property
    def bytes(self) -> int:
        """Moved in both directions."""
        return sum(exchange.sent + exchange.received for exchange in self.exchanges)

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Requests that left in this time, and bytes that came back or went with them."""
        left = [exchange for exchange in self.exchanges if start <= exchange.at < end]
        came = (n for e in self.exchanges for at, n in e.arrivals if start <= at < end)
        return len(left), sum(exchange.sent for exchange in left) + sum(came)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = int(request.headers.get("content-length", 0))
        sent = _head(request.headers) + body
        exchange = Exchanged(self.clock(), request.method, request.url.path, sent)
        self.exchanges.append(exchange)
        response = self._inner.handle_request(request)
        exchange.status, head = response.status_code, _head(response.headers)
        exchange.received += head
        exchange.arrivals.append((self.clock(), head))
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response.stream, exchange, self.clock),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()


class _Counted(httpx2.SyncByteStream):
    """A body that notes what is read of it."""

    def __init__(self, body: httpx2.SyncByteStream, exchange: Exchanged, clock: Callable[[], float]) -> None:
        self._body, self._exchange, self._clock = body, exchange, clock

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._exchange.received += len(piece)
            self._exchange.arrivals.append((self._clock(), len(piece)))
            yield piece

    def close(self) -> None:
        self._body.close()


def _head(headers: httpx2.Headers) -> int:
    """Bytes of the header lines, as HTTP/1.1 writes them."""
    return sum(len(name) + len(value) + len(b": \r\n") for name, value in headers.raw) + len(b"\r\n")


LIMITS = httpx2.Limits(max_connections=20)
VERIFY = httpx2.create_ssl_context(trust_env=False)  # made once: it takes longer than all else here
