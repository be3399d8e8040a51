"""A session on short recordings, with real clients on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import anthropic
import httpx2
from anthropic import Anthropic, AsyncAnthropic, Middleware

from tests.kit.calling import new_session
from tests.kit.recordings import Script
from utilities import (
    TurnResult,
    poll_until_end_turn,
    poll_until_end_turn_async,
    stream_until_end_turn,
    stream_until_end_turn_async,
)
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.testing import ManagedAgentsApi

KINDS = ("sync", "async")
WAYS: dict[str, dict[str, Any]] = {
    "stream": {"sync": stream_until_end_turn, "async": stream_until_end_turn_async},
    "poll": {"sync": poll_until_end_turn, "async": poll_until_end_turn_async},
}


class Posts(Middleware):
    """Remembers what the client posted, and can lose posts of events after the first.

    Args:
        lose: how many responses get lost after the request took effect.
        hold: how many requests never arrive.
    """

    def __init__(self, *, lose: int = 0, hold: int = 0) -> None:
        self.paths: list[str] = []
        self.lose, self.hold = lose, hold

    def handle(self, request: Any, call_next: Any) -> Any:
        self._before(request)
        response = call_next(request)
        self._after(request)
        return response

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        self._before(request)
        response = await call_next(request)
        self._after(request)
        return response

    def _before(self, request: Any) -> None:
        if self._answers(request) and self.hold:
            self.hold -= 1
            raise broken(request)

    def _after(self, request: Any) -> None:
        answers = self._answers(request)
        if request.method.upper() == "POST":
            self.paths.append(request.url)
        if answers and self.lose:
            self.lose -= 1
            raise broken(request)

    def _answers(self, request: Any) -> bool:
        """Whether it posts events, and not for the first time: the first post is the message."""
        return (
            request.method.upper() == "POST" and request.url.endswith("/events") and bool(self.events_posts)
        )

    @property
    def events_posts(self) -> list[str]:
        return [path for path in self.paths if path.endswith("/events")]


def broken(request: Any) -> anthropic.APIConnectionError:
    return anthropic.APIConnectionError(request=httpx2.Request("POST", "http://127.0.0.1" + request.url))


@dataclass
class Served:
    """One session of one server, followed with the sync or the async helper."""

    server: ReplayServer
    session_id: str
    posts: Posts = field(default_factory=Posts)
    retries: int = 2
    way: ClassVar[str] = "stream"  # or "poll", for a whole file of tests

    def client(self) -> Anthropic:
        return Anthropic(**self._options())

    def _options(self) -> dict[str, Any]:
        url = self.server.base_url
        return {"api_key": "x", "base_url": url, "middleware": [self.posts], "max_retries": self.retries}

    def follow(self, kind: str, *args: Any, session_id: str | None = None, **options: Any) -> TurnResult:
        """A turn with the helper of this kind; the session is this one's unless another is given."""
        options = {"timeout": 20.0, **({"interval": 0.01} if self.way == "poll" else {}), **options}
        turn = WAYS[self.way][kind]
        if kind == "sync":
            result: TurnResult = turn(self.client(), session_id or self.session_id, *args, **options)
            return result

        async def run() -> TurnResult:
            async with AsyncAnthropic(**self._options()) as client:
                return await turn(client, session_id or self.session_id, *args, **options)

        return asyncio.run(run())

    def history(self) -> list[Any]:
        return list(healthy(self.server).beta.sessions.events.list(self.session_id))


def healthy(server: ReplayServer) -> Anthropic:
    """A client that the server's faults leave alone."""
    return Anthropic(api_key="x", base_url=server.base_url, default_headers={FAULTS_HEADER: ""})


@contextmanager
def served(
    *scripts: Script,
    faults: Faults | None = None,
    speed: float = 0.0,
    posts: Posts | None = None,
    strict: bool = True,
) -> Iterator[Served]:
    """Serve these recordings and create a session on them."""
    library = Library([script.recording() for script in scripts])
    with ReplayServer(library, strict=strict, speed=speed, faults=faults or Faults()) as server:
        with healthy(server) as client:
            agent = client.beta.agents.create(name=scripts[0].agent, model="claude-sonnet-4-6")
            environment = client.beta.environments.create(name="test")
            session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        yield Served(server, session.id, posts or Posts())


@contextmanager
def playing(script: Script, **options: Any) -> Iterator[tuple[ManagedAgentsApi, str]]:
    """Serve this recording as a test of one's own does, and create a session on it."""
    with ManagedAgentsApi(script.recording(), **options) as api:
        yield api, new_session(api.client)
