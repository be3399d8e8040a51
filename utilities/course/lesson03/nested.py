"""Two calls at the same moment where there are no threads: the second one comes inside the first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["InBetween", "keeps_out"]


def keeps_out(function: Callable[..., Any]) -> bool:
    """Whether a lock that the function knows is held: a second call would wait for it, and here for ever."""
    known = inspect.getclosurevars(function)
    return any(_is_held(value) for value in (*known.globals.values(), *known.nonlocals.values()))


def _is_held(value: Any) -> bool:
    locked = getattr(value, "locked", None)
    return bool(callable(locked) and locked())


class InBetween(set[str]):
    """Approvals at which a second call comes just after the first one's look.

    Args:
        approvals: the orders.
        second: makes that call.
    """

    def __init__(self, *approvals: str, second: Callable[[], None]) -> None:
        super().__init__(approvals)
        self._second: Callable[[], None] | None = second

    def _looked(self) -> None:
        if self._second is not None:
            second, self._second = self._second, None
            second()

    def __contains__(self, order: object) -> bool:
        found = super().__contains__(order)
        self._looked()
        return found

    def __len__(self) -> int:
        many = super().__len__()
        self._looked()
        return many

    def __iter__(self) -> Iterator[str]:
        orders = list(super().__iter__())
        self._looked()
        return iter(orders)
