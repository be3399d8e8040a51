"""How much of an exercise's frame is still to be filled."""

from __future__ import annotations

import dis
from collections.abc import Callable
from typing import Any

from ..exercises import NotAttempted, Wrong

__all__ = ["require_filled"]


def require_filled(function: Callable[..., Any], gaps: int) -> None:
    """Nothing, if no `...` is left in the code of a function whose frame had so many.

    Raises:
        NotAttempted: all are left.
        Wrong: some are.
    """
    code = getattr(function, "__code__", None)
    if code is None:  # no function of Python's: it has no gaps
        return
    left = sum(each.opname == "LOAD_CONST" and each.argval is ... for each in dis.get_instructions(code))
    if left >= gaps:
        raise NotAttempted
    if left:
        raise Wrong(f"{left} of the {gaps} gaps {'is' if left == 1 else 'are'} still `...`")
