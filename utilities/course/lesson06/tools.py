"""The one door between an agent and the forge."""

from __future__ import annotations

from typing import Any

from anthropic import beta_tool

from .checking import Files
from .forge import Forge

__all__ = ["forge_tools"]


def forge_tools(forge: Forge) -> list[Any]:
    """Six tools of an agent, run by your process on this forge. None of them gives an approval.

    Args:
        forge: the forge.

    Returns:
        The SDK's runnable tools.
    """

    @beta_tool
    def read_issue() -> str:
        """Read the issue, with its comments."""
        return forge.issue

    @beta_tool
    def open_pull(title: str, files: Files) -> str:
        """Open a pull request. `files` has each added or changed file whole, by its path, as src/slugs.py."""
        pull = forge.open_pull(title, files)
        return f"pull {pull.number} is open, head {pull.head}"

    @beta_tool
    def push(number: int, files: Files) -> str:
        """Push a new state of a pull request. `files` has all its added or changed files, as in open_pull."""
        pull = forge.push(number, files)
        return f"pull {pull.number} has head {pull.head} now"

    @beta_tool
    def run_checks(number: int) -> str:
        """Run the checks of a pull request: the tests that you know, and cases that you don't."""
        return str(forge.checks(number))

    @beta_tool
    def ask_review(number: int) -> str:
        """Ask the reviewer to look at a pull request whose checks are green."""
        return forge.review(number)

    @beta_tool
    def merge(number: int, head: str) -> str:
        """Merge this head of a pull request into main. It has to be green and approved."""
        return forge.merge(number, head)

    return [read_issue, open_pull, push, run_checks, ask_review, merge]
