"""A workspace for each name: a whole server of its own, behind one address.

A workspace has an `Api` and an `App`, so nothing of one is in another: no list, no name that is taken, no
fault, no stream that wakes up. What they share are the recordings, in which nothing changes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from ..replay.api import Api
from ..replay.faults import NO_FAULTS, Faults
from ..replay.http.errors import ApiError
from ..replay.recordings.library import Library
from ..replay.resources.capacity import MIB, Limits
from ..replay.server.app import App, key_of, same
from ..replay.server.browsers import Browsers
from .board import Seat

WORKSPACE_HEADER = "x-replay-workspace"  # on the answers to a learner: whose workspace they are from
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,29}")
NAMES = "1 to 30 letters (a to z), digits, dots, hyphens and underscores"
MOST = 100  # workspaces of one room
IDLE = 3600.0  # seconds without a request after which a workspace may make room for another
# Of one workspace. A learner who runs every lesson ten times needs a tenth of it.
LIMITS = Limits(
    of_a_kind=2_000, sessions=1_000, files=5_000, uploaded=32 * MIB, sent=8 * MIB, sent_to_all=32 * MIB
)


@dataclass
class Workspace:
    """One learner's.

    Attributes:
        name: as it was first written.
        app: what answers.
        seen: when the last request came, in seconds by the room's clock.
        open: how many requests are being answered, open streams among them.
        seat: what they have reported to the teacher's board.
    """

    name: str
    app: App
    seen: float
    open: int = 0
    seat: Seat = field(default_factory=Seat)


class Workspaces:
    """The ASGI application of a room: each request is answered by the workspace of its key.

    Args:
        make: what answers for a name that is new.
        key: the room's; a client sends it, a colon and its name.
        browsers: which web pages may use it.
        faults: of clients that name none of their own.
        most: so many workspaces are kept.
        clock: seconds, by a clock that doesn't go back.
    """

    def __init__(
        self, make: Callable[[str], Api], *, key: str, browsers: Browsers, faults: Faults = NO_FAULTS,
        most: int = MOST, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._make, self._key, self._most, self._clock = make, key, most, clock
        self._browsers, self._faults = browsers, faults
        self._nobodys = Api(Library())
        self._by_name: dict[str, Workspace] = {}
        self._stopped = False

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Workspace]:
        return iter(self._by_name.values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            workspace = self.of(key_of(Headers(scope=scope)))
        except ApiError as refusal:  # said as a server says it, to a browser's preflight too
            app = App(self._nobodys, browsers=self._browsers, admit=_refusing(refusal))
            await app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[WORKSPACE_HEADER] = workspace.name
            await send(message)

        workspace.seen = self._clock()
        workspace.open += 1
        try:
            await workspace.app(scope, receive, named)
        finally:
            workspace.open -= 1
            workspace.seen = self._clock()

    def of(self, given: str) -> Workspace:
        """The workspace of the key that a client sends; made if its name is new.

        A worker of a self-hosted environment comes with a token instead, which leads to where it is from.

        Raises:
            ApiError: 401, it is not the room's key, or has no name that will do; 403, the room is full.
        """
        if not same(given[: len(self._key)], self._key):
            for workspace in self._by_name.values():
                if workspace.app.api.work.accepts(given):
                    return workspace
            raise ApiError(401, f"invalid key: {self._how_it_looks()}")
        name = given[len(self._key) :].removeprefix(":")
        if given == f"{self._key}{name}" or not NAME.fullmatch(name):  # without the colon it is no name
            who = f"{name[:40]!r} is no name here ({NAMES})" if name else "the key has no name"
            raise ApiError(401, f"{who}: {self._how_it_looks()}")
        return self._by_name.get(name.lower()) or self._another(name)

    def end_streams(self) -> None:
        """Let every open stream finish now, and every one that is opened from now on."""
        self._stopped = True
        for workspace in self._by_name.values():
            workspace.app.end_streams()

    def _another(self, name: str) -> Workspace:
        if len(self._by_name) >= self._most:
            self._make_room()
        app = App(self._make(name), browsers=self._browsers, admit=lambda given: None, faults=self._faults)
        if self._stopped:
            app.end_streams()
        workspace = self._by_name[name.lower()] = Workspace(name, app, self._clock())
        return workspace

    def _make_room(self) -> None:
        """Drop the workspace that nobody has used for longest, if that is long.

        Raises:
            ApiError: 403, all are in use.
        """
        idle = [each for each in self._by_name.values() if not each.open]
        longest = min(idle, key=lambda each: each.seen, default=None)
        if longest is None or self._clock() - longest.seen < IDLE:
            told = "a name that was idle for an hour makes room; or start the server with a larger --most"
            raise ApiError(403, f"this room has its {self._most} names: {told}")
        del self._by_name[longest.name.lower()]

    def _how_it_looks(self) -> str:
        return "set ANTHROPIC_API_KEY to the room's key, a colon and your name: ROOM-KEY:ada"


def _refusing(refusal: ApiError) -> Callable[[str], None]:
    def admit(given: str) -> None:
        raise refusal

    return admit
