"""A session on short recordings, with real clients on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, Middleware

from tests.kit.calling import new_session
from tests.kit.names import fresh
from tests.kit.odd_answers import AsyncOddTransport, Odd, OddTransport
from tests.kit.recordings import Script
from utilities import (
    TurnResult,
    outputs_of,
    outputs_of_async,
    poll_until_end_turn,
    poll_until_end_turn_async,
    stream_until_end_turn,
    stream_until_end_turn_async,
    wait_for_idle_status,
    wait_for_idle_status_async,
)
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.testing import ManagedAgentsApi

HELPERS: dict[str, Any] = {
    "sync": stream_until_end_turn,
    "async": stream_until_end_turn_async,
    "poll-sync": poll_until_end_turn,
    "poll-async": poll_until_end_turn_async,
}
KINDS = ("sync", "async")  # of the helpers that follow the stream
POLLING = ("poll-sync", "poll-async")


def each(kinds: Iterable[str]) -> list[Any]:
    """Parameters of a test that holds for all these kinds: `make check` takes the first, `make test` each."""
    first, *others = kinds
    return [first, *(pytest.param(kind, marks=pytest.mark.slow) for kind in others)]


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
    """One session of one server, followed with one of the helpers.

    Attributes:
        posts: what its clients post goes through it.
        retries: their `max_retries`.
        headers: their headers, for faults that only they have.
        odd: puts other answers in the place of the server's.
    """

    server: ReplayServer
    session_id: str
    posts: Posts = field(default_factory=Posts)
    retries: int = 2
    headers: dict[str, str] = field(default_factory=dict)
    odd: Odd | None = None

    def client(self) -> Anthropic:
        return Anthropic(
            **self._options(), http_client=self.odd and httpx2.Client(transport=OddTransport(self.odd))
        )

    def async_client(self) -> AsyncAnthropic:
        http = self.odd and httpx2.AsyncClient(transport=AsyncOddTransport(self.odd))
        return AsyncAnthropic(**self._options(), http_client=http)

    def _options(self) -> dict[str, Any]:
        return {
            "api_key": "x",
            "base_url": self.server.base_url,
            "middleware": [self.posts],
            "max_retries": self.retries,
            "default_headers": self.headers,
        }

    def follow(self, kind: str, *args: Any, session_id: str | None = None, **options: Any) -> TurnResult:
        """A turn with the helper of this kind; the session is this one's unless another is given."""
        options = {"timeout": 20.0, **({"interval": 0.01} if kind in POLLING else {}), **options}
        turn, id = HELPERS[kind], session_id or self.session_id
        if not is_async(kind):
            result: TurnResult = turn(self.client(), id, *args, **options)
            return result

        async def run() -> TurnResult:
            async with self.async_client() as client:
                followed: TurnResult = await turn(client, id, *args, **options)
                return followed

        return asyncio.run(run())

    def follow_showing_all(self, kind: str, *args: Any, **options: Any) -> TurnResult:
        """A turn, after which what was shown is the whole history, each event once."""
        shown: list[Any] = []
        result = self.follow(kind, *args, on_event=shown.append, **options)
        assert [event.id for event in shown] == [event.id for event in self.history()]
        return result

    def settled(self, kind: str, **options: Any) -> Any:
        """The session once it is idle, waited for with the helper of this kind."""
        options = {"interval": 0.01, **options}
        if not is_async(kind):
            return wait_for_idle_status(self.client(), self.session_id, **options)

        async def run() -> Any:
            async with self.async_client() as client:
                return await wait_for_idle_status_async(client, self.session_id, **options)

        return asyncio.run(run())

    def outputs(self, kind: str, **options: Any) -> Any:
        """The session's outputs, looked for with the helper of this kind."""
        options = {"interval": 0.01, **options}
        if not is_async(kind):
            return outputs_of(self.client(), self.session_id, **options)

        async def run() -> Any:
            async with self.async_client() as client:
                return await outputs_of_async(client, self.session_id, **options)

        return asyncio.run(run())

    def only_the_status_knows(self, type: str) -> Callable[[Any], None]:
        """An on_event that ends the session behind the helper's back when it sees an event of this type."""

        def end(event: Any) -> None:
            if event.type == type:
                self.server.api.sessions.plays[self.session_id].look = lambda: "terminated"  # type: ignore[method-assign]

        return end

    def delete(self) -> None:
        """Delete the session at once, as only the service can while it is running."""
        sessions = self.server.api.sessions
        del sessions.items[self.session_id]
        sessions.plays.pop(self.session_id).closed = True

    def history(self) -> list[Any]:
        return list(healthy(self.server).beta.sessions.events.list(self.session_id))


def is_async(kind: str) -> bool:
    """Whether the helper of this kind is for the async client."""
    return kind.endswith("async")


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
            environment = client.beta.environments.create(name=fresh())
            session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        yield Served(server, session.id, posts or Posts())


@contextmanager
def playing(script: Script, **options: Any) -> Iterator[tuple[ManagedAgentsApi, str]]:
    """Serve this recording as a test of one's own does, and create a session on it."""
    with ManagedAgentsApi(script.recording(), **options) as api:
        yield api, new_session(api.client)
