"""A room with two learners, on a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anthropic import Anthropic

from tests.kit.scripts import going
from utilities.replay import Library
from utilities.room.room_server import RoomServer

KEY, TEACHERS_KEY = "ROOM-KEY", "TEACHERS-KEY"


@pytest.fixture
def room() -> Iterator[RoomServer]:
    with RoomServer(
        Library([going().recording()]), key=KEY, teachers_key=TEACHERS_KEY, strict=True, seed="room"
    ) as server:
        yield server


@pytest.fixture
def learner(room: RoomServer) -> Iterator[Callable[..., Anthropic]]:
    """Makes the client that somebody has who sets the two variables, with this name."""
    clients: list[Any] = []

    def learner(name: str, **options: Any) -> Anthropic:
        given = {"api_key": f"{KEY}:{name}", "base_url": room.base_url, "max_retries": 0, **options}
        clients.append(Anthropic(**given))
        return clients[-1]

    yield learner
    for client in clients:
        client.close()
