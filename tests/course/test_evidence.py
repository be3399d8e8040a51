"""Lesson 04 says how well a rule of the replay server is known, from the list beside FIDELITY.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.project.fidelity import listed
from tests.project.marks import EVIDENCE, Rule
from utilities.course.lesson04.evidence import RULES, STRENGTH, by_rule, evidence_class


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A list as tests/project/fidelity.py writes it, with one rule for each class, and troublesome ones."""
    rules = [Rule(f"what is known as {name}", "memory", name, note="or not") for name in EVIDENCE]
    rules += [
        Rule("`a|b`, a pipe", "memory", "doc", "it says `x|y`", note="a | b"),
        Rule("paths", "lists", "seen"),
        Rule("paths are sorted", "memory", "ours", "nobody: says"),
    ]
    path = tmp_path / "rules.json"
    path.write_text(listed(rules), "utf-8")
    return path


def test_every_class_is_read_from_the_list_and_the_weakest_counts(known):
    assert tuple(EVIDENCE) == STRENGTH  # the page's own order, strongest first
    for place, name in enumerate(STRENGTH):
        assert evidence_class(f"known as {name}", rules=known) == name
        stronger = [f"known as {other}" for other in STRENGTH[:place]]
        assert evidence_class(f"known as {name}", *stronger, rules=known) == name


def test_pipes_and_whole_rules_are_read_right(known):
    assert evidence_class("`a|b`, a pipe", rules=known) == "doc"
    assert evidence_class("are sorted", rules=known) == "ours"
    assert evidence_class("paths", rules=known) == "seen"  # a whole rule, although another begins so


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("known as", "6 rules of FIDELITY.md have 'known as': what is known as sdk; what is known as seen"),
        ("known as dok", "no rule of FIDELITY.md has 'known as dok'; the nearest is 'what is known as doc'"),
        ("", "no rule of FIDELITY.md has ''"),
    ],
)
def test_a_part_that_names_no_one_rule_is_told(known, part, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        evidence_class(part, rules=known)


def test_the_committed_list_is_understood():
    rules = json.loads(RULES.read_text("utf-8"))
    assert len(rules) > 200
    for rule in rules:
        assert evidence_class(rule["text"]) == rule["evidence"]
    parts = ("compare-and-swap needs `max_retries=0`", "memories are listed in path order")
    assert (by_rule(*parts), by_rule(parts[0])) == ("replay:ours", "replay:sdk")
