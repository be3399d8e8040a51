"""What a request is and what an answer is, before and after anything is known of sockets.

A `Request` is what came over HTTP, a `Call` a request on its way through `api`, a `Response` what goes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..faults import NO_FAULTS, Faults
from .errors import ApiError
from .paging import Query

MANAGED_AGENTS = "managed-agents-2026-04-01"  # the beta of sessions and what belongs to them [sdk]
NOTE_HEADER = "x-replay-note"
REPLAY_HEADER = "x-replay-server"  # on every answer, so that nothing from here can be taken for live
MAX_DEPTH = 200  # levels of nesting in a body; what is close to Python's limit could not be sent back [ours]


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

    def json(self) -> Any:
        """The body.

        Raises:
            ApiError: 400; it is no JSON, or none that could be sent back.
        """
        try:
            value = json.loads(self.body or b"{}")
            if _is_deeper(value, MAX_DEPTH):
                raise ApiError(400, f"the body is nested deeper than {MAX_DEPTH} levels")
            # What could not be written again (NaN, half a surrogate pair) would break every later answer.
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            return value
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"the body is not valid JSON: {error}") from error


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
        return self.request.json()

    @property
    def form(self) -> Form:
        return self.request.form


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [part for whole in layer for part in _parts(whole)]
        if not layer:
            return False
    return True


def _parts(whole: Any) -> Iterable[Any]:
    if isinstance(whole, dict):
        return whole.values()
    return whole if isinstance(whole, list) else ()
