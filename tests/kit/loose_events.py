"""Events as far as the reducer looks at them, from no server and no recording."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def event(type: str, id: str | None = None, **fields: Any) -> Any:
    """An event; the id is the type unless given."""
    return SimpleNamespace(**{"type": type, "id": id or type, "processed_at": "now", **fields})


def idle(reason: str = "end_turn", id: str = "idle", ids: Any = None) -> Any:
    return event("session.status_idle", id, stop_reason=SimpleNamespace(type=reason, event_ids=ids))


def queued(type: str = "user.message", id: str = "mine", **fields: Any) -> Any:
    """A client event that was accepted, but not processed yet."""
    return event(type, id, **{**fields, "processed_at": None})


def error(retry: str, id: str = "error") -> Any:
    inner = SimpleNamespace(
        type="model_overloaded_error", message="busy", retry_status=SimpleNamespace(type=retry)
    )
    return event("session.error", id, error=inner)


def custom(id: str, thread: str | None = None, **fields: Any) -> Any:
    """A call of a tool of one's own; `thread` if another agent's thread makes it."""
    return event(
        "agent.custom_tool_use", id, **{"name": "work", "input": {}, "session_thread_id": thread, **fields}
    )


def of_thread(status: str, thread: str, id: str | None = None, ids: Any = None) -> Any:
    """`session.thread_status_…`; with `ids` it waits for these calls."""
    stop = SimpleNamespace(type="requires_action" if ids else "end_turn", event_ids=ids)
    name = f"session.thread_status_{status}"
    return event(name, id or f"{name} {thread}", session_thread_id=thread, stop_reason=stop)


def of_run(what: str, run: str = "run") -> Any:
    """`workflow_run.…`."""
    return event(f"workflow_run.{what}", f"{what} {run}", workflow_run_id=run)


def kinds(actions: list[Any]) -> list[str]:
    return [type(action).__name__ for action in actions]


RUNNING = event("session.status_running", "running")
MINE = event("user.message", "mine", content=[])
