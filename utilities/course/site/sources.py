"""What Sphinx reads: the repository's own texts and notebooks, in the folders that they have there.

So a link from one to another is the same link as in the repository. What it leads to and Sphinx can't
read (a file of code, a folder) becomes a page, and the link gets that page's name.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from ..places import ROOT
from .file_page import file_page, folder_page
from .front import front_page
from .lesson_page import SOLUTIONS, with_solutions
from .reference import pages as reference_pages

TEXTS = (
    *("README.md", "CONTRIBUTING.md", "utilities/managed_agents_pytest/README.md"),
    *("utilities/replay/README.md", "utilities/replay/SCENARIOS.md", "utilities/replay/FIDELITY.md"),
)
WORKSHOP, IMAGES = "notebooks/workshop", "notebooks/images"
LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
BLOCK = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1", re.M | re.S)
MERMAID = re.compile(r"```mermaid\n(.*?)```", re.S)


def texts() -> list[str]:
    """The texts that become pages, by their paths; those of workshops, if there are any."""
    workshop = sorted((ROOT / WORKSHOP).rglob("*.md"), key=lambda path: (path.stem != "README", path))
    return [*TEXTS, *(path.relative_to(ROOT).as_posix() for path in workshop)]


def lessons() -> list[str]:
    """The notebooks that become pages, by their paths: the lessons, then those of deep/."""
    found = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("notebooks/deep/*.ipynb"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def lay_out(folder: Path, *, lite: bool) -> list[str]:
    """Write all that Sphinx reads.

    Args:
        folder: where; made if it isn't there.
        lite: whether the site has the lessons that run in a browser, so that the front page leads to them.

    Returns:
        What is linked to and is a page already (cards, slides), with the folder of pictures that it shows:
        paths in the repository, to be put at the same place in the site.
    """
    layout = _Layout(folder)
    for path in lessons():
        layout.notebook(path)
    for path in texts():
        layout.text(path, (ROOT / path).read_text("utf-8"))
    for path, text in reference_pages().items():
        layout.text(path, text)
    layout.text("index.md", front_page(lessons(), texts(), lite=lite))
    shutil.copytree(ROOT / IMAGES, folder / IMAGES)
    layout.linked_files()
    return sorted({IMAGES, *layout.made_already})


class _Layout:
    """The folder as it grows: what pages link to is added at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.linked: set[str] = set()
        self.made_already: set[str] = set()
        self.pages: set[str] = {*texts(), *lessons(), *reference_pages(), "index.md"}

    def write(self, path: str, text: str) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def text(self, path: str, text: str) -> None:
        self.write(path, self.with_links(MERMAID.sub(_as_table, text), path))

    def notebook(self, path: str) -> None:
        notebook: dict[str, Any] = json.loads((ROOT / path).read_text("utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = self.with_links("".join(cell["source"]), path)
        notebook["cells"] = with_solutions(path, notebook["cells"])
        self.write(path, json.dumps(notebook, ensure_ascii=False))

    def with_links(self, text: str, path: str) -> str:
        """The text, its links to files led to their pages; blocks of code stay as they are."""
        made, end = [], 0
        for block in [*BLOCK.finditer(text), None]:
            prose = text[end : block.start() if block else len(text)]
            made += [LINK.sub(lambda link: self._link(link, path), prose), block[0] if block else ""]
            end = block.end() if block else end
        return "".join(made)

    def _link(self, link: re.Match[str], path: str) -> str:
        here = PurePosixPath(path).parent.as_posix()
        target, fragment = normpath(f"{here}/{link[1]}"), link[2] or ""
        if target in self.pages or target.startswith(f"{IMAGES}/"):
            return link[0]
        if target.startswith("notebooks/solutions/"):
            return f"#{SOLUTIONS}{PurePosixPath(target).stem}".lower()
        if target in ("notebooks/solutions", "notebooks/deep"):
            return relpath("index.md", here) + ("#deeper" if target.endswith("deep") else "#lessons")
        if not (ROOT / target).exists():
            return link[0]  # Sphinx says so
        if target.endswith(".html"):
            self.made_already.add(target)
            return f"page:{link[1]}{fragment}"  # a kind of address that conf.py leaves as it is
        self.linked.add(target)
        return relpath(f"{target}.md", here) + fragment

    def linked_files(self) -> None:
        """A page for each file and folder that a page has linked to, and for what they list in turn."""
        done: set[str] = set()
        while left := self.linked - done:
            for target in sorted(left):
                done.add(target)
                if (ROOT / target).is_dir():
                    self.text(f"{target}.md", folder_page(target))
                else:
                    self.write(f"{target}.md", file_page(target))


def _as_table(diagram: re.Match[str]) -> str:
    """A diagram of arrows as a table: drawing it would need a script from elsewhere."""
    named = dict(re.findall(r'^ *(\w+)\["(.*?)"\]$', diagram[1], re.M))
    known: dict[str, list[str]] = {name: [] for name in named}
    for room, other in re.findall(r"^ *(\w+) --> (\w+)$", diagram[1], re.M):
        known[room].append(named[other])
    rows = [f"| {named[room]} | {', '.join(others) or '–'} |" for room, others in known.items()]
    return "\n".join(["| room | knows |", "|---|---|", *rows]) + "\n"
