"""What the pages that Sphinx and the theme make lack for a keyboard or a screen reader."""

from __future__ import annotations

import re
from pathlib import Path

REPLACED = (
    # A heading needs a level; these name parts of a list.
    ('<p class="caption" role="heading">', '<p class="caption">'),
    # Two of a kind need names, to choose between.
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="All pages">'),
    ('<aside class="toc-drawer">', '<aside class="toc-drawer" aria-label="On this page">'),
    ('>Variables<span class="colon">', '>Attributes<span class="colon">'),
    ('<div id="search-results">', '<h1 class="unseen">Search</h1>\n<div id="search-results">'),
)
# A signature's parameters, one a line, are no list of definitions: it has nothing that they would define.
PARAMETERS = re.compile(r"<dl>\n((?:<dd>.*</dd>\n)+)</dl>\s*")


def mend(folder: Path) -> None:
    """Mends every page of a folder.

    Args:
        folder: what Sphinx has made.
    """
    for page in folder.rglob("*.html"):
        text = page.read_text("utf-8")
        for old, new in REPLACED:
            text = text.replace(old, new)
        page.write_text(PARAMETERS.sub(_as_spans, text), "utf-8")


def _as_spans(listed: re.Match[str]) -> str:
    spans = listed[1].replace("<dd>", '<span class="parameter">').replace("</dd>", "</span>")
    return f'<span class="parameters">{spans}</span>'
