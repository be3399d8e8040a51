"""Exercises: a check that says right or not yet and why, and hints on demand.

A lesson's exercises live in a module of their own (`lesson01/checks.py`), not in the learner's cell,
so that nobody edits a check by accident. An exercise that was not attempted is not an error: the notebook
runs through.
"""

from __future__ import annotations

import dis
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Thread
from typing import Any

from utilities.turn.timing import has_threads

from .reporting import report
from .solutions import called, solution_of

HINTS_FIRST = 2  # before a solution is shown
PATIENCE = 5.0  # seconds for a call of a learner's function that computes something
# What is in a function with an empty body, or one that only returns a constant.
NOTHING = {
    *("RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"),
    *("RETURN_GENERATOR", "POP_TOP", "CALL_INTRINSIC_1", "RERAISE"),  # of an async function
}


@contextmanager
def failing_on_purpose() -> Iterator[None]:
    """For a check that makes a tool fail: the traceback that a bug would leave in the log is no news here."""
    logger = logging.getLogger("utilities.turn.tools")
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


class NotAttempted(Exception):
    """Raised by a check whose answer is still the placeholder."""


class Wrong(AssertionError):
    """Raised by a check; the message tells the learner what to look at, not the solution."""


class TookTooLong(Exception):
    """Raised by `within`."""


def within(seconds: float, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a learner's function, but don't wait for it for ever.

    Raises:
        TookTooLong: it had not returned after so many seconds; its thread is left behind. Without threads,
            it is the next line of the function's own file that raises it, so a call that waits is waited for.
    """
    if not has_threads():
        return _within_here(seconds, function, *args, **options)
    done: Future[Any] = Future()

    def call() -> None:
        try:
            done.set_result(function(*args, **options))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=call, daemon=True).start()
    if not wait([done], seconds).done:
        raise TookTooLong
    return done.result()


def _within_here(seconds: float, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    ends, code = time.monotonic() + seconds, getattr(function, "__code__", None)

    def at_line(frame: Any, event: str, argument: Any) -> Any:
        if time.monotonic() > ends:
            raise TookTooLong
        return at_line

    def at_call(frame: Any, event: str, argument: Any) -> Any:
        return at_line if code and frame.f_code.co_filename == code.co_filename else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        return function(*args, **options)
    finally:
        sys.settrace(before)


def answer_of(what: str, function: Callable[..., Any], *args: Any) -> Any:
    """What a learner's function returns.

    Args:
        what: the case, for the message.
        function: the learner's, which gets `args`.

    Raises:
        Wrong: it raised something, or hadn't returned after `PATIENCE` seconds.
    """
    try:
        return within(PATIENCE, function, *args)
    except TookTooLong:
        raise Wrong(
            f"{what}: it was still at it after {PATIENCE:.0f} s: when does its loop end? (It goes on: "
            "restart the kernel)"
        ) from None
    except Exception as error:
        raise Wrong(f"{what}: it raised {type(error).__name__}: {error}") from error


def require_answers(function: Any, answers: Iterable[Any]) -> None:
    """Nothing, if a learner's function has returned something.

    Args:
        function: the learner's.
        answers: what it returned in each case; no more of them are asked for than are needed.

    Raises:
        NotAttempted: each time `...`, or None because nothing is in it.
        Wrong: each time None, although something is in it. A `return` is missing, or is never reached.
    """
    untouched = False
    for answer in answers:
        if answer is not None and answer is not ...:
            return
        untouched = untouched or answer is ...
    code = getattr(function, "__code__", None)
    empty = code is not None and {each.opname for each in dis.get_instructions(code)} <= NOTHING
    if empty or untouched:
        raise NotAttempted
    raise Wrong("it returned None: a `return` is missing, or is never reached")


class Exercise:
    """One exercise.

    Args:
        title: a few words.
        check: gets the learner's answer; raises `Wrong` or `NotAttempted`, returns what to say when
            it is right.
        hints: from a nudge to nearly the answer.
        minutes: how long it takes somebody who does it for the first time; the lesson's own are made of it.
        given: how many arguments of `check` come before the learner's.

    Attributes:
        title, hints, minutes, given: the same.
        passed: of the last check; None if there was no answer.
    """

    def __init__(
        self,
        title: str,
        check: Callable[..., str],
        hints: Sequence[str],
        *,
        minutes: int | None = None,
        given: int = 0,
    ) -> None:
        self.title = title
        self.hints = hints
        self.minutes = minutes
        self.given = given
        self.passed: bool | None = None
        self._check = check
        self._given = 0

    def check(self, *answer: Any) -> None:
        """Print whether the answer is right, and if not, what to look at; `passed` has it for programs."""
        try:
            if answer and all(part is ... for part in answer[self.given :]):
                raise NotAttempted
            if any(part is ... for part in answer):
                raise Wrong("a part of the answer is still `...`")
            praise = self._check(*answer)
        except NotAttempted:
            name = called(self) or ""
            self._say(None, "not attempted yet", f"fill in the cell above; {name}.hint() helps")
        except Wrong as problem:
            self._say(False, "not yet", str(problem), _raised(problem))
        except (Exception, SystemExit) as error:  # the learner's own code may raise anything
            kind = type(error).__name__
            self._say(False, "not yet", f"your code raised {kind}: {error}", kind)
        else:
            self._say(True, "right", praise)

    def hint(self) -> None:
        """Print the next hint."""
        number = min(self._given, len(self.hints) - 1)
        self._given += 1
        print(f"Hint {number + 1} of {len(self.hints)}: {self.hints[number]}")

    def solution(self) -> None:
        """Print the solution, after the second hint; it is that of the solutions notebook."""
        wanted = min(HINTS_FIRST, len(self.hints))
        if self._given < wanted and not self.passed:
            left = wanted - self._given
            print(
                f"{self.title}: the solution comes after {left} more hint{'s' * (left > 1)}: .hint() first."
            )
            return
        name = called(self)
        code = solution_of(name) if name else None
        if code is None:
            print(f"{self.title}: notebooks/solutions has no solution of {name or 'it'}.")
        else:
            print(f"# {self.title}, one solution\n{code}")

    def _say(self, passed: bool | None, verdict: str, why: str, error: str = "") -> None:
        self.passed = passed
        print(f"{self.title}: {verdict}: {why}{'' if why.endswith(('.', '?', '!')) else '.'}")
        if name := called(self):
            lesson, _, exercise = name.removeprefix("lesson").partition(".")
            known = "not attempted" if passed is None else verdict
            report(lesson, exercise, self.title, known, error)


def _raised(problem: Wrong) -> str:
    """The type of what the learner's code has raised, if that is what the check says; or ""."""
    cause = problem.__cause__ or problem.__context__
    kind = type(cause).__name__
    return kind if cause is not None and f"raised {kind}" in str(problem) else ""
