"""What most people try first when a stream is cut: they open it again."""

from __future__ import annotations

from typing import Any

import httpx2
from anthropic import Anthropic

from utilities import user_message

__all__ = ["reopening_loop"]

PATIENCE = 0.5  # seconds without a byte after which it gives up; the SDK would wait for ten minutes


def reopening_loop(client: Anthropic, session_id: str, message: str) -> list[Any]:
    """Send a message and read the stream; open it again when it is cut, and do nothing else about it.

    Args:
        client: the SDK's client.
        session_id: the session.
        message: what begins the turn.

    Returns:
        The events that it saw until the session was idle, or until no byte came for `PATIENCE` seconds.
    """
    events, seen, sent = client.beta.sessions.events, [], False
    while True:
        try:
            with events.stream(session_id, timeout=PATIENCE) as stream:
                if not sent:
                    events.send(session_id, events=[user_message(message)])
                    sent = True
                for event in stream:
                    seen.append(event)
                    if event.type == "session.status_idle":
                        return seen
        except httpx2.RemoteProtocolError:
            print("the stream was cut; opening it again")
        except httpx2.ReadTimeout:
            print("no word any more; giving up")
            return seen
