"""A thread's own steps, in recordings that have them: what its list shows besides what was cross-posted.

A recording's header may have `threads`: for each thread's id its log, as the thread's own events were listed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..ids import later, make_id, parse_time, seconds_between
from ..recordings.recording import Event
from .names import thread_id

if TYPE_CHECKING:
    from .session import Session


def own_steps(play: Session, id: str) -> list[Event]:
    """The events of a thread that the session's log doesn't have, as far as the session has been played.

    Args:
        play: the session.
        id: the thread's id in it.
    """
    if play.head.leader is None:
        return []
    recording = play.head.leader.recording
    ids = {thread_id(play.id, number): theirs for theirs, number in recording.threads.items()}
    log: list[Event] = recording.header.get("threads", {}).get(ids.get(id), [])
    if not log:
        return []
    posted = {event["id"] for event in recording.events}
    own = [event for event in log if event["id"] not in posted]
    names = {**play.head.names.ours, **{event["id"]: make_id("sevt", play.id, event["id"]) for event in own}}
    times = [parse_time(event["processed_at"]) for event in recording.events]
    played = {event["id"]: event["processed_at"] for event in play.log}
    steps = []
    for event in own:
        index = bisect_right(times, parse_time(event["processed_at"])) - 1
        before = recording.events[max(index, 0)]
        moment = played.get(names.get(before["id"], ""))
        if index + 1 < play.head.position and moment is not None:  # the session's next event has come, too
            passed = seconds_between(before["processed_at"], event["processed_at"])
            steps.append({**_renamed(event, names), "processed_at": later(moment, passed)})
    return steps


def requests_of_children(play: Session) -> list[Event]:
    """The ends of the model requests that children have made since the session's last `session.usage`."""
    last = next((e["processed_at"] for e in reversed(play.log) if e["type"] == "session.usage"), "")
    children = [e["session_thread_id"] for e in play.log if e["type"] == "session.thread_created"]
    return [
        step
        for child in children
        for step in requests(own_steps(play, child))
        if not last or parse_time(step["processed_at"]) > parse_time(last)
    ]


def requests(events: Iterable[Event]) -> list[Event]:
    """The ends of model requests among these events: they say what was used."""
    return [event for event in events if event["type"] == "span.model_request_end"]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return value
