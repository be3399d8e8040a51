"""Badges that open the course on Binder and on Colab, for a repository of it that anybody can read.

    python -m utilities.course.badges OWNER/NAME                  # prints them, for the README
    python -m utilities.course.badges OWNER/NAME --colab FOLDER   # and writes the lessons as Colab needs them

Binder builds an image of the whole repository from the folder `.binder`. Colab opens one notebook and has
nothing else, so the lessons there begin with a cell that gets the course: what is written to FOLDER is the
content of the repository's branch `colab`.
"""

from __future__ import annotations

import argparse
import posixpath
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from utilities.console import forgiving

from .places import ROOT

FIRST = "00_one_turn.ipynb"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
BRANCH = "colab"
LESSON = re.compile(r"\d\d_\w+\.ipynb")  # those beside each other, which are on the branch
RELATIVE = re.compile(r"(?<=\]\()(?!\w+:|#)[^)\s]+")
# Colab has Jupyter, matplotlib, ipywidgets and pytest; another Jupyter would get in its way.
GETS_THE_COURSE = """\
# Colab has only this notebook: this cell gets the rest, in about two minutes.
!git clone --quiet --depth 1 {url} course
!pip install --quiet -e course "astrocyte[sqlite]" wordllama
import sys

sys.path.insert(0, "course")  # found by this kernel, which was started before"""


def badges(repository: str) -> str:
    """Markdown of both.

    Args:
        repository: its owner and name on GitHub.
    """
    binder = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/notebooks/{FIRST}"
    return (
        f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"({_on_colab(repository)}{FIRST})"
    )


def for_colab(lesson: NotebookNode, repository: str) -> NotebookNode:
    """The lesson with a first cell that gets the course; its pictures and its links lead to GitHub and Colab.

    Args:
        lesson: stays as it is.
        repository: its owner and name on GitHub.
    """
    made: NotebookNode = nbformat.from_dict(lesson)
    for cell in made.cells:
        if cell.cell_type == "markdown":
            cell.source = RELATIVE.sub(lambda link: _address(link[0], repository), cell.source)
    source = GETS_THE_COURSE.format(url=f"https://github.com/{repository}")
    made.cells.insert(0, new_code_cell(source, id="colab"))
    return made


def _address(link: str, repository: str) -> str:
    """Where a lesson's relative link leads to from elsewhere."""
    if LESSON.fullmatch(link):
        return _on_colab(repository) + link
    path = posixpath.normpath(f"notebooks/{link}")
    if link.startswith("images/"):
        return f"https://raw.githubusercontent.com/{repository}/HEAD/{path}"
    return f"https://github.com/{repository}/blob/HEAD/{path}"


def _on_colab(repository: str) -> str:
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/"


def main(argv: list[str] | None = None) -> int:
    """The command. 0: done. 2: no such repository can be."""
    forgiving()
    parser = argparse.ArgumentParser(prog="python -m utilities.course.badges", description=__doc__)
    parser.add_argument("repository", help="OWNER/NAME on GitHub")
    parser.add_argument("--colab", type=Path, metavar="FOLDER", help="write the lessons for Colab there")
    options = parser.parse_args(argv)
    if not REPOSITORY.fullmatch(options.repository):
        print(f"{options.repository!r} is no repository: OWNER/NAME is meant", file=sys.stderr)
        return 2
    print(badges(options.repository))
    if options.colab:
        options.colab.mkdir(parents=True, exist_ok=True)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            lesson = nbformat.read(path, as_version=4)
            nbformat.write(for_colab(lesson, options.repository), options.colab / path.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
