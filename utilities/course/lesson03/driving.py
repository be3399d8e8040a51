"""Half a turn at a time: what lesson 03 looks at is a session that stops and waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anthropic import Anthropic

from utilities import user_message

from ..new_sessions import sessions_with

__all__ = ["ENDS", "by_hand", "send_and_wait", "sessions_with"]

ENDS = ("session.status_idle", "session.status_terminated", "session.deleted")


def send_and_wait(client: Anthropic, session_id: str, *events: Any) -> list[Any]:
    """Send these events, and watch until the session is idle again.

    Args:
        client: the SDK's client.
        session_id: the session.
        events: what to send, in one request.

    Returns:
        Everything that happened since; the last one says that the session is idle, or at its end.

    Raises:
        anthropic.BadRequestError: the service refuses them; a call has its answer already, for example.
        RuntimeError: the stream ended before the session was idle.
    """
    seen = []
    with client.beta.sessions.events.stream(session_id) as stream:
        client.beta.sessions.events.send(session_id, events=list(events))
        for event in stream:
            seen.append(event)
            if event.type in ENDS:
                return seen
    raise RuntimeError(f"the stream of {session_id} ended before the session was idle")


def by_hand(client: Anthropic, session_id: str, message: str, answer: Callable[[Any], Any]) -> list[Any]:
    """The loop of lesson 03: one turn, its calls answered at each idle event, in one request.

    Args:
        client: the SDK's client.
        session_id: the session.
        message: what begins the turn.
        answer: makes the event that answers a call.

    Returns:
        The events that the stream had.
    """
    seen: list[Any] = []
    calls: dict[str, Any] = {}  # by id: what the agent has called
    answered: set[str] = set()  # ids that have our answer
    with client.beta.sessions.events.stream(session_id) as stream:  # first open,
        client.beta.sessions.events.send(session_id, events=[user_message(message)])  # then send
        for event in stream:
            seen.append(event)
            reason = getattr(event, "stop_reason", None)  # only an idle event has one
            if event.type == "agent.custom_tool_use":
                calls[event.id] = event
            elif event.type in ENDS:
                asked = getattr(reason, "event_ids", None) or []  # calls that wait for us
                if not asked:
                    break  # it waits for nothing: over
                if not calls.keys() >= set(asked):
                    break  # it waits for what nobody here can answer
                results = [answer(calls[key]) for key in asked if key not in answered]
                if results:
                    client.beta.sessions.events.send(session_id, events=results)
                answered.update(asked)
    return seen
