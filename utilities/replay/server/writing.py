"""Answers and events as bytes, in pieces: between large ones the other clients get their turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..http.sse import encoded
from ..recordings.recording import Event

AT_ONCE = 256 * 1024  # bytes that are written without looking at what others want [ours]
BATCH = 200  # events written at once: the client reads them while the next are being written [ours]
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
EMPTY = b'"data":[]'


async def as_json(content: Any) -> bytes:
    """The body of an answer. The items of a list are written one by one."""
    items = content.get("data") if isinstance(content, dict) else None
    if not isinstance(items, list):
        return _JSON.encode(content).encode()
    written, size = [], 0
    for item in list(items):
        written.append(_JSON.encode(item).encode())
        size += len(written[-1])
        if size > AT_ONCE:
            size = 0
            await asyncio.sleep(0)
    whole = _JSON.encode({**content, "data": []}).encode()
    before, _, after = whole.partition(EMPTY)
    return b"".join((before, EMPTY[:-1], b",".join(written), EMPTY[-1:], after))


def in_batches(events: Sequence[Event]) -> Iterator[bytes]:
    """The events of a stream, some of them at once."""
    batch, size = [], 0
    for event in events:
        batch.append(encoded(event))
        size += len(batch[-1])
        if len(batch) == BATCH or size > AT_ONCE:
            yield b"".join(batch)
            batch, size = [], 0
    if batch:
        yield b"".join(batch)
