"""A forge in memory: main, pull requests, checks, review and merge. What GitHub or GitLab are, on one page.

It is on our side of the line: an agent reaches it by the tools of `forge_tools`, and by nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from anthropic.lib.tools import ToolError

from .checking import Checks, Files, commit_of, require_inside, run_checks

__all__ = ["LogEntry", "Forge", "Pull", "Refused"]

Reviewer = Callable[[Files], str]
DOCSTRING = "approved. A docstring that says what becomes of the letters would help whoever comes next"


class Refused(ToolError):
    """The forge doesn't do it; the text says why, to an agent too."""


class LogEntry(NamedTuple):
    """One thing that the forge did, or refused to do, at one state of the files."""

    what: str
    head: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what:<9} {self.head:<10} {self.why}".rstrip()


@dataclass
class Pull:
    """A pull request.

    Attributes:
        number, title: what it is called.
        changes: the files that it was opened with; a push leaves that as it is.
        base: the state of main that it is built on.
        files: all files as they would be.
        state: "open" or "merged".
        approved: the head that the reviewer has approved; None if there is none, or a push came after it.
    """

    number: int
    title: str
    changes: Files
    base: str
    files: Files = field(repr=False)
    state: str = "open"
    approved: str | None = None

    @property
    def head(self) -> str:
        """The state of its files, by their hash."""
        return commit_of(self.files)


def by_rule(files: Files) -> str:
    """A reviewer who approves, and says so when `slug` has no docstring. In real life a person."""
    _, _, body = files.get("src/slugs.py", "").partition("def slug(title):\n")
    return "approved" if body.lstrip().startswith('"""') else DOCSTRING


class Forge:
    """A repository, and everything that decides what gets into it.

    Args:
        files: what main has, text by path.
        issue: the issue's text.
        hidden: cases that only the forge knows: by title, the expected slug.
        protected: what these paths begin with, no pull request can change.
        reviewer: reads the files of a green pull request; approves if what it says begins with "approved".

    Attributes:
        main: the files of main.
        issue, hidden, protected: the same.
        pulls: all pull requests, in their order.
        log: what the forge did and what it refused, in its order.
    """

    def __init__(
        self,
        files: Mapping[str, str],
        issue: str,
        *,
        hidden: Mapping[str, str],
        protected: tuple[str, ...] = ("tests/",),
        reviewer: Reviewer = by_rule,
    ) -> None:
        self.main: Files = dict(files)
        self.issue, self.hidden, self.protected = issue, dict(hidden), protected
        self.reviewer = reviewer
        self.pulls: list[Pull] = []
        self.log: list[LogEntry] = []
        self._found: dict[str, Checks] = {}  # by head
        self._lock = threading.RLock()  # tools that are called together run in threads

    def __getstate__(self) -> dict[str, object]:
        """What a copy gets: all but the lock, which can't be copied."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()

    def open_pull(self, title: str, files: Files) -> Pull:
        """Open a pull request.

        Args:
            title: what it does.
            files: the files that it adds or changes, each whole.

        Raises:
            Refused: it changes nothing, or something that is protected.
        """
        with self._lock:
            changed = self._changed(files)
            pull = Pull(len(self.pulls) + 1, title, dict(files), commit_of(self.main), changed)
            self.pulls.append(pull)
            self._log("opened", pull.head, f"pull {pull.number}: {title}")
            return pull

    def push(self, number: int, files: Files) -> Pull:
        """Put a new state into an open pull request. An approval was for the old one, so it is void.

        Args:
            number: of the pull request.
            files: all files that it adds or changes, each whole.

        Raises:
            Refused: there is no such open pull request, or the change isn't allowed.
        """
        with self._lock:
            pull = self._pull(number)
            if pull.state != "open":
                raise self._refused(pull.head, f"pull {number} is {pull.state}")
            pull.files, pull.base = self._changed(files), commit_of(self.main)
            void = pull.approved not in (None, pull.head)
            self._log("pushed", pull.head, f"the approval of {pull.approved} is void" if void else "")
            if void:
                pull.approved = None
            return pull

    def checks(self, number: int) -> Checks:
        """Run the checks of a pull request, for the head that it has now.

        Raises:
            Refused: there is no such pull request.
        """
        with self._lock:
            pull = self._pull(number)
            found = self._found[pull.head] = run_checks(pull.files, self.hidden)
            self._log("checked", pull.head, f"{found.counts}: {'green' if found.green else 'red'}")
            return found

    def review(self, number: int) -> str:
        """Ask the reviewer, who looks at the head that the pull request has now.

        Returns:
            What the reviewer says.

        Raises:
            Refused: there is no such pull request, or its checks aren't green.
        """
        with self._lock:
            pull = self._pull(number)
            self._require_green(pull.head)
            said = self.reviewer(dict(pull.files))
            if said.startswith("approved"):
                pull.approved = pull.head
                self._log("approved", pull.head)
            return said

    def merge(self, number: int, head: str) -> str:
        """Make this head of a pull request main: if it is green, and approved, and built on main as it is.

        Safe to repeat: what is merged already is not merged again, and the answer is the same.

        Args:
            number: of the pull request.
            head: the state that is to be merged.

        Returns:
            What main is now.

        Raises:
            Refused: one of these doesn't hold for this head.
        """
        with self._lock:
            pull = self._pull(number)
            if head != pull.head:
                raise self._refused(head, f"pull {number} is at {pull.head}, not at {head}")
            done = f"pull {number} is merged: main is {head}"
            if pull.state == "merged":
                return done
            self._require_green(head)
            if pull.approved != head:
                raise self._refused(head, f"nobody has approved {head}: ask for a review of it")
            if pull.base != commit_of(self.main):
                raise self._refused(head, "main has changed since: push once more, on top of it")
            self.main, pull.state = dict(pull.files), "merged"
            self._log("merged", head)
            return done

    def _changed(self, files: Files) -> Files:
        """Main with these files, which may be changed."""
        for path in files:
            try:
                require_inside(path)
            except ValueError as error:
                raise self._refused("", str(error)) from None
            if path.casefold().startswith(self.protected):  # some file systems know no case
                raise self._refused("", f"{path} is protected: no pull request can change it")
        changed = self.main | files
        if changed == self.main:
            raise self._refused("", "that changes nothing")
        return changed

    def _pull(self, number: int) -> Pull:
        if not 1 <= number <= len(self.pulls):
            raise self._refused("", f"there is no pull {number}")
        return self.pulls[number - 1]

    def _require_green(self, head: str) -> None:
        found = self._found.get(head)
        if found is None:
            raise self._refused(head, f"the checks of {head} haven't been run")
        if not found.green:
            raise self._refused(head, f"the checks of {head} are red: {found.counts}")

    def _refused(self, head: str, why: str) -> Refused:
        self._log("refused", head, why)
        return Refused(why)

    def _log(self, what: str, head: str, why: str = "") -> None:
        self.log.append(LogEntry(what, head, why))
