"""A table of words and numbers: text first, then HTML with a caption, for the lessons that compare."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Table"]

CELL = "border:1px solid #bbb;padding:3px 8px;text-align:left;vertical-align:top"


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
        grid = [["", *self.columns], *([name, *map(str, row.values())] for name, row in self.rows.items())]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in grid)
        lines = ["  ".join(row).rstrip() for row in padded]
        return "\n".join([self.caption, "", *lines])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        names = map(html.escape, ["", *self.columns])
        head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in names)
        body = "".join(
            f'<tr><th scope="row" style="{CELL}">{html.escape(name)}</th>'
            + "".join(f'<td style="{CELL}">{html.escape(str(cell))}</td>' for cell in row.values())
            + "</tr>"
            for name, row in self.rows.items()
        )
        caption = f'<caption style="text-align:left;font-weight:bold">{html.escape(self.caption)}</caption>'
        table = f'<table style="border-collapse:collapse">{caption}<thead><tr>{head}</tr></thead>'
        return {"text/plain": str(self), "text/html": f"{table}<tbody>{body}</tbody></table>"}
