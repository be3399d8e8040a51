"""Lesson 05's first exercise: an interval for a budget of requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from numbers import Real
from typing import Any

from ..exercises import Exercise, Wrong, answer_of, require_answers

__all__ = ["interval"]

# requests per minute, workers, the shortest interval; the interval, and how late the end is known on average
PLANS = (
    ((60, 1, 1.0), (1.0, 0.5)),
    ((60, 5, 1.0), (5.0, 2.5)),
    ((300, 40, 1.0), (8.0, 4.0)),
    ((90, 4, 1.0), (8 / 3, 4 / 3)),
    ((600, 1, 1.0), (1.0, 0.5)),
    ((600, 2, 0.5), (0.5, 0.25)),
    ((2, 3, 1.0), (90.0, 45.0)),
)


def _check(plan: Callable[[float, int, float], Any]) -> str:
    answers = [answer_of(_told(*given), plan, *given) for given, _ in PLANS]
    require_answers(plan, answers)
    for (given, expected), answer in zip(PLANS, answers, strict=True):
        interval, late = _two_numbers(_told(*given), answer)
        _check_interval(given, interval, expected[0])
        if not math.isclose(late, expected[1]):
            raise Wrong(
                f"{_told(*given)}: the interval is right. A turn can end at any moment between two looks; "
                f"you say that its end is then known {late:g} s late on average"
            )
    return f"{len(PLANS)} budgets, some shared, and what each costs in seconds"


def _told(budget: float, workers: int, shortest: float) -> str:
    workers_ = "1 worker" if workers == 1 else f"{workers} workers"
    return f"{budget} requests a minute for {workers_}, at least {shortest:g} s apart"


def _two_numbers(what: str, answer: Any) -> tuple[float, float]:
    ordered = isinstance(answer, Iterable) and not isinstance(answer, str | Mapping | Set)
    pair = list(answer) if ordered else []
    numbers = [float(part) for part in pair if isinstance(part, Real | Decimal)]
    if len(pair) != 2 or len(numbers) != 2:
        raise Wrong(f"{what}: expected two numbers, (interval, late), and you returned {answer!r}")
    return numbers[0], numbers[1]


def _check_interval(given: tuple[float, int, float], interval: float, expected: float) -> None:
    budget, workers, shortest = given
    if interval < shortest and not math.isclose(interval, shortest):
        raise Wrong(f"{_told(*given)}: {interval:g} s is closer together than that")
    if math.isclose(interval, expected):
        return
    cost = workers * 60 / interval
    raise Wrong(
        f"{_told(*given)}: "
        + (
            f"all of them at an interval of {interval:g} s make {cost:g} requests a minute"
            if cost > budget
            else f"{interval:g} s keeps to that, but a shorter interval would too"
        )
    )


interval = Exercise(
    "Exercise 1",
    _check,
    [
        "One worker makes 60 / interval requests a minute. How many do all of them make?",
        "workers * 60 / interval must not be more than the budget: solve that for the interval.",
        "The shortest interval is a limit of its own: max(). The dashed line of the picture says the rest.",
    ],
    minutes=5,
)
