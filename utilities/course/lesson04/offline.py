"""Without a network, for 04c: every new connection of this process is refused, and counted."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anthropic import Anthropic, APIConnectionError

from utilities.loopback import direct, replaced

__all__ = ["no_network", "reached"]


@contextmanager
def no_network() -> Iterator[list[Any]]:
    """Refuse every connection within the block; the list has where to each of them would have gone."""
    tried: list[Any] = []

    def refuse(_: socket.socket, address: Any) -> None:
        tried.append(address)  # also if whoever tried says nothing of it
        raise OSError("no network here")

    with replaced(socket.socket, "connect", refuse):
        yield tried


def reached(client: Anthropic, store: str) -> bool:
    """Whether a memory store is reached over a connection of its own."""
    way = direct(Anthropic, client.base_url)
    with Anthropic(api_key=client.api_key, base_url=client.base_url, max_retries=0, **way) as fresh:
        try:
            fresh.beta.memory_stores.retrieve(store)
        except APIConnectionError:
            return False
    return True
