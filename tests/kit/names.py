"""Names that nothing else on a server has: an active environment's is its own."""

from __future__ import annotations

from itertools import count

_numbers = count(1)


def fresh(word: str = "test") -> str:
    """A name that no test has had yet, `test-17` for example."""
    return f"{word}-{next(_numbers)}"
