"""What the lesson's yes-or-no exercises have in common: a function, and cases with their right answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..exercises import NotAttempted, Wrong, answer_of


def judged(cases: Iterable[tuple[str, Callable[[], Any], bool]]) -> None:
    """Ask for each case, and stop at the first wrong answer.

    Args:
        cases: what it is, in words; the call of the learner's function; the right answer.

    Raises:
        NotAttempted: the function returns `...`.
        Wrong: another answer than the right one, none, none in time, or an exception; the case is named.
    """
    for what, ask, right in cases:
        said = answer_of(what, ask)
        if said is ...:
            raise NotAttempted
        if said is None:
            raise Wrong(f"{what}: it returned None; a `return` is missing")
        if bool(said) is not right:
            raise Wrong(f"{what}: you say {bool(said)}")
