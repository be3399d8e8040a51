"""What a request is and what an answer is, before and after anything is known of sockets.

A `Request` is what came over HTTP, a `Call` a request on its way through `api`, a `Response` what goes back.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..faults import NO_FAULTS, Faults
from .errors import ApiError
from .paging import Query

MANAGED_AGENTS = "managed-agents-2026-04-01"  # the beta of sessions and what belongs to them [sdk]
NOTE_HEADER = "x-replay-note"
RECORDING_HEADER = "x-replay-recording"  # on answers about a session: whose moves its agent makes
REPLAY_HEADER = "x-replay-server"  # on every answer, so that nothing from here can be taken for live
MAX_DEPTH = 200  # levels of nesting in a body; what is close to Python's limit could not be sent back [ours]
# How many values a body may have, and how many keys one of its objects: a body has a few large texts, while
# a million of small things would hold up everybody else for as long as it takes to look at each. [ours]
MAX_VALUES, MAX_KEYS = 50_000, 2_000
LONGEST_KEY = 1_000  # characters: what is wrong with a value names the keys on the way to it, often [ours]
HALF = rb"\ud"  # how half a surrogate pair begins
SURROGATE = re.compile(rb"\\u[dD]")
PART = 2**20  # bytes that are looked at in one go
# A string of JSON; one that doesn't end goes on to the end of the body, so that this reads each byte once.
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)', re.DOTALL)


@dataclass(frozen=True)
class Upload:
    """A file part of a multipart request."""

    filename: str
    content: bytes
    mime_type: str | None


@dataclass(frozen=True)
class Form:
    """A multipart request.

    Attributes:
        file: the part called `file`, of an upload.
        files: the parts called `files[]`, of a skill.
        fields: the other parts.
    """

    file: Upload | None = None
    files: tuple[Upload, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """One HTTP request, as far as the API looks at it. The query has its pairs as they came."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    form: Form = Form()
    faults: Faults = NO_FAULTS  # of the client that sends it
    assume: Assumptions = NOTHING_ASSUMED  # by that client, where nobody knows the hosted API's answer
    betas: frozenset[str] = frozenset()  # of the header `anthropic-beta`

    @property
    def json(self) -> Any:
        """The body, read once.

        Raises:
            ApiError: 400; it is no JSON, or none that could be sent back, or too much in too small pieces.
        """
        if isinstance(self._read, ApiError):
            raise self._read
        return self._read

    @cached_property
    def _read(self) -> Any:
        """What `json` is, or raises: a body that can't be read takes as long as one that can."""
        try:
            return self._parsed()
        except ApiError as error:
            return error

    def _parsed(self) -> Any:
        if self._values() > MAX_VALUES:
            raise ApiError(400, f"the body has more than {MAX_VALUES:,} values, this server's limit")
        try:
            # What could not be written again (NaN, half a surrogate pair) would break every later answer.
            value = json.loads(self.body or b"{}", parse_constant=_finite, parse_float=_finite)
            _require_bounded(value)
            if any(SURROGATE.search(self.body, *part) for part in _parts_of(self.body, len(HALF))):
                json.dumps(value, ensure_ascii=False).encode()
            return value
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"the body is not valid JSON: {error}") from error

    def _values(self) -> int:
        """About how many values the body has, found out before anything is made of them."""
        strings = (_count(self.body, b'"') - _count(self.body, b'\\"')) // 4  # of two, one is a key
        if strings > MAX_VALUES:
            return strings
        if (most := _marks(self.body)) <= MAX_VALUES:
            return most  # with those within strings it isn't too much either
        return _marks(STRING.sub(b"", self.body))


@dataclass(frozen=True)
class Response:
    """One HTTP response. `content` is bytes for a file, anything else is sent as JSON."""

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """What a route's function gets: the request, the ids in its path, and the time."""

    request: Request
    ids: Mapping[str, str]
    query: Query
    now: float
    assume: Assumptions = NOTHING_ASSUMED  # by the client, and beside it by the server

    @property
    def id(self) -> str:
        return self.ids["id"]

    @property
    def other(self) -> str:
        return self.ids["other"]

    @property
    def both(self) -> tuple[str, str]:
        """The ids of a route that has two."""
        return self.ids["id"], self.ids["other"]

    @property
    def body(self) -> Any:
        return self.request.json

    @property
    def form(self) -> Form:
        return self.request.form


def _marks(text: bytes) -> int:
    return sum(_count(text, mark) for mark in (b",", b"[", b"{"))


def _count(text: bytes, mark: bytes) -> int:
    return sum(text.count(mark, *part) for part in _parts_of(text, len(mark)))


def _parts_of(text: bytes, width: int) -> Iterator[tuple[int, int]]:
    """The whole of a text, in parts, for whoever looks for something so wide; threads take turns between."""
    return ((at, at + PART + width - 1) for at in range(0, len(text), PART))


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number that could be sent back")
    return number


def _require_bounded(value: Any) -> None:
    """Refuse what is nested too deep, or an object with too many keys or too long ones."""
    layer = [value]
    for _ in range(MAX_DEPTH):
        if any(isinstance(whole, dict) and len(whole) > MAX_KEYS for whole in layer):
            raise ApiError(400, f"an object in the body has more than {MAX_KEYS:,} keys, this server's limit")
        if any(len(key) > LONGEST_KEY for whole in layer if isinstance(whole, dict) for key in whole):
            raise ApiError(
                400, f"a key in the body has more than {LONGEST_KEY:,} characters, this server's limit"
            )
        layer = [part for whole in layer for part in _parts(whole)]
        if not layer:
            return
    raise ApiError(400, f"the body is nested deeper than {MAX_DEPTH} levels")


def _parts(whole: Any) -> Iterable[Any]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()
