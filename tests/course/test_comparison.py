"""Lesson 04's table: what it keeps, what it asserts, what it says of a rule, and how it looks."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.project.fidelity import listed
from tests.project.marks import EVIDENCE, Rule
from utilities.course.lesson04.comparison import Claim, Comparison
from utilities.course.lesson04.evidence import RULES, STRENGTH, evidence_class

CLAIMS = {
    "Semantic search": (Claim("Yes (vector similarity)", "yes"), Claim("Full-text search", "partly")),
    "Reflect": (Claim("Yes", "yes"), Claim("No", "no")),
}
HOSTILE = "<script>alert(1)</script> & $x$ \x1b[31m \u202e\nsecond line"


@pytest.fixture
def comparison() -> Comparison:
    return Comparison(CLAIMS)


def filled(comparison: Comparison, **verdicts: str) -> Comparison:
    """All four verdicts; those named are other than usual."""
    usual = {"search_a": "yes", "search_b": "partly", "reflect_a": "yes", "reflect_b": "no"}
    sides, features = {"a": "Astrocyte", "b": "memory store"}, {"search": "Semantic search"}
    for name, verdict in {**usual, **verdicts}.items():
        feature, side = name.split("_")
        comparison.saw(features.get(feature, "Reflect"), sides[side], verdict, "looked", expect=verdict)
    return comparison


# -- what it keeps and asserts --------------------------------------------------------------------------


def test_a_verdict_is_printed_on_one_line(comparison, capsys):
    comparison.saw("Semantic search", "Astrocyte", "yes", "recall('…') → '…'", expect="yes")
    assert capsys.readouterr().out == "Semantic search · Astrocyte: yes (recall('…') → '…')\n"
    comparison.saw("Semantic search", "Astrocyte", "yes", HOSTILE, expect="yes")
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "\\x1b[31m \\u202e ⏎ second line" in said


def test_another_verdict_than_expected_is_told_and_kept(comparison):
    with pytest.raises(AssertionError) as caught:
        comparison.saw("Reflect", "memory store", "partly", "it answered", expect="no")
    told = str(caught.value)
    assert all(part in told for part in ("Reflect · memory store", "'no'", "'partly'", "it answered"))
    assert "partly (it answered)" in str(comparison)


def test_a_cell_that_is_run_again_replaces_its_verdict(comparison):
    comparison.saw("Reflect", "Astrocyte", "no", "first try", expect="no")
    comparison.saw("Reflect", "Astrocyte", "yes", "second try", expect="yes")
    assert "second try" in str(comparison) and "first try" not in str(comparison)
    assert comparison.differences() == []


def test_differences_are_those_of_claim_and_verdict(comparison):
    assert filled(comparison).differences() == []
    one, two = filled(comparison, search_b="no", reflect_b="partly").differences()
    assert (one.feature, one.side, one.claim.text, one.verdict, one.evidence) == (
        "Semantic search", "memory store", "Full-text search", "no", "looked",
    )  # fmt: skip
    assert str(one) == (
        "Semantic search, memory store: claimed: Full-text search (partly); seen: no (looked)"
    )
    assert str(two) == "Reflect, memory store: claimed: No; seen: partly (looked)"


def test_a_side_that_nobody_measured_is_named(comparison):
    comparison.saw("Semantic search", "Astrocyte", "yes", "looked", expect="yes")
    comparison.saw("Undo", "memory store", "yes", "looked", expect="yes")
    with pytest.raises(AssertionError) as caught:
        comparison.complete()
    missing = ("Semantic search · memory store", "Reflect · Astrocyte", "Undo · Astrocyte")
    assert all(name in str(caught.value) for name in missing)
    assert "Semantic search · Astrocyte" not in str(caught.value)
    comparison.saw("Undo", "Astrocyte", "no", "looked", expect="no")
    filled(comparison).complete()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"side": "astrocyte"}, "'astrocyte' is neither 'Astrocyte' nor 'memory store'"),
        ({"verdict": "maybe"}, "'maybe', which is none of yes, partly, no"),
        ({"expect": "Yes"}, "'Yes', which is none of yes, partly, no"),
        ({"evidence": " \n"}, "a verdict needs its evidence"),
    ],
)
def test_what_is_no_verdict_is_refused(comparison, wrong: dict[str, str], told):
    given = {"side": "Astrocyte", "verdict": "yes", "evidence": "looked", "expect": "yes", **wrong}
    with pytest.raises(ValueError, match=re.escape(told)):
        comparison.saw("Reflect", **given)
    assert "looked" not in str(comparison)


def test_a_claim_amounts_to_a_verdict():
    with pytest.raises(ValueError, match="the claim 'Per-store' for 'Banks' is 'sort of'"):
        Comparison({"Banks": (Claim("Yes", "yes"), Claim("Per-store", "sort of"))})


# -- conditions -----------------------------------------------------------------------------------------

PARTS = {"a tag routes": True, "a tag refuses": True, "personal data are refused": False}


def test_conditions_are_the_evidence_and_amount_to_a_verdict(comparison, capsys):
    for held, word, said in (
        (PARTS, "partly", "a tag routes, a tag refuses; not: personal data are refused"),
        (dict.fromkeys(PARTS, True), "yes", "a tag routes, a tag refuses, personal data are refused"),
        (
            dict.fromkeys(PARTS, False),
            "no",
            "none of: a tag routes, a tag refuses, personal data are refused",
        ),
    ):
        comparison.saw("Reflect", "Astrocyte", held, expect=word)
        printed = capsys.readouterr().out
        assert " ".join(printed.split()) == f"Reflect · Astrocyte: {word} ({said})"
        assert all(len(line) <= 110 for line in printed.splitlines())
    comparison.saw("Reflect", "Astrocyte", PARTS, "three rules", expect={"a tag refuses", "a tag routes"})
    assert (
        "partly (a tag routes, a tag refuses; not: personal data are refused (three rules))"
        in capsys.readouterr().out
    )


def test_another_part_than_expected_is_told_although_the_word_is_the_same(comparison):
    other = {**PARTS, "a tag routes": False, "personal data are refused": True}
    comparison.saw("Reflect", "Astrocyte", other, expect="partly")
    with pytest.raises(AssertionError) as caught:
        comparison.saw("Reflect", "Astrocyte", other, expect={"a tag routes", "a tag refuses"})
    told = str(caught.value)
    assert told.startswith(
        "Reflect · Astrocyte: expected ['a tag routes', 'a tag refuses'], "
        "saw ['a tag refuses', 'personal data are refused'] "
    )
    with pytest.raises(AssertionError, match=r"expected \['a tag routes'\], saw \[\]"):
        comparison.saw("Reflect", "Astrocyte", dict.fromkeys(PARTS, False), expect={"a tag routes"})


@pytest.mark.parametrize(
    ("conditions", "expect", "told"),
    [
        ({}, "no", "a verdict needs a condition"),
        (PARTS, {"a tag rots"}, "there is no condition 'a tag rots' among a tag routes, a tag refuses"),
        (
            "partly",
            {"a tag routes"},
            "the verdict on 'Reflect', Astrocyte is ['a tag routes'], which is none of",
        ),
        (PARTS, "a tag routes", "the verdict on 'Reflect', Astrocyte is 'a tag routes', which is none of"),
    ],
)
def test_conditions_that_are_none_are_refused(comparison, conditions, expect, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        comparison.saw("Reflect", "Astrocyte", conditions, "looked", expect=expect)
    assert "partly" not in str(comparison)


# -- how well a rule is known ----------------------------------------------------------------------------


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


def test_the_committed_list_is_understood(comparison, capsys):
    rules = json.loads(RULES.read_text("utf-8"))
    assert len(rules) > 200
    for rule in rules:
        assert evidence_class(rule["text"]) == rule["evidence"]
    parts = ("compare-and-swap needs `max_retries=0`", "memories are listed in path order")
    comparison.saw("Semantic search", "memory store", "no", "looked", expect="no", rule=parts)
    assert capsys.readouterr().out == "Semantic search · memory store: no (looked) [replay, ours]\n"
    comparison.saw("Semantic search", "memory store", "no", "looked", expect="no", rule=parts[0])
    assert "[replay, sdk]" in comparison._repr_mimebundle_()["text/html"]


# -- how it looks ----------------------------------------------------------------------------------------


class Table(HTMLParser):
    """The cells of each row, and every tag that there is."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, words: str) -> None:
        if self.rows:
            self.rows[-1][-1] += words


def test_the_table_says_in_words_what_it_shows(comparison):
    filled(comparison, search_b="no")
    comparison.saw("Undo", "memory store", "yes", "looked", expect="yes")
    bundle = comparison._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]
    assert bundle["text/plain"] == str(comparison) == repr(comparison)
    table = Table(bundle["text/html"])
    assert "caption" in table.tags
    assert "3 features, 5 of 6 verdicts, 1 of them other than claimed" in bundle["text/html"]
    assert table.rows == [
        ["feature", "claimed: Astrocyte", "seen: Astrocyte", "claimed: memory store", "seen: memory store",
         "claim and result"],
        ["Semantic search", "Yes (vector similarity)", "yes: looked", "Full-text search", "no: looked",
         "differs: memory store"],
        ["Reflect", "Yes", "yes: looked", "No", "no: looked", "agrees"],
        ["Undo", "no claim", "not measured", "no claim", "yes: looked", "not measured"],
    ]  # fmt: skip


def test_the_text_is_aligned_and_no_line_is_too_long(comparison):
    filled(comparison, search_a="no", search_b="no")
    comparison.saw("Reflect", "Astrocyte", "yes", "word " * 60 + "x" * 200, expect="yes")
    lines = str(comparison).splitlines()
    assert max(map(len, lines)) <= 110
    [rule] = [number for number, line in enumerate(lines) if line.startswith("---")]
    starts = [match.start() for match in re.finditer("-+", lines[rule])]
    assert len(starts) == 6
    for line in lines[2:]:
        assert all(line[start - 1 : start] in ("", " ", "-") for start in starts[1:])
    text = " ".join(str(comparison).split())
    assert "differs: both" in text or ("differs:" in text and "both" in text)


def test_what_was_seen_cannot_act_on_the_reader(comparison):
    comparison.saw("Reflect", "Astrocyte", "yes", HOSTILE, expect="yes")
    comparison.saw("<b>Undo</b>", "Astrocyte", "yes", "looked", expect="yes")
    markup = comparison._repr_mimebundle_()["text/html"]
    assert Table(markup).tags <= {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "strong",
        "span",
    }
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x$" in markup and "&lt;b&gt;Undo" in markup
    for shown in (markup, str(comparison)):
        assert "\x1b" not in shown and "\u202e" not in shown
