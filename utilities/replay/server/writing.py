"""Answers and events as bytes, in pieces: after each large piece the other clients get their turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from json.encoder import encode_basestring
from typing import Any

from starlette.responses import Response, StreamingResponse

from ..http.sse import encoded
from ..recordings.recording import Event

AT_ONCE = 256 * 1024  # bytes that are written without looking at what others want [ours]
BATCH = 200  # events written at once: the client reads them while the next are being written [ours]
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


async def as_json(content: Any, status: int, headers: dict[str, str]) -> Response:
    """The response with this content, written as Starlette's `JSONResponse` does it."""
    written, size, since = [], 0, 0
    for piece in _pieces(content):
        written.append(piece)
        size += len(piece)
        if size - since > AT_ONCE:
            since = size
            await asyncio.sleep(0)
    if size <= AT_ONCE:
        return Response(b"".join(written), status, headers, "application/json")
    told = {**headers, "content-length": str(size)}
    return StreamingResponse(_one_by_one(written), status, told, "application/json")


async def _one_by_one(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _pieces(value: Any) -> Iterator[bytes]:
    """The value as JSON; long texts, and what has some in it, bit by bit."""
    if not _has_long_text(value):
        yield _JSON.encode(value).encode()
    elif isinstance(value, str):
        yield b'"'
        for at in range(0, len(value), AT_ONCE):
            yield encode_basestring(value[at : at + AT_ONCE])[1:-1].encode()
        yield b'"'
    elif isinstance(value, dict):
        mark = b"{"
        for key, part in list(value.items()):
            yield b"%b%b:" % (mark, _JSON.encode(key).encode())
            yield from _pieces(part)
            mark = b","
        yield b"}"
    else:
        mark = b"["
        for part in list(value):
            yield mark
            yield from _pieces(part)
            mark = b","
        yield b"]"


def _has_long_text(value: Any) -> bool:
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            if len(part) > AT_ONCE:
                return True
        elif isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list | tuple):
            left += part
    return False


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
