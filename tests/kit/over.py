"""When a polling loop can stop: a right answer to lesson 05, with something left out on request."""

from __future__ import annotations

from typing import Any

ENDS = {type: type for type in ("session.status_terminated", "session.deleted")}


def over(
    events: list[Any],
    reasons: tuple[str, ...] | None = None,
    idle: str = "session.status_idle",
    restarts: tuple[str, ...] = ("session.status_running", "session.status_rescheduled"),
    ours: bool = True,
    ends: Any = ENDS,
) -> str | None:
    """Forwards, unlike the solution."""
    answer: str | None = None
    for event in events:
        if event.type.endswith(idle):
            reason = event.stop_reason.type
            answer = reason if reasons is None or reason in reasons else None
        elif event.type in ends:
            answer = ends[event.type]
        elif event.type in restarts or (ours and event.type.startswith("user.")):
            answer = None
    return answer
