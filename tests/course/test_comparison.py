"""Lesson 04's rows: what a word is made of, what it may rest on, and the table beside the page's claims."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from utilities.course.lesson04.comparison import Claim, Comparison
from utilities.course.lesson04.row import SPACE, Row, Seen

HOSTILE = "<script>alert(1)</script> & $x$ \x1b[31m \u202e\nsecond line"
PARTS = {"a tag routes": True, "a tag refuses": True, "personal data refused": False}
CLAIMS = {
    "Search": (Claim("Yes (vector similarity)", "yes"), Claim("Full-text search", "partly")),
    "Reflect": (Claim("Yes", "yes"), Claim("No", "no")),
}


def row(feature: str, bank: str = "yes", store: str = "no", rests_on: str = "run") -> Row:
    """A row with these words."""
    conditions = {
        "yes": {"a": True, "b": True},
        "partly": {"a": True, "b": False},
        "no": {"a": False, "b": False},
    }
    return Row(feature, Seen(conditions[bank], rests_on), Seen(conditions[store], rests_on))


@pytest.fixture
def comparison() -> Comparison:
    return Comparison([row("Search", store="no"), row("Reflect"), row("Undo", "no", "yes")], CLAIMS)


# -- a row -------------------------------------------------------------------------------------------------


def test_the_word_comes_from_the_conditions():
    assert Seen(PARTS, "run").verdict == "partly"
    assert Seen(dict.fromkeys(PARTS, True), "run").verdict == "yes"
    assert Seen(dict.fromkeys(PARTS, False), "run").verdict == "no"
    with pytest.raises(ValueError, match="a verdict needs a condition"):
        Seen({}, "run")


def test_a_row_says_which_conditions_held_and_what_it_rests_on():
    shown = str(Row("Rules", Seen(PARTS, "run"), Seen({"rules": False}, "replay:doc"))).replace(SPACE, " ")
    assert shown.splitlines()[0] == "Rules"
    assert "  bank  partly: ✓ a tag routes, ✓ a tag refuses, ✗ personal data refused [run]" in shown
    assert "  store no: ✗ rules [replay:doc]" in shown
    long = str(Row("Rules", Seen({"word " * 40: True}, "run"), Seen({"b": True}, "run")))
    assert all(len(line) <= 110 for line in long.splitlines())


@pytest.mark.parametrize("rests_on", ["run", "if it obeys", "replay:sdk", "replay:ours"])
def test_what_a_verdict_may_rest_on(rests_on):
    assert str(Seen({"a": True}, rests_on)).endswith(f"[{rests_on}]")


@pytest.mark.parametrize("rests_on", ["", "behaviour", "the agent said so", "replay", "replay:dok", "run "])
def test_nothing_rests_on_what_an_agent_chose(rests_on):
    with pytest.raises(ValueError, match=re.escape(f"not on {rests_on!r}")):
        Seen({"a": True}, rests_on)


# -- the table ---------------------------------------------------------------------------------------------


def test_differences_are_those_of_claim_and_verdict(comparison):
    [only] = comparison.differences()
    assert (only.feature, only.side, only.claim.text, only.seen.verdict) == (
        "Search", "store", "Full-text search", "no",
    )  # fmt: skip
    assert (
        str(only).replace(SPACE, " ")
        == "Search, store: the page says 'Full-text search'; seen: no (✗ a, ✗ b)"
    )
    assert Comparison([row("Search", store="partly"), row("Reflect")], CLAIMS).differences() == []


def test_what_the_cells_rest_on_is_counted():
    rows = [row("Search", rests_on="replay:sdk"), row("Reflect"), row("Undo")]
    assert Comparison(rows, CLAIMS).rests_on() == {"run": 4, "replay:sdk": 2}


def test_a_claim_needs_its_row_and_a_word():
    with pytest.raises(ValueError, match="'Reflect' is claimed and was not measured"):
        Comparison([row("Search")], CLAIMS)
    with pytest.raises(ValueError, match="the claim 'Per-store' for 'Banks' is 'sort of'"):
        Comparison([row("Banks")], {"Banks": (Claim("Yes", "yes"), Claim("Per-store", "sort of"))})


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
    bundle = comparison._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/html"]
    assert bundle["text/plain"] == str(comparison) == repr(comparison)
    table = Table(bundle["text/html"].replace(SPACE, " "))
    assert "caption" in table.tags and "3 rows, 6 verdicts" in bundle["text/html"]
    yes, no = "yes: ✓ a, ✓ b [run]", "no: ✗ a, ✗ b [run]"
    assert table.rows == [
        ["feature", "page: bank", "seen: bank", "page: store", "seen: store", "same word?"],
        ["Search", "Yes (vector similarity)", yes, "Full-text search", no, "no: store"],
        ["Reflect", "Yes", yes, "No", no, "yes"],
        ["Undo", "no claim", no, "no claim", yes, "no claim"],
    ]


def test_the_text_is_aligned_and_no_line_is_too_long():
    long = Seen({"word " * 60 + "x" * 200: True}, "run")
    shown = str(Comparison([Row("Reflect", long, long), row("Search", "no", "no")], CLAIMS))
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 110
    [rule] = [number for number, line in enumerate(lines) if line.startswith("---")]
    starts = [match.start() for match in re.finditer("-+", lines[rule])]
    assert len(starts) == 6
    for line in lines[2:]:
        assert all(line[start - 1 : start] in ("", " ", "-") for start in starts[1:])
    assert "no: bank and" in shown


def test_what_was_seen_cannot_act_on_the_reader():
    rows = [Row("<b>Undo</b>", Seen({HOSTILE: True}, "run"), Seen({"a": True}, "run"))]
    comparison = Comparison(rows, {})
    markup = comparison._repr_mimebundle_()["text/html"]
    assert Table(markup).tags <= {
        "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "strong", "span",
    }  # fmt: skip
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x$" in markup and "&lt;b&gt;Undo" in markup
    for shown in (markup, str(comparison), str(rows[0])):
        assert "\x1b" not in shown and "\u202e" not in shown
