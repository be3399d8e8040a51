"""What is left out when something is compared with a recording."""

from __future__ import annotations

import re

# Two runs never agree on these, so they are not compared.
MASKS = (
    (re.compile(r"\b[a-z]+_[0-9A-Za-z]{16,}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r'("memory_id": ?)"[^"]+"'), r"\1<id>"),  # Astrocyte's
    (re.compile(r'("(?:score|similarity|distance)": ?)-?[0-9.]+(e-?[0-9]+)?'), r"\1<score>"),
)


def masked(text: str) -> str:
    """`text` without ids and scores, which are different in every run."""
    for pattern, stand_in in MASKS:
        text = pattern.sub(stand_in, text)
    return text
