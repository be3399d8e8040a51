"""Lesson 03's last exercise: a lock with holes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from anthropic.lib.tools import ToolError

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from .parking import PATIENCE

__all__ = ["lock"]

PAYING = 0.2  # seconds that a payment waits for a second call, which a lock may keep out until it is over
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
            call = threading.Thread(target=self._second, args=(second,), daemon=True)
            call.start()
            call.join(PAYING)
        self.paid.append(order)

    def _second(self, order: str) -> None:
        try:
            self.pay_back(order, self.approvals, self._pay)
        except Exception:  # noqa: BLE001 (refused; what counts is what was paid)
            return


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
    till.ask("A-1002")
    return len(till.paid) > 1


lock = Exercise(
    "Exercise 3",
    _check_lock,
    [
        "Two questions: whose yes does the first line look at? And when is a yes used up: before the money "
        "moves, or after?",
        "Ask for this order's yes, take away no other, and take it away before you pay.",
        "order not in approvals is the question; approvals.remove(order) belongs above pay(order).",
    ],
    minutes=5,
)
