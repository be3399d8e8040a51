"""A verdict from conditions, each in words with whether it held, for lesson 04's `Comparison`.

So what a table says of a verdict is what was seen: a sentence written beside it could become false while the
verdict, "partly" for another reason, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

__all__ = ["amounts_to", "in_order", "told"]


def amounts_to(conditions: Mapping[str, bool]) -> str:
    """ "yes" if all of them held, "no" if none did, "partly" in between.

    Raises:
        ValueError: there is none.
    """
    if not conditions:
        raise ValueError("a verdict needs a condition")
    held = [bool(value) for value in conditions.values()]
    return "yes" if all(held) else "partly" if any(held) else "no"


def in_order(named: Collection[str], conditions: Mapping[str, bool]) -> list[str]:
    """These names in the order of the conditions.

    Raises:
        ValueError: one of them is no condition.
    """
    if unknown := sorted(set(named) - set(conditions)):
        raise ValueError(f"there is no condition {unknown[0]!r} among {', '.join(conditions)}")
    return [condition for condition in conditions if condition in named]


def told(conditions: Mapping[str, bool]) -> str:
    """Which held and which didn't: `a tag routes; not: personal data are refused`; `none of: …` if all."""
    held = [condition for condition, value in conditions.items() if value]
    failed = [condition for condition, value in conditions.items() if not value]
    missing = [f"{'not' if held else 'none of'}: {', '.join(failed)}"] * bool(failed)
    return "; ".join([", ".join(held)] * bool(held) + missing)
