"""The board's part of the server: a page, what it shows as JSON, and where checks report.

The page itself holds nothing, so it needs no key; what it asks for needs the teacher's. It takes no script,
style or picture from elsewhere, and its policy forbids any. What learners send gets there as JSON and is
shown as text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from ..replay.http.errors import ApiError
from ..replay.http.requests import Request
from ..replay.ids import make_id
from ..replay.server.app import at_most, key_of, same
from ..replay.server.browsers import Browsers
from .reports import REPORTS, Report
from .workspaces import Workspaces

BOARD, STATE = "/board", "/board/state"
PAGE = Path(__file__).with_name("board.html")
LARGEST = 4_096  # bytes of a report


class BoardApp:
    """The ASGI application of everything below /board.

    Args:
        workspaces: the learners'.
        teachers_key: what the page has to send.
        browsers: which web pages may use it.
        clock: seconds, the workspaces' clock.
    """

    def __init__(
        self, workspaces: Workspaces, *, teachers_key: str, browsers: Browsers, clock: Callable[[], float]
    ) -> None:
        self._workspaces, self._key, self._clock = workspaces, teachers_key, clock
        self._browsers = browsers
        self._page = PAGE.read_text("utf-8")
        self._policy = policy(self._page)
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, at_most(LARGEST, receive))
        try:
            self._browsers.require_welcome(http.headers)
            response = await self._answer(http)
        except ApiError as error:
            self._requests += 1
            id = make_id("req", "board", self._requests)
            response = JSONResponse(error.body(id), error.status, {"request-id": id})
        response.headers["cache-control"] = "no-store"
        await response(scope, receive, send)

    async def _answer(self, http: HttpRequest) -> HttpResponse:
        asked = http.method, http.url.path.rstrip("/")
        if asked == ("GET", BOARD):
            told = {"content-security-policy": self._policy, "referrer-policy": "no-referrer"}
            return HTMLResponse(self._page, headers={**told, "x-content-type-options": "nosniff"})
        if asked == ("GET", STATE):
            if not same(key_of(http.headers), self._key):
                raise ApiError(401, "the board wants the teacher's key, which the server printed")
            return JSONResponse(self._state())
        if asked == ("POST", REPORTS):
            return await self._take(http)
        raise ApiError(404, f"{http.method} {http.url.path}: the board has GET {BOARD} and POST {REPORTS}")

    async def _take(self, http: HttpRequest) -> HttpResponse:
        """A learner's report; whose it is, the key says."""
        workspace = self._workspaces.of(key_of(http.headers))
        _require_json(http.headers)
        try:
            body = Request("POST", REPORTS, body=await http.body()).json
            workspace.seat.take(Report.of(body), self._clock())
        except ClientDisconnect as error:
            raise ApiError(400, "the body ended before it was complete") from error
        except ValueError as error:
            raise ApiError(400, str(error)) from error
        workspace.seen = self._clock()
        return HttpResponse(status_code=204)

    def _state(self) -> dict[str, Any]:
        """What the page shows: those who have reported, and how many others use the server."""
        now = self._clock()
        rows = [
            {"name": each.name, "seen": round(now - each.seen), **each.seat.shown(now)}
            for each in self._workspaces
            if each.seat.last is not None
        ]
        rows.sort(key=lambda row: row["name"].lower())
        return {"learners": rows, "names": len(self._workspaces)}


def _require_json(headers: Headers) -> None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "content-type: must be application/json")


def policy(page: str) -> str:
    """The content security policy that lets in the page's own script and style, and nothing else."""
    return (
        f"default-src 'none'; script-src {_own('script', page)}; style-src {_own('style', page)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _own(tag: str, page: str) -> str:
    """The digest of what stands between these tags."""
    (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
    return f"'sha256-{base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()}'"
