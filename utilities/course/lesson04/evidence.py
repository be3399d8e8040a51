"""How well a rule of the replay server is known, read from utilities/replay/rules.json while a lesson runs.

So what a lesson says of a rule's evidence stays true when the rules change. FIDELITY.md is made with that
list and says the same to people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path

import utilities.replay

__all__ = ["RULES", "STRENGTH", "by_rule", "evidence_class"]

RULES = Path(utilities.replay.__file__).with_name("rules.json")
# Strongest first, as FIDELITY.md lists them. What is only "ours" comes last: where sources disagree
# (unsettled), one of them at least says what the server does.
STRENGTH = ("sdk", "seen", "doc", "claimed", "unsettled", "ours")


def evidence_class(*parts: str, rules: Path = RULES) -> str:
    """How well the least known of these rules is known.

    Args:
        parts: parts of rules, each unique to one rule (or a whole rule).
        rules: rules.json, as tests/project/fidelity.py writes it.

    Returns:
        "sdk", "seen", "doc", "claimed", "unsettled" or "ours"; FIDELITY.md says what they mean.

    Raises:
        ValueError: no rule has such a part, or several have; the message names the nearest ones.
    """
    known = {rule["text"]: str(rule["evidence"]) for rule in json.loads(rules.read_text("utf-8"))}
    return max((known[_rule_with(part, known)] for part in parts), key=STRENGTH.index)


def by_rule(*parts: str) -> str:
    """What a verdict rests on that the replay server gave: "replay:sdk" and so on; see `evidence_class`."""
    return f"replay:{evidence_class(*parts)}"


def _rule_with(part: str, rules: Iterable[str]) -> str:
    rules = list(rules)
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
