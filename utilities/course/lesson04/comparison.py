"""A table of claims and of what was seen, for lesson 04: each verdict is asserted where it is found.

    comparison = Comparison({"Semantic search": (Claim("Yes", "yes"), Claim("Full-text search", "partly"))})
    comparison.saw("Semantic search", "Astrocyte", "yes", "recall('…') → '…'", expect="yes")
    comparison.saw("Semantic search", "memory store", "no", "no endpoint", expect="no", rule="…")
    comparison.saw("Deleted", "memory store", {"after delete": False, "after redact": True},
                   expect={"after redact"})    # partly, and which part
    comparison    # a notebook shows the table

What only the replay server has shown is marked with how well its rule is known; see `evidence`.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from utilities.show.html_table import cell, heading, html_table, row
from utilities.show.untrusted import one_line

from .conditions import amounts_to, in_order, told
from .evidence import RULES, evidence_class

__all__ = ["SIDES", "VERDICTS", "Claim", "Comparison", "Difference"]

SIDES = ("Astrocyte", "memory store")
VERDICTS = ("yes", "partly", "no")

WIDTH, GAP = 110, 2  # of the table as text, in characters
NARROW = 14  # of its columns other than the two with evidence
LEFT, RIGHT = 1, 3  # the places of the two claims among the columns
WHOLE = "word-break:normal"  # JupyterLab breaks inside words
ANYWHERE = f"{WHOLE};overflow-wrap:anywhere"  # which in a narrow column would break common words


class Claim(NamedTuple):
    """What somebody says of one side.

    Attributes:
        text: in their words, "Yes (vector similarity)" for example.
        verdict: the word that it amounts to: "yes", "partly" or "no".
    """

    text: str
    verdict: str


@dataclass(frozen=True)
class Difference:
    """A claim and a verdict that don't agree; `str()` says it in one line."""

    feature: str
    side: str
    claim: Claim
    verdict: str
    evidence: str

    def __str__(self) -> str:
        claimed = self.claim.text
        if claimed.lower() != self.claim.verdict:
            claimed += f" ({self.claim.verdict})"
        return f"{self.feature}, {self.side}: claimed: {claimed}; seen: {self.verdict} ({self.evidence})"


@dataclass(frozen=True)
class _Seen:
    verdict: str
    evidence: str
    known: str  # "replay, sdk"; empty if it does not depend on the replay server

    def __str__(self) -> str:
        return f"{self.verdict} ({self.evidence})" + (f" [{self.known}]" if self.known else "")


class Comparison:
    """Collects verdicts, holds them against claims, and displays as a table.

    Args:
        claims: by feature, a `Claim` for Astrocyte and one for memory stores. Their order is the table's.
            Features without a claim are added by `saw`.
        rules: the list of the replay server's rules.

    Raises:
        ValueError: a claim amounts to none of "yes", "partly", "no".
    """

    def __init__(self, claims: Mapping[str, tuple[Claim, Claim]], *, rules: Path = RULES) -> None:
        for feature, pair in claims.items():
            for claim in pair:
                _known_word(claim.verdict, f"the claim {claim.text!r} for {feature!r}")
        self._claims = {feature: dict(zip(SIDES, pair, strict=True)) for feature, pair in claims.items()}
        self._seen: dict[str, dict[str, _Seen]] = {feature: {} for feature in claims}
        self._rules = rules

    def saw(
        self,
        feature: str,
        side: str,
        verdict: str | Mapping[str, bool],
        evidence: str = "",
        *,
        expect: str | Collection[str],
        rule: str | tuple[str, ...] = (),
    ) -> None:
        """Keep a verdict, print it, and assert that it is the expected one.

        A second verdict on the same feature and side replaces the first, so a cell can be run again.

        Args:
            feature: the row. One that has no claim becomes a new row.
            side: "Astrocyte" or "memory store".
            verdict: "yes", "partly" or "no", as it was found. Or conditions, each in words, with whether it
                held: "yes" if all do, "no" if none does, "partly" in between.
            evidence: what was called, and what came back. Conditions are evidence themselves, and say with
                it which held and which didn't.
            expect: the verdict that the lesson's text relies on; or of conditions those that hold, where
                "partly" would be the same with another one.
            rule: unique parts of the rules in FIDELITY.md on which the verdict rests, if the replay
                server gave it. Of several, the least well known one counts (see `evidence.STRENGTH`).

        Raises:
            AssertionError: another verdict was expected. What was seen is kept all the same.
            ValueError: no such side, no such verdict, no such condition, no evidence; a rule that no line or
                several have.
        """
        __tracebackhide__ = True
        where = f"{feature!r}, {side}"
        if side not in SIDES:
            raise ValueError(f"{feature!r}: side {side!r} is neither {SIDES[0]!r} nor {SIDES[1]!r}")
        expected: str | list[str] = expect if isinstance(expect, str) else list(expect)
        found: str | list[str]
        if isinstance(verdict, str):
            found = verdict
        else:
            found = [condition for condition, held in verdict.items() if held]
            evidence = told(verdict) + (f" ({evidence.strip()})" if evidence.strip() else "")
            try:
                expected = expect if isinstance(expect, str) else in_order(expect, verdict)
                verdict = amounts_to(verdict)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            if isinstance(expect, str):
                found = verdict
        _known_word(verdict, f"the verdict on {where}")
        if isinstance(found, str):
            _known_word(expected, f"the verdict on {where}")
        if not evidence.strip():
            raise ValueError(f"{where}: a verdict needs its evidence")
        rules = (rule,) if isinstance(rule, str) else rule
        known = f"replay, {evidence_class(*rules, rules=self._rules)}" if rules else ""
        seen = _Seen(verdict, _plain(evidence), known)
        self._seen.setdefault(feature, {})[side] = seen
        print(textwrap.fill(f"{feature} · {side}: {seen}", WIDTH, subsequent_indent="    "))
        if found != expected:
            raise AssertionError(
                f"{feature} · {side}: expected {expected!r}, saw {found!r} ({seen.evidence}). "
                "If that is right now, change the verdict that is expected, and what the lesson says of it"
            )

    def differences(self) -> list[Difference]:
        """Where a claim and the verdict don't agree, in the table's order."""
        return [
            Difference(feature, side, claim, seen.verdict, seen.evidence)
            for feature, claims in self._claims.items()
            for side, claim in claims.items()
            if (seen := self._seen[feature].get(side)) and seen.verdict != claim.verdict
        ]

    def complete(self) -> None:
        """Assert that every row has both its verdicts.

        Raises:
            AssertionError: with the rows and sides that were not measured.
        """
        __tracebackhide__ = True
        gaps = [f"{feature} · {side}" for feature, row in self._seen.items() for side in SIDES
                if side not in row]  # fmt: skip
        if gaps:
            raise AssertionError(f"not measured: {'; '.join(gaps)}. Run the cells that call saw() for them")

    # -- the table -------------------------------------------------------------------------------------

    def _row(self, feature: str) -> list[str]:
        claims, seen = self._claims.get(feature, {}), self._seen[feature]
        cells = [feature]
        for side in SIDES:
            cells.append(claims[side].text if side in claims else "no claim")
            cells.append(str(seen.get(side, "not measured")))
        return [*cells, self._mark(feature)]

    def _mark(self, feature: str) -> str:
        """The last cell: whether claims and verdicts agree, in words."""
        sides = [difference.side for difference in self.differences() if difference.feature == feature]
        if sides:
            return f"differs: {'both' if len(sides) == 2 else sides[0]}"
        if len(self._seen[feature]) < len(SIDES):
            return "not measured"
        return "agrees" if feature in self._claims else "no claim"

    def _caption(self) -> str:
        measured = sum(map(len, self._seen.values()))
        return (
            f"Claimed and seen: {len(self._seen)} features, {measured} of {2 * len(self._seen)} verdicts, "
            f"{len(self.differences())} of them other than claimed"
        )

    def __str__(self) -> str:
        rows = [_columns(), *map(self._row, self._seen)]
        narrow = [min(NARROW, max(len(row[column]) for row in rows)) for column in (0, LEFT, RIGHT, 5)]
        wide = (WIDTH - sum(narrow) - 5 * GAP) // 2
        widths = [narrow[0], narrow[1], wide, narrow[2], wide, narrow[3]]
        head, *body = (_lines(row, widths) for row in rows)
        rule = (" " * GAP).join("-" * width for width in widths)
        return "\n".join([self._caption(), "", head, rule, "\n\n".join(body)])

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        rows = (self._html_row(feature) for feature in self._seen)
        return html_table(self._caption(), _columns(), rows, width=1100)

    def _html_row(self, feature: str) -> str:
        _, left, _, right, _, mark = map(_escape, self._row(feature))
        a, b = (_html_seen(self._seen[feature].get(side)) for side in SIDES)
        differs = mark.startswith("differs")
        last = f"border-left:4px solid {'#D55E00' if differs else 'rgba(128,128,128,.3)'}"
        cells = cell(left, WHOLE), cell(a, ANYWHERE), cell(right, WHOLE), cell(b, ANYWHERE)
        mark = f"<strong>{mark}</strong>" if differs else mark
        return row(heading(_escape(feature), WHOLE), *cells, cell(mark, f"{WHOLE};{last}"))


def _known_word(word: object, what: str) -> None:
    if word not in VERDICTS:
        raise ValueError(f"{what} is {word!r}, which is none of {', '.join(VERDICTS)}")


def _columns() -> list[str]:
    pairs = [f"{what}: {side}" for side in SIDES for what in ("claimed", "seen")]
    return ["feature", *pairs, "claim and result"]


def _lines(cells: list[str], widths: list[int]) -> str:
    """One row of the table as text, its cells wrapped."""
    wrapped = [textwrap.wrap(_plain(cell), width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    lines = zip(*(part + [""] * (height - len(part)) for part in wrapped), strict=True)
    gap = " " * GAP
    return "\n".join(
        gap.join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _plain(text: str) -> str:
    """The text on one line, with every character that acts instead of showing made visible."""
    return one_line(text.strip(), 10_000)


# -- HTML ------------------------------------------------------------------------------------------------


def _escape(text: str) -> str:
    return html.escape(_plain(text))


def _html_seen(seen: _Seen | None) -> str:
    if seen is None:
        return "not measured"
    known = f' <span style="opacity:.75">[{_escape(seen.known)}]</span>' if seen.known else ""
    return f"<strong>{seen.verdict}</strong>: {_escape(seen.evidence)}{known}"
