"""A recording, played by the unmodified client, which sends what the recorded one had sent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from utilities.replay import Recording
from utilities.replay.recordings.recording import is_client_event
from utilities.replay.testing import ManagedAgentsApi

AFTER = {"user.define_outcome": ("outcome_id",)}  # what the service adds to an event


@dataclass
class Replayed:
    """What the client saw in the end: the session's events, its threads, and each thread's events."""

    events: list[Any]
    threads: list[Any]
    logs: list[list[Any]]
    session: Any

    def of(self, type: str) -> list[Any]:
        """The session's events of a type."""
        return [event for event in self.events if event.type == type]


def replayed(recording: Recording) -> Replayed:
    """Play a recording to its end; its events come in their order, and none is left."""
    with ManagedAgentsApi(recording) as api:
        sessions, session_id = api.client.beta.sessions, api.create_session(recording.name)
        for together, group in groupby(recording.events, is_client_event):
            if not together:
                continue
            now = sessions.events.list(session_id)
            ids = {old["id"]: new.id for old, new in zip(recording.events, now, strict=False)}
            wanted: Any = [as_sent(event, ids) for event in group]
            sessions.events.send(session_id, events=wanted)
        events: list[Any] = list(sessions.events.list(session_id))
        threads: list[Any] = list(sessions.threads.list(session_id))
        logs: list[list[Any]] = [
            list(sessions.threads.events.list(thread.id, session_id=session_id)) for thread in threads
        ]
        session = sessions.retrieve(session_id)
        api.assert_finished()
    assert [event.type for event in events] == [event["type"] for event in recording.events]
    return Replayed(events, threads, logs, session)


def as_sent(event: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """A client's event as it was sent: with this session's ids, and without what the service adds."""
    left_out = ("id", "processed_at", "session_thread_id", *AFTER.get(event["type"], ()))
    return {key: ids.get(str(value), value) for key, value in event.items() if key not in left_out}
