"""A table of words and numbers: text first, then HTML with a caption, for the lessons that compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from utilities.show.html_table import cell, escape, heading, html_table, row
from utilities.show.untrusted import cut, encodable, visible

__all__ = ["Table"]

CHARACTERS = 10_000  # of a cell


@dataclass(frozen=True)
class Table:
    """What a cell shows at its end.

    Attributes:
        caption: what is compared.
        rows: by the row's name, its cells by the column's name; all rows have the same columns.
    """

    caption: str
    rows: Mapping[str, Mapping[str, Any]]

    @property
    def columns(self) -> Sequence[str]:
        return list(next(iter(self.rows.values()), {}))

    def __str__(self) -> str:
        named = self.rows.items()
        grid = [["", *self.columns], *([name, *row.values()] for name, row in named)]
        grid = [[cut(str(cell), CHARACTERS) for cell in row] for row in grid]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in grid)
        lines = ["  ".join(row).rstrip() for row in padded]
        return encodable("\n".join([visible(self.caption), "", *lines]))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        rows = (
            row(
                heading(escape(cut(name, CHARACTERS))),
                *(cell(escape(cut(str(value), CHARACTERS))) for value in values.values()),
            )
            for name, values in self.rows.items()
        )
        table = html_table(self.caption, ["", *self.columns], rows, width=None)
        return {"text/plain": str(self), "text/html": table}
