"""A table as HTML for a notebook: readable in a light and a dark theme, and where styles are taken away."""

from __future__ import annotations

import html
from collections.abc import Iterable

from .untrusted import visible

__all__ = ["cell", "escape", "heading", "html_table", "row"]

# JupyterLab would set "$HOME … $PATH" as a formula.
NO_MATHS = '<div class="tex2jax_ignore mathjax_ignore">'
CELL = "text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid rgba(128,128,128,.3)"
CAPTION = "caption-side:top;text-align:left;padding:4px 8px"


def html_table(
    caption: str, columns: Iterable[str], rows: Iterable[str], *, foot: str = "", width: int | None = 900
) -> str:
    """The table, a caption above it.

    Args:
        caption, columns: text, which is escaped here.
        rows: HTML, made with `row`.
        foot: the same, for a row below the others.
        width: in pixels, at most; None is as wide as its cells need.
    """
    size = "" if width is None else f"width:100%;max-width:{width}px;"
    style = f"border-collapse:collapse;text-align:left;{size}margin:0;table-layout:auto"
    head = "".join(f'<th scope="col" style="{CELL}">{escape(name)}</th>' for name in columns)
    return (
        f'{NO_MATHS}<table style="{style}"><caption style="{CAPTION}">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
        f"{f'<tfoot>{foot}</tfoot>' if foot else ''}</table></div>"
    )


def row(*cells: str) -> str:
    """A row of what `heading` and `cell` make."""
    return f'<tr valign="top" style="background:none">{"".join(cells)}</tr>'


def cell(content: str, style: str = "", *, columns: int = 1) -> str:
    """A cell with this HTML, which reaches over so many columns."""
    span = f' colspan="{columns}"' if columns > 1 else ""
    return f'<td{span} style="{CELL}{f";{style}" if style else ""}">{content}</td>'


def heading(content: str, style: str = "") -> str:
    """The same, for the name of the row."""
    return f'<th scope="row" style="{CELL}{f";{style}" if style else ""}">{content}</th>'


def escape(text: str) -> str:
    """The text as HTML, with what acts instead of showing made visible."""
    return html.escape(visible(text))
