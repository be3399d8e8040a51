"""The server of a room on a socket: its workspaces, and the teacher's board."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ..replay.api import Api
from ..replay.assumptions import Assumptions, assumed_here
from ..replay.faults import NO_FAULTS, Faults
from ..replay.recordings.library import Library
from ..replay.server.browsers import Browsers
from ..replay.server.listening import Listening, require_reachable
from .board_app import BOARD, BoardApp
from .workspaces import LIMITS, MOST, Workspaces


class RoomServer(Listening):
    """A server for many learners in a thread of this process, for the time of a `with` block.

    There are no webhooks: where a learner's receiver listens, on their own machine's loopback, this server
    can't reach. A lesson that needs them starts a server of its own beside the receiver.

    Args:
        library: the recordings to play; all workspaces play the same.
        key: the room's. A client sends it, a colon and a name.
        teachers_key: what opens the board.
        host: loopback by default; whoever can reach another one needs the key.
        port: 0 takes a free one.
        strict: refuse client events that no recording continues.
        speed: recorded seconds that pass in one second; 0 plays everything at once.
        faults: what to break on purpose, for everybody.
        assume: answers to what isn't known of the hosted API; None: those of COOKBOOK_ASSUME.
        seed: what decides the ids, with the name and what the client does; by default no run has another's,
            so that what a learner remembers from before a restart is not found to be something else.
        most: so many workspaces are kept.
        site: a folder of pages that anybody may read, the course's for example.
        allow_origins: the origins of web pages that may use it.

    Attributes:
        workspaces: the learners'.

    Raises:
        ValueError: the host or a key is empty, both keys are the same, or an origin is none.
        OSError: the port is taken.
    """

    def __init__(
        self, library: Library, *, key: str, teachers_key: str, host: str = "127.0.0.1", port: int = 0,
        strict: bool = False, speed: float = 0.0, faults: Faults = NO_FAULTS,
        assume: Assumptions | None = None,
        seed: str | None = None, most: int = MOST, site: Path | None = None,
        allow_origins: Collection[str] = (),
    ) -> None:  # fmt: skip
        require_reachable(host, key)
        if teachers_key in ("", key):
            raise ValueError("--teacher-key must be one that learners don't have")
        assume = assumed_here() if assume is None else assume
        seed = secrets.token_hex(16) if seed is None else seed

        def api_of(name: str) -> Api:
            own = f"{seed}/{name.lower()}"  # a worker's token is made of ids, and must lead to one workspace
            return Api(library, strict=strict, speed=speed, assume=assume, seed=own, limits=LIMITS)

        browsers = Browsers(host, key, allow_origins)
        self.workspaces = Workspaces(
            api_of, key=key, browsers=browsers, faults=faults, most=most, clock=time.monotonic
        )
        self._board = BoardApp(
            self.workspaces, teachers_key=teachers_key, browsers=browsers, clock=time.monotonic
        )
        self._site = StaticFiles(directory=site, html=True) if site is not None else None
        super().__init__(host, port)

    def _application(self) -> _Room:
        return _Room(self.workspaces, self._board, self._site)


class _Room:
    """The ASGI application: the API below /v1, the board below /board, and pages everywhere else."""

    def __init__(self, workspaces: Workspaces, board: BoardApp, site: StaticFiles | None) -> None:
        self._workspaces, self._board, self._site = workspaces, board, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        above = f"/{scope['path'].split('/')[1]}"
        if above == BOARD:
            await self._board(scope, receive, send)
        elif self._site is None or above == "/v1":
            await self._workspaces(scope, receive, send)
        else:
            await _read(self._site, scope, receive, send)

    def end_streams(self) -> None:
        self._workspaces.end_streams()


async def _read(site: StaticFiles, scope: Scope, receive: Receive, send: Send) -> None:
    """A page, or in a line why there is none."""
    try:
        await site(scope, receive, send)
    except HTTPException as error:
        await PlainTextResponse(f"{error.detail}\n", error.status_code)(scope, receive, send)
