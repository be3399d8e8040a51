"""How much of a result may be chance, exactly and without a random number, for lessons 04 and 10."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["interval", "sign_test"]


def interval(found: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The shares with which so many found of a total is compatible: Clopper and Pearson's exact interval.

    It supposes that the questions are a random sample of those one might ask. Of questions that were written
    by hand it says how far chance alone can be off, and nothing about other subjects or another language.

    Raises:
        ValueError: there is no question, or more were found than asked.
    """
    if not 0 <= found <= total or not total:
        raise ValueError(f"{found} of {total} is no share")
    tail = (1 - confidence) / 2
    low = 0.0 if not found else _where(lambda share: 1 - _at_most(found - 1, total, share) >= tail)
    high = 1.0 if found == total else _where(lambda share: _at_most(found, total, share) <= tail)
    return low, high


def sign_test(wins: int, losses: int) -> float:
    """How probable a difference at least as large would be if each question were a toss-up: the exact sign
    test (McNemar's), two-sided. Questions on which both sides agree say nothing, and are not counted.

    Args:
        wins: questions that only the one side got right.
        losses: questions that only the other side got right.
    """
    return min(1.0, 2 * _at_most(min(wins, losses), wins + losses, 0.5))


def _at_most(found: int, total: int, share: float) -> float:
    """How probable it is to find at most so many."""
    return math.fsum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(found + 1))


def _where(reached: Callable[[float], bool]) -> float:
    """The share from which on it holds, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
