"""A server that looks like the hosted service from outside, for what has to hold live as well.

It plays the course's recordings, but says nowhere that it replays. What a lesson can't rely on is otherwise:
the words of the agent, all ids and times; the status is settled at once, a turn's outputs are listed late,
and an idle event names all calls that wait.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

from starlette.types import Message, Receive, Scope, Send

from tests.kit.places import RECORDINGS
from utilities.replay import Faults, Library, Recording, ReplayServer
from utilities.replay.server.listening import Streaming

__all__ = ["LooksHosted"]

OTHERWISE = Faults("settle=0 outputs=0.3 window=100")


class LooksHosted(ReplayServer):
    """The server; use it in a `with` block.

    Args:
        speed: recorded seconds that pass in one second; 0 plays everything at once.
    """

    about: ClassVar[Sequence[tuple[str, str]]] = ()

    def __init__(self, *, speed: float = 0.0) -> None:
        super().__init__(
            _in_other_words(Library.load(RECORDINGS)), faults=OTHERWISE, seed="hosted", speed=speed
        )

    def _application(self) -> Streaming:  # type: ignore[override]
        return _Unmarked(super()._application())

    @property
    def environment(self) -> dict[str, str]:
        """What makes `connect()` go there, as to a live service."""
        key = {"ANTHROPIC_API_KEY": "sk-ant-nobodys", "ANTHROPIC_BASE_URL": self.base_url}
        return key | {"COOKBOOK_OFFLINE": "", "COOKBOOK_STRICT": ""}


class _Unmarked:
    """An application whose answers don't say who replays what."""

    def __init__(self, app: Streaming) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if not pair[0].startswith(b"x-replay")]
                message = {**message, "headers": kept}
            await send(message)

        await self._app(scope, receive, sent)

    def end_streams(self) -> None:
        self._app.end_streams()


def _in_other_words(library: Library) -> Library:
    """The recordings, with other words in what the agent says."""
    return Library(map(_reworded, library.recordings), library.exchanges)


def _reworded(recording: Recording) -> Recording:
    events = copy.deepcopy(list(recording.events))
    for event in events:
        if event["type"] == "agent.message":
            for block in event["content"]:
                block["text"] = _otherwise(block)
    return Recording(recording.path, recording.header, events)


def _otherwise(block: dict[str, Any]) -> str:
    return f"Certainly. {block['text'].replace(' the ', ' that ')}"
