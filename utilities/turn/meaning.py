"""What a single event means for its turn."""

from __future__ import annotations

from .result import Event, inner

__all__ = ["awaited", "goes_on", "is_end", "is_queued", "stop_reason", "thread_of"]


def is_queued(event: Event) -> bool:
    """Whether a client event was accepted but not processed yet."""
    return str(event.type).startswith(("user.", "system.")) and getattr(event, "processed_at", None) is None


def goes_on(event: Event) -> bool:
    """Whether a turn was not over where this event stands, or another one begins there."""
    return event.type == "session.status_running" or is_queued(event)


def is_end(event: Event) -> bool:
    """Whether it is a `session.status_idle` with any stop reason but `requires_action`."""
    return event.type == "session.status_idle" and stop_reason(event) != "requires_action"


def stop_reason(event: Event) -> str:
    """An idle event's stop reason; `unknown` if it has none."""
    reason = inner(event, "stop_reason", "type")
    return reason if isinstance(reason, str) and reason else "unknown"


def awaited(event: Event) -> list[str]:
    """The ids of the calls that an idle event names, each once, without what is no id."""
    ids = inner(event, "stop_reason", "event_ids")
    return list(dict.fromkeys(id for id in ids if isinstance(id, str))) if isinstance(ids, list) else []


def thread_of(event: Event | None) -> str | None:
    """The id of the thread that an event is about; for a call, None if it is the agent's own."""
    id = getattr(event, "session_thread_id", None)
    return id if isinstance(id, str) and id else None
