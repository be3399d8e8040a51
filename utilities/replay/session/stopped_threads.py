"""Threads that an interrupt has stopped while the others go on, and the recording with them.

What the recording has of a stopped thread in this turn is left out. [ours]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..assumptions import Assumptions
from ..recordings.recording import OPENINGS, Event, answered_call, is_client_event
from . import made_up
from .calls import Calls
from .playhead import Playhead


@dataclass
class StoppedThreads:
    """The threads of one session that were stopped in this turn, or archived.

    Args:
        primary: the id of the session's primary thread.
    """

    primary: str
    ids: set[str] = field(default_factory=set)

    def stop(self, sent: Event, log: Sequence[Event], calls: Calls, assume: Assumptions) -> list[Event]:
        """Stop what one thread does; the others go on, and the recording with them. [doc]

        Its calls that wait are closed, and what the recording has of it in this turn is left out. [ours]

        Args:
            sent: the interrupt, which names the thread.
            log: the session's.
            calls: the session's; those that are closed count as answered.
            assume: what is assumed of the hosted API.

        Returns:
            What the session says.
        """
        thread = sent["session_thread_id"]
        if not any(names["session_thread_id"] == thread for names in made_up.at_work(log)):
            return [sent]  # nothing to stop
        closing = closed(self.close(thread, log, calls), log, assume)
        return made_up.thread_interruption(log, sent, closing, self.primary)

    def close(self, thread: str, log: Sequence[Event], calls: Calls) -> list[str]:
        """Nobody waits for this thread any more; returns its calls that waited for the client."""
        whose = {event["id"]: event.get("session_thread_id") or self.primary for event in log}
        waiting = [call for call in calls.waiting() if whose.get(call) == thread]
        calls.answered.update(waiting)
        self.ids.add(thread)
        return waiting

    def leaves_out(self, recorded: Event, head: Playhead, calls: Calls) -> bool:
        """Whether `recorded`, which comes next, is of a stopped thread, or only says something of one.

        Args:
            recorded: the event at `head`.
            head: where the session is.
            calls: the session's.
        """
        if not self.ids:
            return False
        if recorded["type"] in OPENINGS:
            self.ids.clear()
        call = answered_call(recorded)
        if call is not None and is_client_event(recorded):
            return head.own is None and self._has(head.recorded(call), head)
        awaited = (recorded.get("stop_reason") or {}).get("event_ids")
        if awaited and recorded["type"] == "session.status_idle":
            return not any(head.names.ours.get(id) in calls.places for id in awaited)
        return not is_client_event(recorded) and self._has(recorded, head)

    def _has(self, recorded: Event, head: Playhead) -> bool:
        thread, stopped = recorded.get("session_thread_id"), self.primary in self.ids
        if thread is None:
            return stopped and recorded["type"].startswith(("agent.", "span."))
        ours = head.names.ours.get(thread, "")
        if stopped and recorded["type"] == "session.thread_created":
            self.ids.add(ours)  # nobody is there any more who would make it
        return ours in self.ids

    def checked(self, event: Event, calls: Calls) -> Event:
        """An idle event, less the calls that it names of a thread that was stopped before it made them."""
        stop = event.get("stop_reason") or {}
        if not self.ids or "event_ids" not in stop or event["type"] != "session.status_idle":
            return event
        asked = [call for call in stop["event_ids"] if call in calls.places]
        return {**event, "stop_reason": {**stop, "event_ids": asked}}


def closed(calls: Sequence[str], log: Sequence[Event], assume: Assumptions) -> list[Event]:
    """Those of the calls that waited which an interrupt closes."""
    waited = [event for event in log if event["id"] in calls]
    childs = [call for call in waited if call.get("session_thread_id")]
    return waited if childs != waited and assume.of("interrupt-closes-calls") == "yes" else childs


def only_at_work(log: Sequence[Event], primary: str) -> str | None:
    """The primary thread, if no other is at work."""
    others = [names for names in made_up.at_work(log) if names["session_thread_id"] != primary]
    return None if others else primary
