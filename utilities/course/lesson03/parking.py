"""Sessions for the checks of lesson 03, on servers of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utilities.replay import Recording
from utilities.replay.testing import ManagedAgentsApi

__all__ = ["PATIENCE", "message", "session_on"]

PATIENCE = 5.0  # seconds for a call that should take 0.3


@contextmanager
def session_on(*recordings: Path, **options: Any) -> Iterator[tuple[ManagedAgentsApi, str]]:
    """A server on these recordings, and a new session on it."""
    with ManagedAgentsApi(recordings, **options) as api:
        yield api, api.create_session(*(recording.stem for recording in recordings))


def message(recording: Path) -> list[dict[str, Any]]:
    """The content of the message that the recording begins with."""
    events = Recording.load(recording).events
    return json.loads(json.dumps(next(e["content"] for e in events if e["type"] == "user.message")))  # type: ignore[no-any-return]
