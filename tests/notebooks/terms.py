"""The course's terms (notebooks/terms.toml), and whether a notebook uses one before it was introduced."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from nbformat import NotebookNode

from tests.kit.places import NOTEBOOKS
from tests.notebooks.budgets import readable


@dataclass(frozen=True)
class Term:
    """A term. `lesson` introduces it: "03", or "03b" for a deep notebook; `words` are its forms."""

    name: str
    lesson: str
    means: str
    words: tuple[str, ...]

    def used_in(self, text: str) -> bool:
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.I) for word in self.words)

    def known_in(self, notebook: str) -> bool:
        """Whether it was introduced before a notebook ("03", "03b"). Nobody has to have read a deep one."""
        if is_deep(self.lesson):
            return is_deep(notebook) and self.lesson <= notebook
        return self.lesson <= notebook


def is_deep(notebook: str) -> bool:
    return len(notebook) > 2


def terms() -> list[Term]:
    """All of them, in the order of the file."""
    rows = tomllib.loads((NOTEBOOKS / "terms.toml").read_text("utf-8"))
    return [
        Term(name, row["lesson"], row["means"], (name, *row.get("words", ()))) for name, row in rows.items()
    ]


def paragraphs(notebook: NotebookNode) -> list[str]:
    """The prose as it is read, paragraph by paragraph."""
    prose = [readable(cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    return [part for text in prose for part in re.split(r"\n\s*\n", text) if part.strip()]


def too_early(notebook: NotebookNode, number: str, known: list[Term]) -> dict[str, str]:
    """Terms of later lessons whose first paragraph doesn't say which lesson that is, with the paragraph."""
    found = {}
    for term in known:
        first = next((text for text in paragraphs(notebook) if term.used_in(text)), None)
        if first and not term.known_in(number) and not _says_where(first, term):
            found[term.name] = first
    return found


def _says_where(paragraph: str, term: Term) -> bool:
    """Whether it has "lesson 09", or the number stands in the line of a list or a table that has the term."""
    if re.search(rf"lessons? {term.lesson}\b", " ".join(paragraph.split()), re.I):
        return True
    rows = [line for line in paragraph.splitlines() if re.match(r"\s*([-*|]|\d+\.)", line)]
    return any(term.used_in(row) and re.search(rf"\b{term.lesson}\b", row) for row in rows)
