"""Requests and streams that are broken on purpose: the `faults` that an adapter commits.

The session knows nothing of them, but for the message that a lost response makes arrive twice.
"""

from __future__ import annotations

import re

from ..faults import Fault, Faults, Hits
from ..http.errors import ApiError
from ..recordings.recording import Event
from ..session.previews import is_preview


class BrokenRequests:
    """Which requests and streams of a server are broken, and how often they have been."""

    def __init__(self) -> None:
        self._hits = Hits()

    def refusal(self, faults: Faults, method: str, path: str) -> Fault | None:
        """The fault that keeps this request from having any effect."""
        return self._due(faults, method, path, "status", "hang")

    def is_lost(self, faults: Faults, method: str, path: str) -> bool:
        """Whether the response to this request, which had its effect, doesn't arrive."""
        return method == "POST" and self._due(faults, method, path, "lose") is not None

    def _due(self, faults: Faults, method: str, path: str, *names: str) -> Fault | None:
        here = [fault for fault in faults.of(*names) if fault.hits(method, path)]
        session = re.search(r"/sessions/([^/]+)", path)
        place = session.group(1) if session else ""
        due = next((fault for fault in here if self._hits.take(faults, fault, place)), None)
        if due:
            faults.happened.add(due)
        return due

    def stream(self, faults: Faults, session_id: str) -> Cut:
        """How a stream that opens now will fail."""
        broken = faults.of("drop", "end", "silent")
        fault = next((fault for fault in broken if self._hits.take(faults, fault, session_id)), None)
        return Cut(faults, fault)


class Cut:
    """What one stream carries, and after how many events it fails."""

    def __init__(self, faults: Faults, fault: Fault | None) -> None:
        self._repeat, self._queued = faults.first("repeat"), faults.first("queued")
        self._faults, self._fault = faults, fault
        self._left = fault.value if fault else None
        self.how = fault.name if fault else None  # "drop", "end" or "silent"

    def carry(self, events: list[Event]) -> tuple[list[Event], bool]:
        """What the stream carries of these events of the log, and whether it fails then."""
        carried = [copy for event in events for copy in self._copies(event)]
        if self._fault is None or self._left is None:
            return carried, False
        if len(carried) >= self._left:
            self._faults.happened.add(self._fault)
            return carried[: self._left], True
        self._left -= len(carried)
        return carried, False

    def _copies(self, event: Event) -> list[Event]:
        # A preview has no id to know a copy by; the same piece twice would be another text.
        copies = [event, event] if self._repeat and not is_preview(event) else [event]
        if self._queued and event["type"].startswith("user."):
            return [{**event, "processed_at": None}, *copies]
        return copies


def turned_away(fault: Fault) -> ApiError:
    """The error that a `status` fault answers with."""
    return ApiError(fault.value, f"this request was turned away on purpose, by the fault {fault.name}")
