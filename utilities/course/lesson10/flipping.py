"""How many results must get worse before chance is no explanation: the second exercise of lesson 10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..chance import sign_test
from ..exercises import Exercise, TookTooLong, Wrong, require_answers, within

__all__ = ["flips"]

PATIENCE = 5.0  # seconds for all calls, which take less than a millisecond each
BETTER = (0, 1, 2, 3, 5, 10, 20)
LIMIT = 0.05


def _least(better: int) -> int:
    worse = better
    while sign_test(better, worse) >= LIMIT:
        worse += 1
    return worse


def _check(must_flip: Callable[[int], Any]) -> str:
    try:
        answers = [within(PATIENCE, must_flip, better) for better in BETTER]
    except TookTooLong:
        raise Wrong(
            f"it was still counting after {PATIENCE:.0f} s: what does its loop wait for? (It counts on: "
            "restart the kernel)"
        ) from None
    require_answers(must_flip, answers)
    for better, answer in zip(BETTER, answers, strict=True):
        given = f"must_flip({better}) is {answer!r}"
        if isinstance(answer, bool) or not isinstance(answer, int | float) or answer != int(answer):
            raise Wrong(f"{given}, which is no number of tickets")
        if answer == _least(better):
            continue
        if answer <= better:
            raise Wrong(f"{given}: with no more that got worse than better, the new prompt isn't even behind")
        chance = sign_test(better, int(answer))
        if chance >= LIMIT:
            raise Wrong(f"{given}: that would still happen by chance, p = {chance:.3f}")
        one_less = sign_test(better, int(answer) - 1)
        raise Wrong(f"{given}: one ticket less is enough already, p = {one_less:.3f}")
    return "the more tickets got better, the more must get worse before it isn't chance"


flips = Exercise(
    "Exercise 2",
    _check,
    [
        "sign_test(better, worse) says how likely it is by chance. Which number of worse ones would you try "
        "first?",
        "Begin with worse = better, where nobody is ahead, and add one for as long as chance explains it.",
        "while sign_test(better, worse) >= 0.05: worse += 1",
    ],
    minutes=4,
)
