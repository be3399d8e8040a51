"""Paper and slides for a room, made from the lessons: `make handouts` writes notebooks/workshop/.

    python -m utilities.course.handouts --write

A card is one sheet for each lesson: its question and picture, the code to take away (the cell tagged `card`),
what it came to, and what to do if something looks different. The slides show each lesson's question, picture
and moment. Neither has a sentence of its own, so they can't differ from the lessons.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import mistune
import nbformat
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from .places import ROOT

__all__ = ["Handout", "card", "handouts", "slides"]

NOTEBOOKS = ROOT / "notebooks"
WORKSHOP = NOTEBOOKS / "workshop"
CARD = "card"  # the tag of the cell that a learner takes away
ELSEWHERE = re.compile(r"(?<=\]\()(?!\w+:|#)")  # before a relative link of a notebook
COLOURS = "bw"  # paper, and readers who see no colours


@dataclass(frozen=True)
class Handout:
    """What cards and slides show of a lesson; all but the code is Markdown, as the notebook has it.

    Attributes:
        file: the notebook's name.
        title: its first heading.
        question: the one that it answers.
        picture: its concept picture with the alt text.
        able: what a reader can do afterwards.
        moment: what the lesson turns on.
        code: the cell to take away.
        came_to: its closing lines.
        different: the table of what may look different.
    """

    file: str
    title: str
    question: str
    picture: str
    able: str
    moment: str
    code: str
    came_to: str
    different: str


def handout(path: Path) -> Handout:
    """Read a lesson.

    Args:
        path: the notebook.

    Raises:
        ValueError: it lacks one of the parts that every lesson has.
    """
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    cards = [cell.source for cell in cells if CARD in cell.metadata.get("tags", [])]
    if len(cards) != 1:
        raise ValueError(f"{path.name}: {len(cards)} cells have the tag {CARD!r}, and a card shows one")

    def part(what: str, pattern: str) -> str:
        found = re.search(pattern, prose, re.M | re.S)
        if found is None:
            raise ValueError(f"{path.name} has no {what}")
        return found[1].strip()

    return Handout(
        file=path.name,
        title=part("title", r"\A# (.*?)$"),
        question=part("question", r"\A# .*?\n\n\*(.*?)\*\n"),
        picture=part("picture", r"^(!\[[^\]]*\]\(images/[^)]+\))"),
        able=part("line *You'll be able to*", r"^(\*\*You'll be able to\*\*.*?)$"),
        moment=part("moment", r"^> \*\*The moment\.\*\*(.*?)$"),
        code=cards[0],
        came_to=part("closing", r"^## What it came to\n(.*?)^\*\*Take away\*\*"),
        different=part(
            "table *If something looks different*", r"^\*\*If something looks different\*\*\n(.*)\Z"
        ),
    )


def handouts() -> list[Handout]:
    """Those of all lessons, in order."""
    return [handout(path) for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))]


def card(lesson: Handout) -> str:
    """One sheet of paper, two sides, as HTML."""
    return _page(
        lesson.title,
        CARD_STYLE,
        _section("front", f"# {lesson.title}", f"*{lesson.question}*", lesson.picture, lesson.able, up=2),
        '<section class="back">',
        "<h2>Code to take away</h2>",
        highlight(lesson.code, PythonLexer(), HtmlFormatter(style=COLOURS)),
        _html("## What it came to", lesson.came_to, up=2),
        _html("## If something looks different", lesson.different, up=2),
        f"<footer>from notebooks/{html.escape(lesson.file)}</footer></section>",
    )


def slides(lessons: Iterable[Handout]) -> str:
    """Each lesson on two screens, as one page of HTML: question and picture, then the moment."""
    shown = []
    for lesson in lessons:
        shown.append(_section("slide", f"# {lesson.title}", f"*{lesson.question}*", lesson.picture, up=1))
        shown.append(_section("slide moment", f"## {lesson.title}", lesson.moment, up=1))
    return _page("Slides", SLIDE_STYLE, *shown, f"<script>{TURN}</script>")


def _section(kind: str, *parts: str, up: int) -> str:
    return f'<section class="{kind}">{_html(*parts, up=up)}</section>'


def _html(*parts: str, up: int) -> str:
    """Markdown as HTML; its relative links lead to where they led in a folder `up` levels higher."""
    text = ELSEWHERE.sub("../" * up, "\n\n".join(parts))
    rendered = mistune.create_markdown(plugins=["table"])(text)
    assert isinstance(rendered, str)  # without a renderer of one's own it is
    return rendered.strip()


def _page(title: str, style: str, *parts: str) -> str:
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title.replace('`', ''))}</title>\n"
        f"<style>\n{STYLE}{style}</style>\n</head>\n<body>\n"
    )
    return head + "\n".join(part.rstrip() for part in parts) + "\n</body>\n</html>\n"


STYLE = """\
body { font: 16px/1.45 system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; margin: 0; color: #1b1f24; }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; }
img { max-width: 100%; height: auto; }
"""
CARD_STYLE = """\
@page { size: A4; margin: 14mm; }
section { max-width: 182mm; margin: 1em auto; padding: 0 1em; }
h1 { font-size: 26px; } h2 { font-size: 17px; margin-bottom: .3em; }
.back { font-size: 13.5px; } pre { font-size: 11.5px; line-height: 1.35; white-space: pre-wrap; }
.front em { font-size: 20px; }
table { border-collapse: collapse; } th, td { border: 1px solid #9aa1a8; padding: 3px 8px; text-align: left; }
footer { color: #59616a; font-size: 12px; margin-top: 1em; }
@media print { .back { break-before: page; } section { padding: 0; margin: 0; } a { color: inherit; } }
"""
SLIDE_STYLE = """\
.slide { min-height: 100vh; box-sizing: border-box; padding: 4vh 6vw; display: grid; align-content: center; }
.slide { break-after: page; }
h1 { font-size: 5vmin; margin: 0; } h2 { font-size: 3.5vmin; color: #59616a; } em { font-size: 4vmin; }
.slide img { max-height: 68vh; width: 100%; object-fit: contain; } p { margin: 1vh 0; }
.moment p { font-size: 6vmin; max-width: 26em; }
@media (prefers-color-scheme: dark) {
  body { background: #16191d; color: #e8eaed; } h2 { color: #a9b1b9; } .slide img { background: #fff; }
}
"""
# Arrow keys, the space bar and a presenter's buttons turn the slides; without a script they are one page.
TURN = """
const all = [...document.querySelectorAll(".slide")];
const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
addEventListener("keydown", (event) => {
  if (!(event.key in step)) return;
  event.preventDefault();
  const here = Math.round(scrollY / innerHeight) + step[event.key];
  all[Math.max(0, Math.min(all.length - 1, here))].scrollIntoView();
});
"""


def main(argv: list[str] | None = None) -> int:
    """The command. 0: written."""
    parser = argparse.ArgumentParser(prog="python -m utilities.course.handouts", description=__doc__)
    parser.add_argument("--write", action="store_true", required=True, help="write cards and slides anew")
    parser.parse_args(argv)
    for name, text in files().items():
        (WORKSHOP / name).parent.mkdir(exist_ok=True)
        (WORKSHOP / name).write_text(text, "utf-8")
    return 0


def files() -> dict[str, str]:
    """What is written, by its path in notebooks/workshop."""
    lessons = handouts()
    cards = {f"cards/{lesson.file.removesuffix('.ipynb')}.html": card(lesson) for lesson in lessons}
    return {**cards, "slides.html": slides(lessons)}


if __name__ == "__main__":
    sys.exit(main())
