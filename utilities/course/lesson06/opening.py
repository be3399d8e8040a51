"""Lesson 06's last exercise: a pull request that is opened once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from .checking import Files
from .forge import Forge, Pull
from .material import issue, slugs

__all__ = ["opening"]

PATIENCE = 10.0  # seconds for one call of the learner's function
OpenOnce = Callable[[Forge, str, Files], Any]
TITLE = "Keep the letters of titles"
CODE, NOTES = "src/slugs.py", "README.md"


def _check_opening(open_once: OpenOnce) -> str:
    forge = Forge(slugs, issue, hidden={})
    fix = {CODE: slugs[CODE] + "# one\n", NOTES: "Notes.\n"}
    first = _opened(open_once, forge, TITLE, fix, "the first call")
    if len(forge.pulls) != 1:
        raise Wrong(f"after the first call there are {len(forge.pulls)} pull requests")
    again = _opened(open_once, forge, TITLE, dict(fix), "the same call once more")
    if len(forge.pulls) != 1:
        raise Wrong("the same call came twice, and there are two pull requests")
    if again.number != first.number:
        raise Wrong("the same call came twice, and the second time another pull request came back")
    for files, what in (
        ({**fix, CODE: slugs[CODE] + "# two\n"}, "other text in src/slugs.py"),
        ({CODE: fix[CODE]}, "one file of the two"),
        ({**fix, "CHANGES.md": "Letters.\n"}, "one file more"),
    ):
        known = len(forge.pulls)
        other = _opened(open_once, forge, TITLE, files, f"a call with the same title and {what}")
        if len(forge.pulls) == known or other.number != len(forge.pulls):
            raise Wrong(
                f"a call with the same title and {what} is another change, and got pull {other.number}, "
                "which is an older one"
            )
    known = len(forge.pulls)
    other = _opened(open_once, forge, "Letters", dict(fix), "a call with another title and the same files")
    if len(forge.pulls) == known or other.number != len(forge.pulls):
        raise Wrong(f"another title is another call, and got pull {other.number}, which is an older one")
    forge.push(first.number, {CODE: slugs[CODE] + "# three\n"})
    late = _opened(open_once, forge, TITLE, dict(fix), "the first call, once more")
    if late.number != first.number:
        raise Wrong(
            f"the first call came once more, after others and a push, and got pull {late.number}, "
            f"not {first.number}"
        )
    return "the same call opens one pull request, even after others and a push; another call gets its own"


def _opened(open_once: OpenOnce, forge: Forge, title: str, files: Files, which: str) -> Pull:
    try:
        pull = within(PATIENCE, open_once, forge, title, files)
    except TookTooLong:
        raise Wrong(f"{which} was still at it after {PATIENCE:.0f} s") from None
    except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
        raise Wrong(f"{which} raised {type(error).__name__}: {error}") from None
    if pull is ...:
        raise NotAttempted
    if not isinstance(pull, Pull):
        raise Wrong(f"{which} returned {pull!r:.60}, not a pull request")
    return pull


opening = Exercise(
    "Exercise 3",
    _check_opening,
    [
        "forge.pulls has all pull requests. By what would you know that one of them was made by this very "
        "call?",
        "Two changes can have one title. pull.changes is what a pull request was opened with: a dict, like "
        "files.",
        "next((pull for pull in forge.pulls if …), None) finds the first for which the condition holds, or "
        "gives None.",
    ],
    minutes=4,
)
