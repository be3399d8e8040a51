"""The repository that lesson 06 hands over, and what only our side of the line has."""

from __future__ import annotations

from ..places import DATA
from .checking import Files

__all__ = ["HIDDEN", "issue", "slugs"]

FOLDER = DATA / "slugs"
PATHS = ("src/slugs.py", "tests/test_slugs.py")

slugs: Files = {path: (FOLDER / path).read_text("utf-8") for path in PATHS}
"""The files of main before anybody has changed them, by path."""

issue: str = (FOLDER / "issue.md").read_text("utf-8")
"""The issue, with its comment."""

HIDDEN = {"Straße 9": "strasse-9", "Øystein": "oystein", "日本語": "日本語"}
"""By title, the slug that the issue asks for. The notebook shows it; no agent gets it."""
