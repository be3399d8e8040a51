"""Lesson 03's last exercise: a lock with holes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from anthropic.lib.tools import ToolError

from utilities.turn.timing import has_threads

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from .nested import InBetween, keeps_out
from .parking import PATIENCE

__all__ = ["lock"]

PAYING = 0.2  # seconds that a payment waits for a second call, which a lock may keep out until it is over
LOOKING = (
    0.5  # seconds that a look at the approvals waits for that of a second call, which a lock may keep out
)
PayBack = Callable[[str, set[str], Callable[[str], None]], Any]


class Till:
    """Where the money is paid from. What was paid is in `paid`."""

    def __init__(self, pay_back: PayBack, *approvals: str) -> None:
        self.pay_back, self.approvals = pay_back, set(approvals)
        self.paid: list[str] = []
        self.meanwhile: str | None = None  # the order of a second call, which comes while the first one pays

    def ask(self, order: str) -> bool:
        """Call the learner's function; whether it has paid.

        Raises:
            Wrong: it refused in another way than with a ToolError, or never came back.
        """
        before = len(self.paid)
        try:
            said = within(PATIENCE, self.pay_back, order, self.approvals, self._pay)
        except ToolError:
            return False
        except TookTooLong:
            raise Wrong(f"pay_back({order!r}, …) was still at it after {PATIENCE:.0f} s") from None
        except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
            told = f"pay_back({order!r}, …) raised {type(error).__name__}: {error}"
            raise Wrong(f"{told}. A ToolError is what tells the agent to ask first") from None
        if len(self.paid) == before:
            raise Wrong(
                f"pay_back({order!r}, …) paid nothing and returned {said!r}: to the agent that looks like a "
                "payment. Refuse with a ToolError"
            )
        return True

    def _pay(self, order: str) -> None:
        if self.meanwhile is not None:
            second, self.meanwhile = self.meanwhile, None
            if not has_threads():
                if not keeps_out(self.pay_back):
                    self._second(second)
                self.paid.append(order)
                return
            call = threading.Thread(target=self._second, args=(second,), daemon=True)
            call.start()
            call.join(PAYING)
        self.paid.append(order)

    def _second(self, order: str) -> None:
        try:
            self.pay_back(order, self.approvals, self._pay)
        except Exception:  # noqa: BLE001 (refused; what counts is what was paid)
            return


class ApprovedOrders(set[str]):
    """Approvals at which two calls look at the same moment: the first waits for the second one's look."""

    def __init__(self, *approvals: str) -> None:
        super().__init__(approvals)
        self._both = threading.Barrier(2)
        self._thread = threading.local()

    def _look(self) -> None:
        if not getattr(self._thread, "has_looked", False):
            self._thread.has_looked = True
            with suppress(threading.BrokenBarrierError):  # the other call doesn't look, or may not yet
                self._both.wait(LOOKING)

    def __contains__(self, order: object) -> bool:
        found = super().__contains__(order)
        self._look()
        return found

    def __len__(self) -> int:
        many = super().__len__()
        self._look()
        return many

    def __iter__(self) -> Iterator[str]:
        orders = list(super().__iter__())
        self._look()
        return iter(orders)


def _check_lock(pay_back: PayBack) -> str:
    stranger, twice, others, at_once = (
        _pays_a_stranger(pay_back), _pays_twice(pay_back), _loses_others(pay_back), _pays_at_once(pay_back),
    )  # fmt: skip
    if stranger and others and at_once:
        raise NotAttempted  # as it was given
    till = Till(pay_back)
    if till.ask("A-1002"):
        raise Wrong("nobody had approved anything, and A-1002 was paid")
    if not Till(pay_back, "A-1002").ask("A-1002"):
        raise Wrong("A-1002 was approved, and your lock refused it")
    if stranger:
        raise Wrong("only A-1002 was approved, and A-1007 was paid")
    if twice:
        raise Wrong("one yes for A-1002 paid it a second time")
    if others:
        raise Wrong("A-1002 and A-1007 were approved; when A-1002 was paid, the yes for A-1007 was gone")
    if at_once:
        raise Wrong(
            "two calls for A-1002 came at once, and both were paid: the second found the yes still there "
            "while the first was paying"
        )
    _two_that_look_at_once(pay_back)
    return "each yes pays its own order, once, also if two calls come at the same moment"


def _pays_a_stranger(pay_back: PayBack) -> bool:
    return Till(pay_back, "A-1002").ask("A-1007")


def _pays_twice(pay_back: PayBack) -> bool:
    till = Till(pay_back, "A-1002")
    return till.ask("A-1002") and till.ask("A-1002")


def _loses_others(pay_back: PayBack) -> bool:
    till = Till(pay_back, "A-1002", "A-1007")
    return till.ask("A-1002") and "A-1007" not in till.approvals


def _pays_at_once(pay_back: PayBack) -> bool:
    till = Till(pay_back, "A-1002")
    till.meanwhile = "A-1002"
    try:
        till.ask("A-1002")
    except Wrong:
        if len(till.paid) < 2:
            raise  # otherwise that is the cause: the second call has used the yes up
    return len(till.paid) > 1


def _two_that_look_at_once(pay_back: PayBack) -> None:
    """Two calls for one yes, in two threads.

    Raises:
        Wrong: both were paid, none was, or the one that wasn't got no ToolError.
    """
    paid, errors = list[str](), list[Exception]()
    approvals: set[str]

    def call() -> None:
        try:
            pay_back("A-1002", approvals, paid.append)
        except ToolError:
            return
        except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
            errors.append(error)

    if has_threads():
        approvals = ApprovedOrders("A-1002")
        calls = [threading.Thread(target=call, daemon=True) for _ in range(2)]
        for thread in calls:
            thread.start()
        for thread in calls:
            thread.join(PATIENCE)
    else:
        approvals = InBetween("A-1002", second=lambda: None if keeps_out(pay_back) else call())
        call()
        call()
    told = "two calls for A-1002 came at the same moment, with one yes between them"
    if len(paid) > 1:
        raise Wrong(f"{told}. Both saw it before either had used it up, and both were paid")
    if errors:
        [error, *_] = errors
        raise Wrong(
            f"{told}. Both saw it, and one of them then raised {type(error).__name__}: {error}. A ToolError "
            "is what tells the agent to ask first"
        )
    if not paid:
        raise Wrong(f"{told}, and neither was paid")


lock = Exercise(
    "Exercise 3",
    _check_lock,
    [
        "Two questions: whose yes does the first line look at? And when is a yes used up: before the money "
        "moves, or after?",
        "Take away this order's yes and no other, before you pay. Between a look and a removal, a second "
        "call may look as well: do both in one step.",
        "approvals.remove(order) is both; it belongs above pay(order), and its KeyError says that there was "
        "no yes.",
    ],
    minutes=4,
)
