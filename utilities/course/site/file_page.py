"""Pages for what a text links to and Sphinx can't read: a file of code, a folder."""

from __future__ import annotations

from pathlib import PurePosixPath

from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

from ..places import ROOT
from .lesson_page import fenced

# Reachable by links alone, and not searched: a word of the course would be found in the code of its tests.
ASIDE = "---\norphan: true\nnosearch: true\n---\n\n"
LEFT_OUT = (".", "__pycache__")  # how what tools keep for themselves begins


def file_page(path: str) -> str:
    """A file's content under its name.

    Args:
        path: from the repository's root.
    """
    text = (ROOT / path).read_text("utf-8").rstrip()
    return f"{ASIDE}# `{path}`\n\n{fenced(text, _language(path))}\n"


def folder_page(path: str) -> str:
    """What is in a folder, each with a link to its page.

    Args:
        path: from the repository's root.
    """
    inside = sorted(each for each in (ROOT / path).iterdir() if not each.name.startswith(LEFT_OUT))
    name = PurePosixPath(path).name
    lines = [f"- [`{each.name}`]({name}/{each.name})" for each in inside]
    return "\n".join([f"{ASIDE}# `{path}/`", "", *lines]) + "\n"


def _language(path: str) -> str:
    try:
        return str(get_lexer_for_filename(path).aliases[0])
    except ClassNotFound:
        return "text"
