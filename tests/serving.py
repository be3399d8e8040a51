"""A session on short recordings, with real clients on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import httpx2
from anthropic import Anthropic, AsyncAnthropic, Middleware

from utilities import TurnResult, stream_until_end_turn, stream_until_end_turn_async
from utilities.replay import Faults, Library, ReplayServer

from .recordings import Script

KINDS = ("sync", "async")


class Posts(Middleware):
    """Remembers what the client posted; `lose` responses of event posts get lost after they took effect."""

    def __init__(self, lose: int = 0) -> None:
        self.paths: list[str] = []
        self.lose = lose

    def handle(self, request: Any, call_next: Any) -> Any:
        response = call_next(request)
        self._note(request)
        return response

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        self._note(request)
        return response

    def _note(self, request: Any) -> None:
        if request.method.upper() != "POST":
            return
        path = str(request.url).split("?")[0]
        self.paths.append(path)
        if self.lose and path.endswith("/events") and len(self.events_posts) > 1:
            self.lose -= 1
            raise anthropic.APIConnectionError(request=httpx2.Request("POST", path))

    @property
    def events_posts(self) -> list[str]:
        return [path for path in self.paths if path.endswith("/events")]


@dataclass
class Served:
    """One session of one server, followed with the sync or the async helper."""

    server: ReplayServer
    session_id: str
    posts: Posts = field(default_factory=Posts)

    def client(self) -> Anthropic:
        return Anthropic(api_key="x", base_url=self.server.base_url, middleware=[self.posts])

    def follow(self, kind: str, *args: Any, session_id: str | None = None, **options: Any) -> TurnResult:
        """A turn with the helper of this kind; the session is this one's unless another is given."""
        options = {"timeout": 20.0, **options}
        if kind == "sync":
            return stream_until_end_turn(self.client(), session_id or self.session_id, *args, **options)

        async def run() -> TurnResult:
            async with AsyncAnthropic(
                api_key="x", base_url=self.server.base_url, middleware=[self.posts]
            ) as client:
                return await stream_until_end_turn_async(
                    client, session_id or self.session_id, *args, **options
                )

        return asyncio.run(run())

    def history(self) -> list[Any]:
        return list(self.client().beta.sessions.events.list(self.session_id))


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
        with Anthropic(api_key="x", base_url=server.base_url) as client:
            agent = client.beta.agents.create(name=scripts[0].agent, model="claude-sonnet-4-6")
            environment = client.beta.environments.create(name="test")
            session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        yield Served(server, session.id, posts or Posts())
