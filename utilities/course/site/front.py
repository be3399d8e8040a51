"""The front page: what the course is, its lessons, and the way to all else. Made from what is there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..places import ROOT
from .lesson_page import source

CAPTIONS = {
    "Reference": [
        *("reference/index.md", "utilities/managed_agents_pytest/README.md", "utilities/replay/README.md"),
        *("utilities/replay/SCENARIOS.md", "utilities/replay/FIDELITY.md"),
    ],
    "The project": ["README.md", "CONTRIBUTING.md"],
}
TITLES = {"README.md": "Set up, commands, copying", "CONTRIBUTING.md": "Contributing"}
SET_UP = "To run them, [set the course up](README.md#start): one command, or none but Python."
AS_EXECUTED = (
    "What a lesson printed and drew is on its page, as it was executed on the recordings. "
    "The solution of each exercise is folded below it."
)
WHY_DEEPER = "What a lesson leaves out, for those who want more."
IN_BROWSER = "[Run lessons 00, 01 and 03 in the browser](page:lite/index.html), with nothing installed."


@dataclass(frozen=True)
class Lesson:
    """What the front page says of a lesson.

    Attributes:
        path: of its notebook, from the repository's root.
        title: without "Lesson": "03 · `requires_action`".
        question: that it answers.
        minutes: as it states them.
    """

    path: str
    title: str
    question: str
    minutes: str


def lesson(path: str) -> Lesson:
    """A lesson, as the first cell of its notebook presents it.

    Raises:
        ValueError: the cell has no title, question or minutes where lessons have them.
    """
    opening = source(json.loads((ROOT / path).read_text("utf-8"))["cells"][0])
    found = re.match(r"# (?:Lesson|Deeper) (.+)\n\n\*(.+)\*\n(?:.*\n)*?.*\*\*(\d+) minutes\*\*", opening)
    if not found:
        raise ValueError(f"{path} doesn't open with a title, a question in italics and **N minutes**")
    return Lesson(path, found[1], found[2], found[3])


def front_page(lessons: list[str], texts: list[str], *, lite: bool) -> str:
    """The page, in Markdown; what the pages' sidebar has is in it, too.

    Args:
        lessons: the notebooks, those of deep/ last.
        texts: the other pages; those of workshops are recognised by their folder.
        lite: whether there is a folder with lessons that run in the browser.
    """
    about = (ROOT / "README.md").read_text("utf-8").partition("\n## ")[0]
    (picture,) = re.findall(r"^!\[.*$", about, re.M)
    every = [lesson(path) for path in lessons]
    first = [each for each in every if "/deep/" not in each.path]
    deeper = [each for each in every if "/deep/" in each.path]
    sidebar = {"Lessons": [each.path for each in first], "Deeper": [each.path for each in deeper]}
    sidebar["Teach it"] = [text for text in texts if text.startswith("notebooks/workshop/")]
    parts = [
        *(about.replace(picture, "").strip(), SET_UP, IN_BROWSER if lite else ""),
        *("## Lessons", _listed(first), AS_EXECUTED),
        *("## Deeper", WHY_DEEPER, _listed(deeper)),
        *("## How it looks", picture),
        *(_toctree(caption, paths) for caption, paths in (sidebar | CAPTIONS).items() if paths),
    ]
    return "\n\n".join(parts) + "\n"


def _listed(lessons: list[Lesson]) -> str:
    items = [
        f"- **[{each.title}]({each.path})** · {each.minutes} min\n\n  {each.question}" for each in lessons
    ]
    return ":::{container} lessons\n" + "\n".join(items) + "\n:::"


def _toctree(caption: str, paths: list[str]) -> str:
    entries = [f"{TITLES[path]} <{path}>" if path in TITLES else path for path in paths]
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```"])
