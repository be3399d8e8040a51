"""How well three searches find a fact, measured on the question set, for lesson 04.

results = await measure()                 # recall, FTS5 and grep; 45 facts, two questions each
print(results)                            # a table; the same on every machine
results["grep", "paraphrase"].top1        # of .total; .missed() are the questions not in the first three
chart_of(results)                         # from .charts: a picture of them
print(results.duel("Astrocyte recall", "SQLite FTS5", "keyword"))    # is the difference more than chance?
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from utilities import open_brain

from ..chance import interval, sign_test
from .searches import Fact, Grep, Search, by_brain, by_words, facts_in

__all__ = ["KINDS", "Found", "Duel", "Results", "Measured", "ask", "measure", "searches"]

KINDS = ("paraphrase", "keyword")
RECALL, WORDS, GREP = "Astrocyte recall", "SQLite FTS5", "grep"


@dataclass(frozen=True)
class Found:
    """What a search made of one question.

    Attributes:
        question: what was asked.
        fact: the text that answers it.
        place: where it stood, 1 is first; None if it didn't come. Of several attempts the best counts.
        lines: the facts that the attempt returned which counts: what one has to read. Where none found it,
            those of all attempts.
    """

    question: str
    fact: str
    place: int | None
    lines: int

    def within(self, top: int | None) -> bool:
        """Whether it is among the first so many; None is anywhere."""
        return self.place is not None and (top is None or self.place <= top)


@dataclass(frozen=True)
class Measured:
    """One search on one kind of question."""

    method: str
    kind: str
    answers: tuple[Found, ...]

    @property
    def total(self) -> int:
        return len(self.answers)

    @property
    def top1(self) -> int:
        return self.found(1)

    @property
    def top3(self) -> int:
        return self.found(3)

    @property
    def anywhere(self) -> int:
        return self.found(None)

    @property
    def lines(self) -> float:
        """Facts returned for a question, on average: see `Found.lines`."""
        return sum(answer.lines for answer in self.answers) / max(self.total, 1)

    def found(self, top: int | None) -> int:
        """How many questions have their fact among the first `top`; None is anywhere."""
        return sum(answer.within(top) for answer in self.answers)

    def missed(self, top: int | None = 3) -> list[str]:
        """The questions that don't."""
        return [answer.question for answer in self.answers if not answer.within(top)]

    def interval(self, top: int | None = 1) -> tuple[float, float]:
        """The share found, as the 95 % interval that so many questions allow: see `chance.interval`."""
        return interval(self.found(top), self.total)


@dataclass(frozen=True)
class Duel:
    """Two searches on the same questions: which of them found what the other did not.

    Attributes:
        first, second: their names.
        wins: questions whose fact only the first found, and only the second.
        chance: how probable a difference at least as large would be if both were equally good: see
            `chance.sign_test`.
    """

    first: str
    second: str
    wins: tuple[int, int]

    @property
    def chance(self) -> float:
        return sign_test(*self.wins)

    def __str__(self) -> str:
        told = "below 0.001" if self.chance < 0.001 else f"{self.chance:.3f}"
        return (
            f"{self.first} alone found {self.wins[0]}, {self.second} alone {self.wins[1]}; "
            f"probability of such a difference by chance: {told}"
        )


class Results:
    """The rows by method and kind; `print` shows them as a table."""

    def __init__(self, rows: Sequence[Measured]) -> None:
        self.rows = list(rows)

    def __getitem__(self, key: tuple[str, str]) -> Measured:
        for row in self.rows:
            if (row.method, row.kind) == key:
                return row
        known = "; ".join(f"{row.method}, {row.kind}" for row in self.rows)
        raise KeyError(f"{key[0]}, {key[1]} was not measured, but these were: {known}")

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(row.method for row in self.rows))

    def duel(self, first: str, second: str, kind: str, top: int | None = 1) -> Duel:
        """Compare two searches question by question, which tells more than two intervals do."""
        pairs = list(zip(self[first, kind].answers, self[second, kind].answers, strict=True))
        assert all(one.question == other.question for one, other in pairs)
        only = [(one.within(top), other.within(top)) for one, other in pairs]
        return Duel(first, second, (only.count((True, False)), only.count((False, True))))

    def __str__(self) -> str:
        head = ("search", "questions", "top-1", "95 %", "top-3", "95 %", "anywhere", "lines")
        table = [head, *map(_cells, self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(head))]
        lines = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in table
        ]
        lines.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__


def _cells(row: Measured) -> tuple[str, ...]:
    def shares(top: int) -> str:
        low, high = (f"{100 * share:.0f}" for share in row.interval(top))
        return f"{low}-{high} %"

    counts = (f"{count} of {row.total}" for count in (row.top1, row.top3, row.anywhere))
    first, third, anywhere = counts
    return row.method, row.kind, first, shares(1), third, shares(3), anywhere, f"{row.lines:.1f}"


# -- measuring -------------------------------------------------------------------------------------------


async def measure(facts: Sequence[Fact] | None = None, *, folder: Path | None = None) -> Results:
    """Put both questions of every fact to Astrocyte's recall, FTS5 and grep.

    Args:
        facts: the question set; example_data/memory/facts.toml by default.
        folder: an empty one for the brain's file and the mounted store; a temporary one by default.

    Returns:
        The rows, in the order of the searches. The same in every run.
    """
    facts = facts_in() if facts is None else facts
    if folder is None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            return await measure(facts, folder=Path(name))
    found = await searches(facts, folder)
    return Results([row for method, search in found.items() for row in await ask(method, search, facts)])


async def searches(facts: Sequence[Fact], folder: Path) -> dict[str, Search]:
    """The three, by name, with the facts in them."""
    recall = await by_brain(facts, open_brain(folder / "facts.db"))
    return {RECALL: recall, WORDS: by_words(facts), GREP: Grep(facts, folder / "mounted")}


async def ask(method: str, search: Search, facts: Sequence[Fact]) -> list[Measured]:
    """A row for each kind of question, put to one search."""
    rows = []
    for kind in KINDS:
        questions = [(getattr(fact, kind), fact.text) for fact in facts]
        answers = [_answer(question, text, await search(question)) for question, text in questions]
        rows.append(Measured(method, kind, tuple(answers)))
    return rows


def _answer(question: str, text: str, attempts: Sequence[Sequence[str]]) -> Found:
    hits = [(attempt.index(text) + 1, len(attempt)) for attempt in attempts if text in attempt]
    place, lines = min(hits, default=(None, sum(map(len, attempts))))
    return Found(question, text, place, lines)
