"""What a turn is: the protocol of session events, without any I/O.

Feed `Turn` a session's events, from wherever they come, in order and as often as they come; it says what to
do: show an event, answer tool calls, stop. The rules, of the API's documentation and the SDK's docstrings:

1. A turn ends with a `session.status_idle` whose `stop_reason` is anything but `requires_action`. One that
   nobody has heard of still means that the agent has stopped.
2. `requires_action` names calls that wait for an answer. Each is asked for until it is answered, whoever
   answers it, or until its thread has ended. It may name only some of those that came together (five, says
   official material). The other custom calls of the session's own thread are asked for with them: the SDK
   says that the answer to one may be sent as soon as it was seen. One that names no call ends the turn:
   nobody can answer what isn't asked.
3. `session.status_running` says that the agent goes on: nothing waits any more.
4. `session.status_terminated` and `session.deleted` end the turn at any time: nothing comes after them.
5. An event can arrive more than once. It counts the first time, by its id.
6. A client event without `processed_at` is queued: accepted, but no news. It comes again, processed.
7. While a client event is queued, an idle belongs to the turn before ours, and so does all before it. So does
   an idle that is older than the last of ours to be processed: it was listed late. But if the session is idle
   and silent, and nothing of ours is queued, it was the end, and the service's clock had gone back.
8. A `session.error` ends nothing by itself. `retrying`: the service tries again. `exhausted`: it has dropped
   what was queued, so rule 7 no longer holds. `terminal`: the session is about to end.
9. `session.thread_status_idle` is about one thread; another may go on, and the session with it. So a call
   of another agent's thread is asked for when it arrives, and calls that a thread's `requires_action` names
   while another one runs. The session is idle only when all threads are, which may be long after.
10. `event_start` and `event_delta` are previews, of the stream only: they are shown and not kept.
11. In a history, a turn begins after the last end of a turn that something followed: a
    `session.status_running` or a queued client event. (`history.py`)
12. A workflow run is background work: the documentation doesn't say whether the session can be idle
    meanwhile. So an `end_turn` while a run is running is not the end of the work, unless the caller says so:
    that is the next one after the run has ended. Runs that are idle themselves hold up nothing. A run that
    an earlier turn started is known when it says something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .meaning import awaited, is_queued, stop_reason, thread_of
from .result import CALLS, Event, TurnResult, answered_call, inner, time_of
from .workflow_runs import Runs

__all__ = ["Answer", "Finish", "Show", "Turn"]

PREVIEWS = ("event_start", "event_delta")  # stream only, never stored


# -- what to do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Show:
    """Tell the user about this event: it is new."""

    event: Event


@dataclass(frozen=True)
class Answer:
    """The session waits for the answers to these calls.

    Attributes:
        calls: the call events that wait.
        unknown: ids that wait, but whose call was never seen.
        parked: the whole session waits; else only a thread does, and what nobody here answers may wait.
    """

    calls: list[Event]
    unknown: list[str] = field(default_factory=list)
    parked: bool = True


@dataclass(frozen=True)
class Finish:
    """The turn is over."""

    result: TurnResult


class Turn:
    """One turn of one session, from its events.

    Args:
        session_id: the session.
        wait_for_runs: whether an `end_turn` while a workflow run is running is not the end.
    """

    def __init__(self, session_id: str, wait_for_runs: bool = True) -> None:
        self.session_id, self.wait_for_runs = session_id, wait_for_runs
        self.events: list[Event] = []
        self.seen: set[str] = set()  # ids of processed events
        self.doomed = False  # a terminal error came, so the end is near
        self._calls: dict[str, Event] = {}
        self._answered: set[str] = set()
        self._parked: Event | None = None  # the last requires_action, while nothing goes on
        self._awaited: list[str] = []  # what it asked for
        self._own: list[str] = []  # custom calls of the session's own thread
        self._queued: set[str] = set()  # client events that are not processed yet
        self._begun: datetime | None = None  # when the last of them was
        self._early: list[str] = []  # calls that wait in their threads, while the session may not be idle
        self._busy: set[str] = set()  # threads that run
        self._ended: set[str] = set()  # threads that are over
        self._runs = Runs()
        self.resting: Event | None = None  # an end_turn after which workflow runs went on
        self._older: Event | None = None  # an end that is older than our message, by its time
        self._flushed = False  # the service dropped its queue, ours with it
        self._result: TurnResult | None = None

    @property
    def last_event(self) -> Event | None:
        return self.events[-1] if self.events else None

    @property
    def waiting(self) -> bool:
        """Whether a client event was accepted that has not been seen processed yet."""
        return bool(self._queued)

    @property
    def open_runs(self) -> list[str]:
        """Workflow runs that have not ended."""
        return self._runs.open

    @property
    def rests(self) -> bool:
        """Whether no workflow run is running any more after an `end_turn`, which may have been the last."""
        return self.resting is not None and not self._runs.running

    def expect(self, accepted: Iterable[Event]) -> None:
        """Events that the API has just accepted: no idle ends the turn before they are processed."""
        self._queued |= {event.id for event in accepted} - self.seen

    def answered(self, ids: Iterable[str]) -> None:
        """Answers to these calls have been sent; they are not asked for again."""
        self._answered |= set(ids)

    def feed(self, *events: Event) -> list[Show | Answer | Finish]:
        """Take events in order, seen or unseen, and say what to do about them.

        A whole history can be given at once: what is asked for is what its end calls for.
        """
        actions: list[Show | Answer | Finish] = []
        self.expect(event for event in events if is_queued(event))  # first: an idle before them is an old one
        for event in events:
            if self._result is None and self._take(event):
                actions.append(Show(event))
        if self._result is not None:
            return [*actions, Finish(self._result)]
        if open_ids := self._open():
            known = [self._calls[id] for id in open_ids if id in self._calls]
            actions.append(Answer(known, [id for id in open_ids if id not in self._calls]))
        elif self._parked is not None and not self._awaited:  # nobody can answer what isn't asked
            actions.append(Finish(self.finish("requires_action")))
        elif early := [self._calls[id] for id in self._early if id in self._calls and self._waits(id)]:
            actions.append(Answer(early, parked=False))
        return actions

    def waits_for(self, id: str) -> bool:
        """Whether the answer to this call is waited for."""
        return self._result is None and id in (*self._open(), *self._early) and self._waits(id)

    def _open(self) -> list[str]:
        """The calls that the idle session waits for: those that it names, and the rest of their batch."""
        named = [id for id in self._awaited if self._waits(id)]
        return [*named, *(id for id in self._own if id not in named and self._waits(id))] if named else []

    def _waits(self, id: str) -> bool:
        return id not in self._answered and thread_of(self._calls.get(id)) not in self._ended

    def finish(self, outcome: str, pending: Collection[str] = (), idle: Event | None = None) -> TurnResult:
        """The result as it stands."""
        idle = self._parked if outcome == "requires_action" else idle
        self._result = TurnResult(
            self.session_id,
            outcome,
            list(self.events),
            getattr(idle, "stop_reason", None),
            getattr(idle, "stop_details", None),
            list(pending),
            self.open_runs,
        )
        return self._result

    def idle_for_long(self) -> TurnResult | None:
        """The result of a session that is idle and silent, if an end came that seemed to be an older turn's;
        else None."""
        if self._older is None or self._queued:
            return None
        self.events.append(self._older)
        return self.finish(stop_reason(self._older), idle=self._older)

    def _take(self, event: Event) -> bool:
        """Take one event into account; returns whether it is news."""
        if event.type in PREVIEWS:
            return True
        if call := answered_call(event):
            self._answered.add(call)
        if is_queued(event):
            return False
        id = getattr(event, "id", None)
        if id is not None:
            if id in self.seen:
                return False
            self.seen.add(id)
        self.events.append(event)
        if id in self._queued:
            self._queued.discard(id)
            self._begun = time_of(event)
        if event.type in CALLS:
            self._take_call(event)
        elif event.type == "session.status_running":
            self._parked, self._awaited, self._early, self.resting = None, [], [], None
        elif event.type == "session.status_idle":
            self._take_idle(event)
        elif event.type.startswith("session.thread_"):
            self._take_thread(event)
        elif event.type.startswith("workflow_run."):
            self._runs.take(event)
            if event.type == "workflow_run.status_idle" and self.rests:  # as if it had been idle before
                self.finish("end_turn", idle=self.resting)
        elif event.type == "session.error":
            retry = inner(event, "error", "retry_status", "type")
            self._flushed = self._flushed or retry == "exhausted"
            self.doomed = self.doomed or retry == "terminal"
        elif event.type == "session.status_terminated":
            self.finish("terminated")
        elif event.type == "session.deleted":
            self.finish("deleted")
        return True

    def _take_call(self, event: Event) -> None:
        if event.id is None:
            return  # nobody can name it
        self._calls[event.id] = event
        asked = getattr(event, "evaluated_permission", None) == "ask"
        custom = event.type == "agent.custom_tool_use"
        if (asked or custom) and thread_of(event):
            self._early.append(event.id)
        elif custom:
            self._own.append(event.id)

    def _take_thread(self, event: Event) -> None:
        thread = thread_of(event)
        if thread is None:
            return
        self._busy.discard(thread)
        if event.type == "session.thread_status_running":
            self._busy.add(thread)
        elif event.type == "session.thread_status_terminated":
            self._ended.add(thread)
        elif event.type == "session.thread_status_idle" and self._busy:
            self._early += [id for id in awaited(event) if id not in self._early]

    def _take_idle(self, event: Event) -> None:
        reason, ids = stop_reason(event), awaited(event)
        if reason == "requires_action" and ids:
            self._parked, self._awaited = event, ids
        elif self._queued and not self._flushed:
            self.events = []  # left over from the turn before ours
        elif self._is_before_ours(event):
            self._older = self.events.pop()  # the same, but it was listed late
        elif reason == "requires_action":
            self._parked, self._awaited = event, []
        elif reason == "end_turn" and self.wait_for_runs and self._runs.running:
            self._parked, self.resting = None, event
        else:
            self._parked = None
            self.finish(reason, idle=event)

    def _is_before_ours(self, event: Event) -> bool:
        time = time_of(event)
        return time is not None and self._begun is not None and time < self._begun
