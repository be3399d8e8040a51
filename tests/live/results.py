"""What was seen live, kept in utilities/replay/live.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.kit.places import ROOT
from tests.live.probe import NOT_ASKED, Finding, Probe

RULES = ROOT / "utilities" / "replay" / "rules.json"
LIVE = RULES.with_name("live.json")


def rules() -> list[str]:
    """The texts of all rules."""
    return [rule["text"] for rule in json.loads(RULES.read_text("utf-8"))]


def rule_of(probe: Probe, texts: list[str]) -> str:
    """The whole text of the rule that a probe is about, or "" if it names none.

    Raises:
        LookupError: its words stand in no rule, or in several.
    """
    if not probe.rule:
        return ""
    matches = [text for text in texts if probe.rule in text]
    if len(matches) != 1:
        raise LookupError(
            f"{probe.name}: {probe.rule!r} stands in {len(matches)} rules of {RULES.name}, not in one"
        )
    return matches[0]


def asked(probes: Iterable[Probe], texts: list[str]) -> set[str]:
    """Those of these rules of which there is a probe."""
    words = [probe.rule for probe in probes if probe.rule]
    return {text for text in texts if any(some in text for some in words)}


def entry(probe: Probe, rule: str, finding: Finding, date: str, sdk: str) -> dict[str, Any]:
    """One finding as live.json has it; a rule that is reworded later stands in FIDELITY.md without it."""
    return {
        "probe": probe.name,
        "says": probe.says,
        "rule": rule,
        "question": probe.question,
        "answer": finding.answer,
        "verdict": finding.verdict,
        "seen": finding.seen,
        "date": date,
        "sdk": sdk,
    }


def write(path: Path, entries: list[dict[str, Any]]) -> None:
    """Keep these; what an earlier run has asked and this one hasn't stays as it was."""
    kept = {one["probe"]: one for one in read(path)}
    for one in entries:
        if one["verdict"] != NOT_ASKED or one["probe"] not in kept:
            kept[one["probe"]] = one
    path.write_text(json.dumps(list(kept.values()), indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path = LIVE) -> list[dict[str, Any]]:
    """What was kept; nothing if nobody has asked yet."""
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else []
    return found
