"""One turn, from its message to its result: what to ask for next, and what to make of the reply.

`Plan.steps` is a generator. It yields a step, mostly the request itself (`reply = yield Ask(...)`), is given
the reply or the error back, and returns the turn's result. It does nothing itself, so it is written once:
`drive.py` does its steps, sync or async. How a plan looks for new events is all in which `stream.py` and
`poll.py` differ.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import anthropic

from .history import First, History
from .protocol import Answer, Finish, Show, Turn
from .reading import Into
from .result import Event, Sent, TurnResult, TurnTimeout
from .retry import MAX_ASKED, REFUSED, is_passing, is_refusal, wait_before
from .sending import user_message
from .steps import Ask, Pause, Run, Step, Steps
from .tools import undeliverable

__all__ = ["QUIET", "Message", "Plan"]

Message = str | Iterable[Any] | None
QUIET = 60.0  # seconds of silence after which it is doubted that anything will come
DOOMED_QUIET = 2.0  # the same, after an error that will end the session
LOOKS = (0.25, 0.5, 1.0, 2.0)  # seconds before each look for what may only be late


@dataclass
class Plan(ABC):
    """One turn; each method that returns `Steps` is a part of it.

    Args:
        session_id: the session.
        message: what begins it, None if it was begun already.
        timeout: seconds for the whole of it; None for no limit.
        quiet: seconds of silence after which the session is looked at.
        retries: how often the beginning is tried again; what has begun is followed until the deadline.
        wait_for_runs: whether an `end_turn` while a workflow run is running is not the end.
        clock: seconds, from any point on.

    Raises:
        TypeError: the message is none, or the session's id is no text.
        ValueError: a number of seconds is none.
    """

    session_id: str
    message: Message
    timeout: float | None
    quiet: float = QUIET
    retries: int = 0
    wait_for_runs: bool = True
    _: KW_ONLY
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.start = self.clock()
        if not isinstance(self.session_id, str):
            raise TypeError(f"session_id must be a text, session.id, not a {type(self.session_id).__name__}")
        self.turn = Turn(self.session_id, self.wait_for_runs)
        self.opening = None if self.message is None else user_message(self.message)
        self.sent: Sent = "yes" if self.opening is None else "no"
        if self.timeout is not None and not self.timeout >= 0:
            raise ValueError(f"timeout must be 0 seconds or more, or None, not {self.timeout}")
        if not self.quiet > 0:
            raise ValueError(f"quiet must be more than 0 seconds, not {self.quiet}")
        self.started = False  # the message has arrived, or the turn that was begun already has been found
        self.lost = True  # what has come since the last look is not known
        self.terminated = False  # the session was so before the last look: nothing else will come
        self.settled = False  # it was idle at this look, after some silence
        self.failures = 0  # in a row, without any news between them
        self.newest: list[Event] | None = None  # the last event before our message; None: not looked yet
        self.answers: dict[str, dict[str, Any]] = {}  # by call
        self.undecided: set[str] = set()  # calls that nobody here has an answer for
        # Why the answer to a call was refused, which was told so instead.
        self.excused: dict[str, anthropic.APIStatusError] = {}
        self.missed = 0  # looks for calls that wait, but have not been seen
        self.refusals = 0  # of answers whose call the service doesn't know yet, in a row
        self.unsure = False  # answers were sent and their response never came: they may wait in the history

    def steps(self) -> Generator[Step, Any, TurnResult]:
        """The whole turn; returns its result."""
        while True:
            self.settled, known = False, len(self.turn.seen)
            try:
                events = yield from self.look()
                self.lost = False
                result: TurnResult | None = yield from self.act(events)
                if len(self.turn.seen) > known:  # a connection that opens, and no more, is a failure too
                    self.failures = 0
            except Exception as error:  # noqa: BLE001 (`failed` judges it)
                self.lost = True
                result = yield from self.failed(error)
            if result:
                return result

    @abstractmethod
    def look(self) -> Steps:
        """Look for new events, and return them; the first time, `begin`."""

    def ask(self, method: str, least: float = 0.0, into: Into | None = None, **more: Any) -> Ask:
        """The request to this method about this session, in the time that is `left`."""
        return Ask(method, {"session_id": self.session_id, **more}, self.left(least), into)

    def ask_history(self, since: Iterable[Event] = (), least: float = 0.0) -> Ask:
        """The request for what is not known yet, back to where the turn began, or to one of `since`.

        Of a session that rests, for all of the turn: the service's clock may have gone back, so that what is
        missing has an earlier time than what is known.
        """
        known = set() if self.rests else self.turn.seen | {event.id for event in since}
        return self.ask("events.list", least, History(known), order="desc", limit=100)

    def ask_status(self, silent: bool, least: float = 0.0) -> Steps:
        """Look at the session's status, before its events, which then have all that came before the end."""
        status = (yield self.ask("retrieve", least)).status
        self.terminated = status == "terminated"
        self.settled = silent and status == "idle"

    @property
    def rests(self) -> bool:
        """Whether the session was at rest at this look, and nothing has told of it."""
        return self.settled or self.terminated

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
        return TurnTimeout(self.session_id, passed, self.turn.events, self.sent, self.turn.open_runs)

    def patience(self) -> float:
        """Seconds of silence that are nothing to wonder about."""
        return DOOMED_QUIET if self.turn.doomed else self.quiet

    def begin(self) -> Steps:
        """Send the message, unless an attempt before this one did; returns the turn's events so far."""
        events: list[Event] = []
        if self.opening is None:
            events = yield self.ask_history()
            if not events:
                raise ValueError(
                    f"session {self.session_id} has no events, so no turn to wait for: pass a message"
                )
        else:
            if self.newest is None:
                self.newest = yield self.ask("events.list", into=First(), order="desc", limit=1)
            else:  # an attempt failed, perhaps only its response: the SDK sends no idempotency key
                events = yield self.ask_history(self.newest)
            if not any(says(event, self.opening) for event in events):
                self.sent = "no"
                send = self.ask("events.send", events=[self.opening])
                self.sent = "perhaps"
                try:
                    self.turn.expect((yield send).data or ())
                except Exception as error:
                    self.sent = "no" if is_refusal(error) else "perhaps"
                    raise
            self.sent = "yes"
        self.started = True
        return events

    def act(self, events: Iterable[Event]) -> Steps:
        """Take these events; returns the result if they end the turn, else None."""
        for action in self.turn.feed(*events):
            if isinstance(action, Show):
                yield action
            elif isinstance(action, Finish):
                return (yield from self.ended(action.result))
            elif not self.terminated:
                pending = yield from self._answer(action)
                self.missed = self.missed + 1 if action.unknown else 0
                if 0 < self.missed <= len(LOOKS):
                    yield Pause(min(self.left(), LOOKS[self.missed - 1]))
                    whole = self.ask("events.list", 0.0, History(()), order="desc", limit=100)
                    return (yield from self.act((yield whole)))
                if pending:
                    return self.turn.finish("requires_action", pending)
        if self.terminated:
            return self.turn.finish("terminated")
        if self.settled and self.turn.rests:
            return self.turn.finish("end_turn", idle=self.turn.resting)
        return self.turn.idle_for_long() if self.settled else None

    def ended(self, result: TurnResult) -> Steps:
        """The turn's result, once its end was seen."""
        yield from ()
        return result

    def _answer(self, wanted: Answer) -> Steps:
        """Answer what can be answered, in one send; returns the ids that nobody here has an answer for.

        `answers` outlives a failed send: the calls behind it are not run a second time.
        """
        answers = self.answers
        fresh = [call for call in wanted.calls if call.id not in answers.keys() | self.undecided]
        if fresh:
            given = yield Run(fresh, self.left())
            if given is None:  # whatever our clock says: timers may be a little early
                raise self._timed_out()
            answers.update(given)
            self.undecided |= {call.id for call in fresh} - given.keys()
        self.left()
        batches = [[call.id for call in wanted.calls if call.id in answers]]
        while batches:
            if batch := batches.pop():
                batches += yield from self._send(batch)
        if not wanted.parked:
            return []
        return [call.id for call in wanted.calls if call.id not in answers] + wanted.unknown

    def _send(self, batch: list[str]) -> Steps:
        """Send the answers to these calls; returns what is to be sent after that, in batches."""
        self.unsure = True
        still_open: list[str] = []
        again: list[list[str]] = []
        try:
            yield self.ask("events.send", events=[self.answers[id] for id in batch])
            self.refusals = 0
        except anthropic.APIStatusError as error:
            if error.status_code not in REFUSED:
                raise
            # Somebody else was faster: another program that follows the session, or an answer of our
            # own that took effect although its response was lost. The rest of the batch is still ours.
            actions = self.turn.feed(*(yield self.ask_history()))
            yield from (action for action in actions if isinstance(action, Show))
            still_open = [id for id in batch if self.turn.waits_for(id)]
            again = [still_open]
            if still_open == batch:
                again = yield from self._refused(batch, error)
        self.unsure = False
        self.turn.answered(set(batch) - set(still_open))
        return again

    def _refused(self, batch: list[str], error: anthropic.APIStatusError) -> Steps:
        """What to send in place of answers that were refused although their calls wait.

        Raises:
            APIStatusError: there is nothing else to say.
        """
        if "does not match" in str(error) and self.refusals < len(LOOKS):
            yield Pause(min(self.left(), LOOKS[self.refusals]))  # the call may not have arrived everywhere
            self.refusals += 1
            return [batch]
        if len(batch) > 1:  # one bad answer is not the others' fault
            return [[id] for id in reversed(batch)]
        [id] = batch
        first = self.excused.setdefault(id, error)  # why the answer itself was refused
        excuse = undeliverable(self.answers[id], error) if first is error else None
        if excuse is None:
            first.add_note(f"session {self.session_id}: it still waits for the answer to {id}")
            raise first
        self.answers[id] = excuse
        return [batch]

    def _told(self, error: Exception) -> Exception:
        """The error, with a note of whether our message has arrived: the error itself doesn't say."""
        if isinstance(error, TurnTimeout) or self.sent == "yes" and not self.started:
            return error
        advice = {
            "no": "the message was not sent",
            "perhaps": "the message may have arrived: look for it in events.list, and if it is there, go "
            "on with message=None",
            "yes": "the turn goes on without us: follow it with message=None",
        }[self.sent]
        note = f"session {self.session_id}: "
        if not any(said.startswith(note) for said in getattr(error, "__notes__", ())):
            error.add_note(note + advice)
        return error

    def failed(self, error: Exception) -> Steps:
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
        yield Pause(min(self.left(), pause, MAX_ASKED))
        return None


def says(event: Event, message: Mapping[str, Any]) -> bool:
    """Whether this event is that `user.message`, as the API gives it back."""
    if event.type != "user.message":
        return False
    ours = [(block["type"], block.get("text")) for block in message["content"]]
    blocks = event.content if isinstance(event.content, list) else []
    return ours == [(getattr(block, "type", None), getattr(block, "text", None)) for block in blocks]
