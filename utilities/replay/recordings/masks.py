"""What is left out when something is compared with a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Two runs never agree on these, so they are not compared.
ID = r"\b[a-z]+_[0-9A-Za-z]{16,}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
MEMORY = r'("memory_id": ?)"([^"]+)"'  # Astrocyte's
MASKS = (
    (re.compile(ID), "<id>"),
    (re.compile(MEMORY), r"\1<id>"),
    (re.compile(r'("(?:score|similarity|distance)": ?)-?[0-9.]+(e-?[0-9]+)?'), r"\1<score>"),
)
IDS = re.compile(f"{MEMORY}|{ID}")
LONGEST = 500_000  # characters in which they are looked for: in more it takes seconds, for all clients [ours]


def masked(text: str) -> str:
    """`text` without ids and scores, which are different in every run; what is behind `LONGEST` stays."""
    head = text[:LONGEST]
    for pattern, stand_in in MASKS:
        head = pattern.sub(stand_in, head)
    return head + text[LONGEST:]


def ids_in(text: str) -> list[str]:
    """The ids that `masked` leaves out, in their order."""
    return [match[2] or match[0] for match in IDS.finditer(text[:LONGEST])]


def exchanged(text: str, ids: Mapping[str, str]) -> str:
    """`text` with these ids replaced, wherever they stand in it."""
    if not any(id in text for id in ids):
        return text
    longest_first = sorted(map(re.escape, ids), key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", lambda match: ids[match[0]], text)
