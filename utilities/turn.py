"""What a turn is: the protocol of session events, without any I/O.

Feed `Turn` the session's events, from wherever they come, in order and as often as they come;
it says what to do: show an event, answer tool calls, stop. The drivers (`stream.py`, `poll.py`)
only move bytes. Copy this file with whichever of them you use; it needs nothing else.

The rules come from the API's documentation and the SDK's docstrings:
- `session.status_idle` alone does not end a turn, its `stop_reason` does. One that nobody has
  heard of still means that the agent has stopped.
- An idle event from before our message was processed belongs to the turn before.
- The same event can arrive more than once, a client event first without `processed_at`.
- `session.thread_status_idle` is about one thread; another may go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = [
    "Answer",
    "Finish",
    "History",
    "Sent",
    "Show",
    "ToolCall",
    "Turn",
    "TurnError",
    "TurnResult",
    "TurnTimeout",
]

Event = Any  # one of the SDK's session event models; told apart by `.type`, never by class
Sent = Literal["no", "perhaps", "yes"]  # what is known of the message's arrival
CALLS = ("agent.custom_tool_use", "agent.tool_use", "agent.mcp_tool_use")
PREVIEWS = ("event_start", "event_delta")  # stream only, never stored


@dataclass(frozen=True)
class ToolCall:
    """One tool call and what came of it.

    Attributes:
        event: the `agent.*tool_use` event; its id is the call's id.
        result: the event with the result or the user's verdict; None while there is none.
        verdict: the `user.tool_confirmation`, None if nobody was asked or nobody has answered.
    """

    event: Event
    result: Event | None = None
    verdict: Event | None = None

    @property
    def name(self) -> str:
        return str(self.event.name)

    @property
    def input(self) -> dict[str, Any]:
        return dict(self.event.input)

    @property
    def denied(self) -> bool:
        """Whether it never ran, because the user or the agent's permission policy said no."""
        refused = getattr(self.verdict, "result", None) == "deny"
        return refused or getattr(self.event, "evaluated_permission", None) == "deny"

    @property
    def is_error(self) -> bool:
        return bool(getattr(self.result, "is_error", False))

    @property
    def text(self) -> str:
        return text_of(self.result)


@dataclass(frozen=True)
class TurnResult:
    """How a turn ended, and everything that was seen of it.

    Attributes:
        session_id: the session.
        outcome: `end_turn`, `requires_action` (a call that nobody here can answer), `retries_exhausted`,
            `budget_reached`, `refusal`, `terminated`, `deleted`, or whatever new stop reason came.
        events: the turn's events in order, each once.
        stop_reason: the idle event's `stop_reason`, None when the session ended without one.
        stop_details: what the idle event adds, for a refusal.
        pending: ids of the calls that wait for an answer, for `requires_action`.
    """

    session_id: str
    outcome: str
    events: list[Event] = field(default_factory=list, repr=False)
    stop_reason: Any = None
    stop_details: Any = None
    pending: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the agent said, its messages separated by a blank line."""
        return "\n\n".join(text_of(event) for event in self.events if event.type == "agent.message")

    @property
    def tool_calls(self) -> list[ToolCall]:
        """All calls, built-in, custom and MCP, in order, with their results."""
        results = {answered_call(event): event for event in self.events if answered_call(event)}
        verdicts = {e.tool_use_id: e for e in self.events if e.type == "user.tool_confirmation"}
        calls = [event for event in self.events if event.type in CALLS]
        return [ToolCall(call, results.get(call.id), verdicts.get(call.id)) for call in calls]

    @property
    def errors(self) -> list[Event]:
        """The `session.error` events; those that were retried did not end the turn."""
        return [event for event in self.events if event.type == "session.error"]

    @property
    def usage(self) -> Any:
        """The session's cumulative usage at the end of the turn; None if the service sent none."""
        return next((event.usage for event in reversed(self.events) if event.type == "session.usage"), None)

    def raise_for_outcome(self) -> TurnResult:
        """Return the result itself if the agent finished by its own decision.

        Raises:
            TurnError: every outcome but `end_turn`.
        """
        if self.outcome != "end_turn":
            raise TurnError(self)
        return self


class TurnError(RuntimeError):
    """A turn that did not end with `end_turn`; seen by callers of `raise_for_outcome`."""

    def __init__(self, result: TurnResult) -> None:
        answer = f"answer {', '.join(result.pending)}: pass tools= or confirm=, message=None"
        hints = {
            "requires_action": answer if result.pending else "it does not say to which call: see events.list",
            "retries_exhausted": "the service gave up after errors of its own: send the message again later",
            "budget_reached": "raise or remove the session's budget (sessions.update), it goes on by itself; "
            "follow it with message=None",
            "refusal": f"the model declined, category {getattr(result.stop_details, 'category', None)}",
            "terminated": "the session is over: create a new one",
            "deleted": "the session is gone: create a new one",
        }
        errors = "".join(
            f"\n  {inner(event, 'error', 'type') or 'an error'}: "
            f"{inner(event, 'error', 'message') or 'without a message'}"
            for event in result.errors
        )
        hint = hints.get(
            result.outcome, "a stop reason that this version does not know; see result.stop_reason"
        )
        super().__init__(f"session {result.session_id} stopped with {result.outcome}: {hint}{errors}")
        self.result = result


class TurnTimeout(TimeoutError):
    """The deadline passed before the turn ended. The session goes on without us.

    Attributes:
        session_id: the session.
        seconds: how long the turn was followed.
        events: the turn's events so far, in order, each once.
        last_event: the last of them, None if there is none.
        sent: whether the message has arrived: `no` (send it again), `yes` (don't: go on with message=None)
            or `perhaps`, when its response never came.
    """

    def __init__(self, session_id: str, seconds: float, events: Iterable[Event], sent: Sent = "yes") -> None:
        self.session_id, self.seconds, self.sent = session_id, seconds, sent
        self.events = list(events)
        self.last_event = self.events[-1] if self.events else None
        last = "no event came"
        if self.last_event:
            last = f"the last event was {self.last_event.type} ({getattr(self.last_event, 'id', None)})"
        advice = {
            "no": "The message was not sent: send it again (message=None would return the turn before).",
            "perhaps": "The message may not have arrived: look for it in events.list. If it is there, call "
            "again with message=None, else send it again.",
            "yes": "The session is not lost: call again with message=None to go on waiting, or send a "
            "user.interrupt event to stop it.",
        }
        super().__init__(
            f"session {session_id}: the turn was not over after {seconds:.1f} s; {last}. {advice[sent]}"
        )


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
    """

    calls: list[Event]
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finish:
    """The turn is over."""

    result: TurnResult


class Turn:
    """One turn of one session, from its events.

    Args:
        session_id: the session.
    """

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.events: list[Event] = []
        self.seen: set[str] = set()  # ids of processed events
        self.doomed = False  # a terminal error came, so the end is near
        self._calls: dict[str, Event] = {}
        self._answered: set[str] = set()
        self._parked: Event | None = None  # the last requires_action, while nothing goes on
        self._awaited: list[str] = []  # what it asked for
        self._queued: set[str] = set()  # client events that are not processed yet
        self._begun: Any = None  # when the last of them was
        self._flushed = False  # the service dropped its queue, ours with it
        self._result: TurnResult | None = None

    @property
    def last_event(self) -> Event | None:
        return self.events[-1] if self.events else None

    @property
    def waiting(self) -> bool:
        """Whether a client event was accepted that has not been seen processed yet."""
        return bool(self._queued)

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
        open_ids = [id for id in self._awaited if id not in self._answered]
        if open_ids:
            known = [self._calls[id] for id in open_ids if id in self._calls]
            actions.append(Answer(known, [id for id in open_ids if id not in self._calls]))
        elif self._parked is not None and not self._awaited:  # nobody can answer what isn't asked
            actions.append(Finish(self.finish("requires_action")))
        return actions

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
        )
        return self._result

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
            self._begun = getattr(event, "processed_at", None)
        if event.type in CALLS:
            self._calls[event.id] = event
        elif event.type == "session.status_running":
            self._parked, self._awaited = None, []
        elif event.type == "session.status_idle":
            self._take_idle(event)
        elif event.type == "session.error":
            retry = inner(event, "error", "retry_status", "type")
            self._flushed = self._flushed or retry == "exhausted"
            self.doomed = self.doomed or retry == "terminal"
        elif event.type == "session.status_terminated":
            self.finish("terminated")
        elif event.type == "session.deleted":
            self.finish("deleted")
        return True

    def _take_idle(self, event: Event) -> None:
        reason = inner(event, "stop_reason", "type") or "unknown"
        ids = list(inner(event, "stop_reason", "event_ids") or ())
        if reason == "requires_action" and ids:
            self._parked, self._awaited = event, ids
        elif self._queued and not self._flushed:
            self.events = []  # left over from the turn before ours
        elif self._is_before_ours(event):
            self.events.pop()  # the same, but it was listed late
        elif reason == "requires_action":
            self._parked, self._awaited = event, []
        else:
            self._parked = None
            self.finish(reason, idle=event)

    def _is_before_ours(self, event: Event) -> bool:
        time = getattr(event, "processed_at", None)
        return isinstance(time, datetime) and isinstance(self._begun, datetime) and time < self._begun


class History:
    """Finds where a turn begins in a history that is read backwards, so that long sessions cost little.

    Args:
        seen: ids of events that are known already; nothing before them is needed.
    """

    def __init__(self, seen: Collection[str]) -> None:
        self._seen = seen
        self._found: list[Event] = []
        self._goes_on = False  # something after this point shows that the turn was not over

    def take(self, event: Event) -> bool:
        """Take the next event, newest first; returns False when this one is before the turn."""
        if getattr(event, "id", None) in self._seen:
            return False
        ended = (
            event.type == "session.status_idle" and inner(event, "stop_reason", "type") != "requires_action"
        )
        if ended and self._goes_on:
            return False
        self._goes_on = self._goes_on or event.type == "session.status_running" or is_queued(event)
        self._found.append(event)
        return True

    @property
    def events(self) -> list[Event]:
        """What was found, oldest first."""
        return self._found[::-1]


def is_queued(event: Event) -> bool:
    """Whether a client event was accepted but not processed yet."""
    return str(event.type).startswith(("user.", "system.")) and getattr(event, "processed_at", None) is None


def answered_call(event: Event) -> str | None:
    """The id of the tool call that this event answers, None if it answers none."""
    for key in ("custom_tool_use_id", "tool_use_id", "mcp_tool_use_id"):
        if id := getattr(event, key, None):
            return str(id)
    return None


def inner(event: Event, *path: str) -> Any:
    """`event.a.b.c`; None where one of them is missing."""
    for name in path:
        event = getattr(event, name, None)
    return event


def text_of(event: Event | None) -> str:
    """The text blocks of an event's content, joined; empty when there are none."""
    blocks = getattr(event, "content", None) or ()
    return "".join(block.text for block in blocks if getattr(block, "type", None) == "text")
