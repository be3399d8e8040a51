"""One turn, however its events come: what `stream.py` and `poll.py` have in common.

`Follow` says what happens when: it sends the message once, acts on events, answers calls, judges errors.
It does nothing itself: it yields the steps that it wants done (`steps.py`). Copy this file with
`turn.py`, `steps.py`, `tools.py`, and `stream.py` or `poll.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import anthropic
import httpx2

from .protocol import Answer, Finish, Show, Turn
from .result import Sent, TurnTimeout

__all__ = ["Follow", "Message", "StreamEnded"]

Event = Any
Message = str | Iterable[Any] | None
QUIET = 60.0  # seconds of silence after which it is doubted that anything will come
DOOMED_QUIET = 2.0  # the same, after an error that will end the session
MAX_BACKOFF = 10.0  # seconds


class StreamEnded(Exception):
    """The stream ended although the turn has not."""


@dataclass
class Follow:
    """One turn, from its message to its result; each method is a part of it, and yields its steps.

    Args:
        turn: what is known of it.
        message: what begins it, None if it was begun already.
        timeout: seconds for the whole of it; None for no limit.
        quiet: seconds of silence after which the session is looked at.
        retries: how often the beginning is tried again; what has begun is followed until the deadline.
        clock: seconds, from any point on.

    Raises:
        TypeError: the message is none, or the session's id is no text.
        ValueError: a number of seconds is none.
    """

    turn: Turn
    message: Message
    timeout: float | None
    quiet: float
    retries: int
    clock: Callable[[], float] = time.monotonic

    started: bool = False  # the message has arrived, or the turn that was begun already has been found
    failures: int = 0  # in a row
    newest: list[Event] | None = None  # the session's newest event before our message; None: not looked yet
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # by call
    unsure: bool = False  # answers were sent and their response never came: they may wait in the history

    def __post_init__(self) -> None:
        self.start = self.clock()
        if not isinstance(self.turn.session_id, str):
            raise TypeError(
                f"session_id must be a text, session.id, not a {type(self.turn.session_id).__name__}"
            )
        self.opening = None if self.message is None else user_message(self.message)
        self.sent: Sent = "yes" if self.opening is None else "no"
        if self.timeout is not None and not self.timeout >= 0:
            raise ValueError(f"timeout must be 0 seconds or more, or None, not {self.timeout}")
        if not self.quiet > 0:
            raise ValueError(f"quiet must be more than 0 seconds, not {self.quiet}")

    def left(self, least: float = 0.0) -> float:
        """Seconds until the deadline, or `least` if they are fewer.

        Raises:
            TurnTimeout: the deadline has passed, and nothing is left.
        """
        passed = self.clock() - self.start
        remaining = max(least, float("inf") if self.timeout is None else self.timeout - passed)
        if remaining <= 0:
            raise self._timed_out()
        return remaining

    def _timed_out(self) -> TurnTimeout:
        passed = self.clock() - self.start
        return TurnTimeout(self.turn.session_id, passed, self.turn.events, self.sent)

    def patience(self) -> float:
        """Seconds of silence that are nothing to wonder about."""
        return DOOMED_QUIET if self.turn.doomed else self.quiet

    def begin(self) -> Flow:
        """Send the message, unless an attempt before this one did; returns the turn's events so far."""
        if self.opening is None:
            events = yield ReadHistory(self.left())
            if not events:
                raise ValueError(
                    f"session {self.turn.session_id} has no events, so no turn to wait for: pass a message"
                )
        else:
            events = []
            if self.newest is None:
                self.newest = yield ReadNewest(self.left())
            else:  # an attempt failed, perhaps only its response: there is no idempotency key [sdk]
                since = next((event.id for event in self.newest), None)
                events = yield ReadHistory(self.left(), since)
            if not any(says(event, self.opening) for event in events):
                self.sent = "no"
                send = Send([self.opening], self.left())
                self.sent = "perhaps"
                self.turn.expect((yield send))
            self.sent = "yes"
        self.started = True
        return events

    def act(self, events: Iterable[Event], terminated: bool) -> Flow:
        """Take these events; returns the result if they end the turn, else None.

        `terminated` is that the session was so before they were read: there will be no others.
        """
        for action in self.turn.feed(*events):
            if isinstance(action, Show):
                yield action
            elif isinstance(action, Finish):
                return action.result
            elif not terminated and (pending := (yield from self._answer(action))):
                return self.turn.finish("requires_action", pending)
        return self.turn.finish("terminated") if terminated else None

    def _answer(self, wanted: Answer) -> Flow:
        """Answer what can be answered, in one send; returns the ids that nobody here has an answer for.

        `answers` outlives a failed send: the calls behind it are not run a second time.
        """
        answers = self.answers
        fresh = [call for call in wanted.calls if call.id not in answers]
        given = yield Run(fresh, self.left())
        if given is None:  # whatever our clock says: timers may be a little early
            raise self._timed_out()
        answers.update(given)
        self.left()
        ready = [call.id for call in wanted.calls if call.id in answers]
        while ready:
            self.unsure = True
            open_still: list[str] = []
            try:
                yield Send([answers[id] for id in ready], self.left())
            except anthropic.BadRequestError:
                # Somebody else was faster: another program that follows the session, or an answer of our
                # own that took effect although its response was lost. The rest of the batch is still ours.
                actions = self.turn.feed(*(yield ReadHistory(self.left())))
                wait = {call.id for each in actions if isinstance(each, Answer) for call in each.calls}
                open_still = [id for id in ready if id in wait]
                if open_still == ready:
                    raise
                yield from (action for action in actions if isinstance(action, Show))
            self.unsure = False
            self.turn.answered(set(ready) - set(open_still))
            ready = open_still
        return [call.id for call in wanted.calls if call.id not in answers] + wanted.unknown

    def _told(self, error: Exception) -> Exception:
        """The error, with a note of whether our message has arrived: the error itself doesn't say."""
        if self.opening is not None and self.sent != "yes":
            advice = {
                "no": "the message was not sent",
                "perhaps": "the message may have arrived: look for it in events.list, and if it is there, go "
                "on with message=None",
            }[self.sent]
            error.add_note(f"session {self.turn.session_id}: {advice}")
        return error

    def failed(self, error: Exception) -> Flow:
        """Wait before the next attempt if one can help; returns the result if the error says it, else None.

        Raises:
            Exception: `error`, because no further attempt would help.
        """
        if self.started and isinstance(error, anthropic.NotFoundError):
            return self.turn.finish("deleted")
        if not is_passing(error):
            raise self._told(error)
        self.left()
        self.failures += 1
        pause = wait_before(error, self.failures)
        if not self.started and (self.failures > self.retries or pause >= self.left()):
            raise self._told(error)
        yield Pause(min(self.left(), pause))
        return None


def user_message(message: str | Iterable[Any]) -> dict[str, Any]:
    """The `user.message` event for a text or for content blocks.

    Raises:
        TypeError: it is neither.
    """
    content = [{"type": "text", "text": message}] if isinstance(message, str) else message
    if isinstance(content, Mapping):
        raise TypeError("message is a single content block; it must be a text or a list of blocks: [block]")
    content = [block.to_dict() if isinstance(block, anthropic.BaseModel) else block for block in content]
    for block in content:
        if not isinstance(block, Mapping) or "type" not in block:
            raise TypeError(
                f"message must be a text or a list of content blocks, not a list with {block!r:.80}"
            )
    return {"type": "user.message", "content": content}


def says(event: Event, message: dict[str, Any]) -> bool:
    """Whether this event is that `user.message`, as the API gives it back."""
    if event.type != "user.message":
        return False
    ours = [(block["type"], block.get("text")) for block in message["content"]]
    return ours == [(block.type, getattr(block, "text", None)) for block in event.content]


def wait_before(error: Exception, failures: int) -> float:
    """Seconds before the next attempt: what the service asks for, else longer each time.

    A connection that broke is opened again at once.
    """
    if isinstance(error, anthropic.APIStatusError):
        with suppress(KeyError, ValueError):  # not said, or as a date
            return max(0.0, float(error.response.headers["retry-after"]))
    elif failures == 1:
        return 0.0
    return min(MAX_BACKOFF, 0.25 * 2.0 ** min(failures, 10))


def is_passing(error: Exception) -> bool:
    """Whether trying again can help: the connection broke or the service is busy, rather than said no.

    The stream raises httpx2's own errors, and an `APIStatusError` with status 200 for an error event. [sdk]
    """
    if isinstance(error, anthropic.APIStatusError):
        return error.status_code in (200, 408, 409, 429) or error.status_code >= 500
    return isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)


Flow = Generator[Any, Any, Any]  # yields steps, is given their answers, returns its result


@dataclass(frozen=True)
class Send:
    """Send these events (the SDK's event params); the answer is what the API accepted."""

    events: list[Any]
    seconds: float


@dataclass(frozen=True)
class ReadHistory:
    """Read back to where the turn began, or to the event `since`; the answer is the events after it."""

    seconds: float
    since: str | None = None


@dataclass(frozen=True)
class ReadNewest:
    """The session's newest event, in a list that is empty if it has none."""

    seconds: float


@dataclass(frozen=True)
class ReadNew:
    """The events that were processed at `since` or later, without those up to the event `after`."""

    seconds: float
    since: datetime
    after: str


@dataclass(frozen=True)
class ReadStatus:
    """The session's status field."""

    seconds: float


@dataclass(frozen=True)
class Run:
    """Run these calls' tools and ask about permissions; the answer is the events to send, by call id,
    None if the time was not enough."""

    calls: list[Event]
    seconds: float


@dataclass(frozen=True)
class Pause:
    """Wait before the next attempt."""

    seconds: float


@dataclass
class Forward:
    """Keeps events in the order in which they are listed, those after the event `after` if it is there."""

    after: str | None = None
    most: float = float("inf")
    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        """Take the next event; returns whether more are wanted."""
        if self.after is not None and event.id == self.after:
            self.events.clear()
        else:
            self.events.append(event)
        return len(self.events) < self.most
