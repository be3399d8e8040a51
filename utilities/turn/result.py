from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Event = Any  # one of the SDK's session event models; told apart by `.type`, never by class


Sent = Literal["no", "perhaps", "yes"]  # what is known of the message's arrival


CALLS = ("agent.custom_tool_use", "agent.tool_use", "agent.mcp_tool_use")


@dataclass(frozen=True)
class ToolCall:
    """One tool call and what came of it.

    Attributes:
        event: the `agent.*tool_use` event; its id is the call's id.
        result: the event with the result. Until it comes, the user's verdict counts as one: the same event as
            `verdict`. None while there is neither.
        verdict: the `user.tool_confirmation`, None if nobody was asked or nobody has answered.
    """

    event: Event
    result: Event | None = None
    verdict: Event | None = None

    @property
    def name(self) -> str:
        return str(getattr(self.event, "name", None))

    @property
    def input(self) -> dict[str, Any]:
        """What it was called with; empty if that is no object, which no tool was run with."""
        return dict(self.event.input) if isinstance(self.event.input, dict) else {}

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
        open_runs: ids of the workflow runs that had not ended.
    """

    session_id: str
    outcome: str
    events: list[Event] = field(default_factory=list, repr=False)
    stop_reason: Any = None
    stop_details: Any = None
    pending: list[str] = field(default_factory=list)
    open_runs: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the agent said, its messages separated by a blank line."""
        return "\n\n".join(text_of(event) for event in self.events if event.type == "agent.message")

    @property
    def tool_calls(self) -> list[ToolCall]:
        """All calls, built-in, custom and MCP, in order, with their results."""
        # The first answer counts: whether the API takes a second one isn't known.
        backwards = self.events[::-1]
        verdicts = {answered_call(e): e for e in backwards if e.type == "user.tool_confirmation"}
        found = {answered_call(e): e for e in backwards if e.type != "user.tool_confirmation"}
        results = {**verdicts, **found}
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

    @property
    def evaluation(self) -> Any:
        """How the last outcome of a `user.define_outcome` was judged: the last `span.outcome_evaluation_end`,
        whose `result` says `satisfied`, `max_iterations_reached`, `failed` or `interrupted`, although the
        turn's outcome is `end_turn` for all of them. None if nothing was judged in this turn."""
        ends = [event for event in self.events if event.type == "span.outcome_evaluation_end"]
        return ends[-1] if ends else None

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

    def __reduce__(self) -> Any:  # else it could not leave a worker process
        return type(self), (self.result,), self.__dict__


class TurnTimeout(TimeoutError):
    """The deadline passed before the turn ended. The session goes on without us.

    Attributes:
        session_id: the session.
        seconds: how long the turn was followed.
        events: the turn's events so far, in order, each once.
        last_event: the last of them, None if there is none.
        sent: whether the message has arrived: `no` (send it again), `yes` (don't: go on with message=None)
            or `perhaps`, when its response never came.
        open_runs: ids of the workflow runs that have not ended.
    """

    def __init__(
        self,
        session_id: str,
        seconds: float,
        events: Iterable[Event],
        sent: Sent = "yes",
        open_runs: Iterable[str] = (),
    ) -> None:
        self.session_id, self.seconds, self.sent = session_id, seconds, sent
        self.events, self.open_runs = list(events), list(open_runs)
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
        if self.open_runs:
            last += f"; open workflow runs: {', '.join(self.open_runs)}"
        super().__init__(
            f"session {session_id}: the turn was not over after {seconds:.1f} s; {last}. {advice[sent]}"
        )

    def __reduce__(self) -> Any:  # else it could not leave a worker process
        arguments = (self.session_id, self.seconds, self.events, self.sent, self.open_runs)
        return type(self), arguments, self.__dict__


def answered_call(event: Event) -> str | None:
    """The id of the tool call that this event answers, None if it answers none."""
    for key in ("custom_tool_use_id", "tool_use_id", "mcp_tool_use_id"):
        if id := getattr(event, key, None):
            return str(id)
    return None


def time_of(event: Event) -> datetime | None:
    """When an event was processed; None if it wasn't yet, or if that is no time with a zone.

    The year 1 is what Go writes for no time.
    """
    time = getattr(event, "processed_at", None)
    known = isinstance(time, datetime) and time.tzinfo is not None and time.year > 1
    return time if known else None


def inner(event: Event, *path: str) -> Any:
    """`event.a.b.c`; None where one of them is missing."""
    for name in path:
        event = getattr(event, name, None)
    return event


def text_of(event: Event | None) -> str:
    """The text blocks of an event's content, joined; empty when there are none."""
    blocks = getattr(event, "content", None)
    texts = (
        [block for block in blocks if getattr(block, "type", None) == "text"]
        if isinstance(blocks, list)
        else []
    )
    return "".join(str(getattr(block, "text", None) or "") for block in texts)
