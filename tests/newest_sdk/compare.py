"""What differs between two versions of the SDK, as lines to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from tests.newest_sdk.surface import Surface

SHOWN = 40  # lines of one part; a major release would bury the rest


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """`+ name: …` for what is new, `- name` for what is gone, `~ name: … -> …` for what has changed."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            lines.append(f"+ {name}: {after[name]}".removesuffix(": "))
        elif name not in after:
            lines.append(f"- {name}")
        elif before[name] != after[name]:
            lines.append(f"~ {name}: {_change(before[name], after[name])}")
    return lines


def _change(before: str, after: str) -> str:
    """Both where they are short; of long ones (a union of forty events) the words that come and go."""
    if len(before) + len(after) <= 120:
        return f"{before or 'nothing'} -> {after or 'nothing'}"
    old, new = (re.findall(r"[^\s,|\[\]]+", text) for text in (before, after))
    gone, come = ([word for word in a if word not in b] for a, b in ((old, new), (new, old)))
    changes = {"loses": gone, "gains": come}
    return "; ".join(f"{what} {' '.join(words)}" for what, words in changes.items() if words)


def report(before: Surface, after: Surface) -> Iterator[str]:
    """A heading for each part and its differences."""
    for part in fields(Surface):
        lines = differences(getattr(before, part.name), getattr(after, part.name))
        yield f"{part.name}: {len(lines) or 'nothing'} changed"
        if part.name != "elsewhere":  # other products: their number will do
            yield from (f"  {line}" for line in lines[:SHOWN])
            if len(lines) > SHOWN:
                yield f"  and {len(lines) - SHOWN} more"
