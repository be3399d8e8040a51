"""The workflow runs of a session, as its events tell of them."""

from __future__ import annotations

from .result import Event

__all__ = ["Runs", "run_of"]


class Runs:
    """The workflow runs that are open, and whether one of them is running."""

    def __init__(self) -> None:
        self._running: dict[str, bool] = {}  # by id

    def take(self, event: Event) -> None:
        """Take an event into account, in order."""
        id = run_of(event)
        if id is None:
            return
        if event.type == "workflow_run.status_ended":
            self._running.pop(id, None)
        elif event.type in ("workflow_run.phase_ended", "workflow_run.error"):
            self._running.setdefault(id, True)
        else:
            self._running[id] = event.type != "workflow_run.status_idle"

    @property
    def open(self) -> list[str]:
        return list(self._running)

    @property
    def running(self) -> bool:
        return any(self._running.values())


def run_of(event: Event) -> str | None:
    """The id of the workflow run that an event is about, None if it is about none."""
    id = getattr(event, "workflow_run_id", None) if event.type.startswith("workflow_run.") else None
    return id if isinstance(id, str) else None
