"""Sessions to be polled, what a poll moves over the wire, and a history that grows with every look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from anthropic import Anthropic, DefaultHttpxClient

from tests.kit.recordings import Script
from tests.kit.serving import Served, healthy
from utilities.replay.http.paging import page_of


@dataclass
class Wire:
    """What a client asked for and got: path and query of each request, events and bytes of each answer."""

    asked: list[tuple[str, dict[str, str], int, int]] = field(default_factory=list)

    def note(self, response: httpx2.Response) -> None:
        body = response.read()
        events = len(json.loads(body).get("data", [])) if response.request.method == "GET" else 0
        url = response.request.url
        self.asked.append((f"{response.request.method} {url.path}", dict(url.params), events, len(body)))

    def client(self, session: Served) -> Anthropic:
        hooks: dict[str, Any] = {"response": [self.note]}
        http = DefaultHttpxClient(event_hooks=hooks)
        return Anthropic(api_key="x", base_url=session.server.base_url, http_client=http)

    @property
    def polls(self) -> list[tuple[int, int]]:
        """Events and bytes of each read of what is new."""
        return [(events, size) for _, query, events, size in self.asked if "created_at[gte]" in query]

    @property
    def events(self) -> int:
        return sum(events for _, _, events, _ in self.asked)


@contextmanager
def bit_by_bit(
    session: Served,
    step: int = 1,
    view: Callable[[list[Any], int], list[Any]] | None = None,
    timeless: bool = False,
) -> Iterator[None]:
    """The history has `step` more events at each request for it, so that no test depends on the time.

    Args:
        session: whose server this is done to.
        step: how many events.
        view: makes the rows of a list from the session's events and how many of them have happened.
        timeless: whether an event without `processed_at` is in every time range, instead of in none.
    """
    sessions = session.server.api.sessions
    whole, happened = sessions.list_events, len(sessions.plays[session.session_id].log)

    def list_events(id: str, query: Any, now: float, *_: Any) -> dict[str, Any]:
        nonlocal happened
        log = sessions.play(id, now, look=True).log
        if query.text("page") is None:
            happened = min(happened + step, len(log))
        rows = view(log, happened) if view else log[:happened]
        if within := query.within("created_at"):
            times = ((event, event["processed_at"]) for event in rows)
            rows = [event for event, time in times if (within(time) if time else timeless)]
        return page_of(rows, query, default=100, most=1000, order=query.order("asc"))

    sessions.list_events = list_events  # type: ignore[method-assign]
    try:
        yield
    finally:
        sessions.list_events = whole  # type: ignore[method-assign]


def two_turns(first: int = 10, second: int = 10) -> Script:
    """In each turn so many messages of the agent, a second apart, and six events around them."""
    script = Script()
    for number, count in enumerate((first, second)):
        script.message(f"go {number}")
        for _ in range(count):
            script.say("working on it")
        script.idle()
    return script


def send(session: Served, text: str) -> None:
    """Send a message without following its turn, which is over then."""
    message: Any = {"type": "user.message", "content": [{"type": "text", "text": text}]}
    events = healthy(session.server).beta.sessions.events
    events.send(session.session_id, events=[message])
    events.list(session.session_id, limit=1)
