"""Counting what a brain is asked to do and what is sent, for 05b."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic

from utilities import open_brain
from utilities.replay.testing import ManagedAgentsApi


class CountedBrain:
    """A brain that counts how often it is asked to retain.

    Args:
        path: its SQLite file.

    Attributes:
        retains: how often.
    """

    def __init__(self, path: Path) -> None:
        self.brain, self.retains = open_brain(path), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.brain, name)

    async def retain(self, *args: Any, **options: Any) -> Any:
        """The brain's own `retain`, counted."""
        self.retains += 1
        return await self.brain.retain(*args, **options)


def statuses_sent(api: ManagedAgentsApi) -> list[int]:
    """The HTTP statuses with which the server has answered each sending of events."""
    return [e.status for e in api.exchanges if e.method == "POST" and e.path.endswith("/events")]


def looking(api: ManagedAgentsApi) -> anthropic.Anthropic:
    """A client of this server that has the sessions looked at after each sending.

    So a session has said what it still waits for before the next request comes. Otherwise it would depend on
    the machine's load how often a program is told of calls that it has answered.
    """
    return api.client.with_options(middleware=[_Looking(api)])


class _Looking(anthropic.Middleware):
    def __init__(self, api: ManagedAgentsApi) -> None:
        self.api = api

    def handle(self, request: Any, call_next: Callable[[Any], Any]) -> Any:
        response = call_next(request)
        if request.method.upper() == "POST":
            for session in self.api.sessions:
                self.api.client.beta.sessions.events.list(session.id)
        return response
