"""How well a rule of the replay server is known, read from utilities/replay/FIDELITY.md while a lesson runs.

So what a lesson says of a rule's evidence stays true when the page changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path

import utilities.replay

__all__ = ["FIDELITY", "STRENGTH", "evidence_class"]

FIDELITY = Path(utilities.replay.__file__).with_name("FIDELITY.md")
# Strongest first, as the page lists them. What is only "ours" comes last: where sources disagree
# (unsettled), one of them at least says what the server does.
STRENGTH = ("sdk", "seen", "doc", "claimed", "unsettled", "ours")


def evidence_class(*rules: str, page: Path = FIDELITY) -> str:
    """How well the least known of these rules is known.

    Args:
        rules: parts of rules on the page, each unique there (or a whole rule).
        page: FIDELITY.md, as tests/project/fidelity.py writes it.

    Returns:
        "sdk", "seen", "doc", "claimed", "unsettled" or "ours"; the page says what they mean.

    Raises:
        ValueError: no rule has such a part, or several have; the message names the nearest ones.
    """
    known = _rules(page)
    return max((known[_rule_with(part, known)] for part in rules), key=STRENGTH.index)


def _rules(page: Path) -> dict[str, str]:
    """Every rule of the page, with its class of evidence."""
    rules, inside = {}, False
    for line in page.read_text("utf-8").splitlines():
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells == ["rule", "evidence", "test"]:
            inside = True
        elif inside and cells[1] != "---":
            rules[cells[0]] = cells[1].split(":")[0]
    return rules


def _rule_with(part: str, rules: dict[str, str]) -> str:
    found = [part] if part in rules else [rule for rule in rules if part and part in rule]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{len(found)} rules of FIDELITY.md have {part!r}: {'; '.join(found[:3])}")
    raise ValueError(f"no rule of FIDELITY.md has {part!r}; the nearest is {_nearest(part, rules)!r}")


def _nearest(part: str, rules: Iterable[str]) -> str:
    """The rule that has most of it in one piece."""

    def shared(rule: str) -> int:
        return SequenceMatcher(None, part, rule, autojunk=False).find_longest_match().size

    return max(rules, key=shared, default="")
