"""The nine rows beside what Astrocyte's page says of them, as one table.

table = await nine_rows(scene)
table                       # a notebook shows it
table.differences()         # where the page says another word
"""

from __future__ import annotations

import html
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from utilities.show.html_table import cell, heading, html_table, row
from utilities.show.untrusted import one_line

from . import rows
from .row import LONGEST, SIDES, VERDICTS, WIDTH, Row, Seen
from .scene import Scene

__all__ = ["CLAIMS", "NINE", "Claim", "Comparison", "Difference", "nine_rows"]

GAP = 2  # characters between columns of the table as text
NARROW = 14  # of its columns other than the two with evidence
WHOLE = "word-break:normal"  # JupyterLab breaks inside words
ANYWHERE = f"{WHOLE};overflow-wrap:anywhere"  # which in a narrow column would break common words
COLUMNS = ("feature", "page: bank", "seen: bank", "page: store", "seen: store", "same word?")


class Claim(NamedTuple):
    """What the page says of one side.

    Attributes:
        text: in its words, "Yes (vector similarity)" for example.
        verdict: the word that it amounts to: "yes", "partly" or "no".
    """

    text: str
    verdict: str


YES, NO = Claim("Yes", "yes"), Claim("No", "no")
# Astrocyte's page on Managed Agents: for each feature what it says of Astrocyte, and of memory stores.
CLAIMS = {
    "Semantic search": (Claim("Yes (vector similarity)", "yes"), Claim("Full-text search", "partly")),
    "Reflect": (YES, NO),
    "PII barriers": (YES, NO),
    "Multi-bank isolation": (YES, Claim("Per-store isolation", "yes")),
    "Deduplication": (Claim("Yes (configurable)", "yes"), NO),
    "Compliance rules": (Claim("Yes (MIP)", "yes"), NO),
    "Path-based organisation": (NO, YES),
    "Version history": (NO, YES),
    "Zero-code set-up": (NO, Claim("Yes (attach to session)", "yes")),
}
NINE = (
    rows.search, rows.reflect, rows.personal_data, rows.isolation, rows.deduplication, rows.compliance,
    rows.paths, rows.versions, rows.zero_code,
)  # fmt: skip


async def nine_rows(scene: Scene) -> Comparison:
    """Run the nine experiments.

    Raises:
        anthropic.APIError: the service refused something that no row expects.
    """
    return Comparison([await experiment(scene) for experiment in NINE])


@dataclass(frozen=True)
class Difference:
    """A cell where the page says another word; `str()` says it in one line."""

    feature: str
    side: str
    claim: Claim
    seen: Seen

    def __str__(self) -> str:
        return (
            f"{self.feature}, {self.side}: the page says {self.claim.text!r}; seen: {self.seen.verdict} "
            f"({self.seen.evidence})"
        )


class Comparison:
    """Rows beside claims; displays as a table.

    Args:
        rows: what was seen.
        claims: by feature, what is said of the bank and of the store. A row without a claim may be there.

    Raises:
        ValueError: a claim amounts to none of "yes", "partly", "no", or has no row.
    """

    def __init__(self, rows: Sequence[Row], claims: Mapping[str, tuple[Claim, Claim]] = CLAIMS) -> None:
        self.rows = {row.feature: row for row in rows}
        self._claims = {feature: dict(zip(SIDES, pair, strict=True)) for feature, pair in claims.items()}
        for feature, pair in claims.items():
            if feature not in self.rows:
                raise ValueError(f"{feature!r} is claimed and was not measured")
            for claim in pair:
                if claim.verdict not in VERDICTS:
                    raise ValueError(
                        f"the claim {claim.text!r} for {feature!r} is {claim.verdict!r}, which is none of "
                        f"{', '.join(VERDICTS)}"
                    )

    def __getitem__(self, feature: str) -> Row:
        return self.rows[feature]

    def seen(self) -> dict[tuple[str, str], Seen]:
        """What was seen, by feature and side."""
        return {(row.feature, side): getattr(row, side) for row in self.rows.values() for side in SIDES}

    def differences(self) -> list[Difference]:
        """Where the page says another word, in the table's order."""
        return [
            Difference(feature, side, claim, seen)
            for feature, claims in self._claims.items()
            for side, claim in claims.items()
            if (seen := getattr(self.rows[feature], side)).verdict != claim.verdict
        ]

    def rests_on(self) -> dict[str, int]:
        """How many cells rest on what: "run", "replay:sdk" and so on; the most first."""
        return dict(Counter(seen.rests_on for seen in self.seen().values()).most_common())

    # -- the table -----------------------------------------------------------------------------------------

    def _cells(self, row: Row) -> list[str]:
        claims = self._claims.get(row.feature, {})
        cells = [row.feature]
        for side in SIDES:
            cells.append(claims[side].text if side in claims else "no claim")
            cells.append(str(getattr(row, side)))
        return [*cells, self._mark(row.feature)]

    def _mark(self, feature: str) -> str:
        """The last cell: whether the page and what was seen have the same words."""
        sides = [each.side for each in self.differences() if each.feature == feature]
        if sides:
            return f"no: {' and '.join(sides)}"
        return "yes" if feature in self._claims else "no claim"

    def _caption(self) -> str:
        return (
            f"{len(self.rows)} rows, {len(self.seen())} verdicts, {len(self.differences())} of them another "
            "word than the page's"
        )

    def __str__(self) -> str:
        grid = [list(COLUMNS), *map(self._cells, self.rows.values())]
        narrow = [min(NARROW, max(len(cells[column]) for cells in grid)) for column in (0, 1, 3, 5)]
        wide = (WIDTH - sum(narrow) - 5 * GAP) // 2
        widths = [narrow[0], narrow[1], wide, narrow[2], wide, narrow[3]]
        head, *body = (_lines(cells, widths) for cells in grid)
        rule = (" " * GAP).join("-" * width for width in widths)
        return "\n".join([self._caption(), "", head, rule, "\n\n".join(body)])

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        page = html_table(self._caption(), COLUMNS, map(self._html_row, self.rows.values()), width=1100)
        return {"text/plain": str(self), "text/html": page}

    def _html_row(self, measured: Row) -> str:
        feature, left, _, right, _, mark = map(_escape, self._cells(measured))
        differs = mark.startswith("no:")
        last = f"border-left:4px solid {'#D55E00' if differs else 'rgba(128,128,128,.3)'}"
        cells = (
            cell(left, WHOLE),
            cell(_html_seen(measured.bank), ANYWHERE),
            cell(right, WHOLE),
            cell(_html_seen(measured.store), ANYWHERE),
        )
        mark = f"<strong>{mark}</strong>" if differs else mark
        return row(heading(feature, WHOLE), *cells, cell(mark, f"{WHOLE};{last}"))


def _lines(cells: list[str], widths: list[int]) -> str:
    """One row of the table as text, its cells wrapped."""
    wrapped = [textwrap.wrap(_plain(text), width) for text, width in zip(cells, widths, strict=True)]
    height = max(map(len, wrapped))
    lines = zip(*(part + [""] * (height - len(part)) for part in wrapped), strict=True)
    gap = " " * GAP
    return "\n".join(
        gap.join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _plain(text: str) -> str:
    """The text on one line, with every character that acts instead of showing made visible."""
    return one_line(text.strip(), LONGEST)


def _escape(text: str) -> str:
    return html.escape(_plain(text))


def _html_seen(seen: Seen) -> str:
    known = f'<span style="opacity:.75">[{_escape(seen.rests_on)}]</span>'
    return f"<strong>{seen.verdict}</strong>: {_escape(seen.evidence)} {known}"
