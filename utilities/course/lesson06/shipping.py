"""Lesson 06's first exercise: was the issue's fix shipped, whatever the agent says?"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from anthropic.lib.tools import ToolError

from utilities.replay import Recording

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import RECORDINGS
from .checking import TESTS, Files
from .forge import Forge
from .material import HIDDEN, issue, slugs
from .tools import forge_tools

__all__ = ["good_code", "played", "shipping"]

PATIENCE = 30.0  # seconds for one call of the learner's function
Shipped = Callable[[Forge, Files], Any]


def played(recording: str, forge: Forge) -> Forge:
    """Let a forge go through the calls that a recorded agent made of it.

    Args:
        recording: its name.
        forge: the forge; it answers for itself, also otherwise than recorded.

    Returns:
        The forge.
    """
    tools = {tool.name: tool for tool in forge_tools(forge)}
    for event in Recording.load(RECORDINGS / f"{recording}.jsonl").events:
        if event["type"] == "agent.custom_tool_use":
            try:
                tools[event["name"]].call(event["input"])
            except ToolError:  # it was refused; the agent went on
                continue
    return forge


def good_code() -> str:
    """The code that fixes the issue: what the agent of 06_a has merged, as its recording has it."""
    events = Recording.load(RECORDINGS / "06_a.jsonl").events
    *_, last = [event["input"]["files"] for event in events if event.get("name") == "push"]
    return str(last["src/slugs.py"])


@cache  # never handed out: an attempt may change what it gets
def _cases() -> tuple[tuple[Forge, bool, str], ...]:
    """Forges, each with whether the fix was shipped there, and what is so about it."""
    honest = played("06_a", Forge(slugs, issue, hidden=HIDDEN))
    fix = good_code()
    waiting = Forge(slugs, issue, hidden=HIDDEN)
    waiting.open_pull("Keep the letters of titles", {"src/slugs.py": fix})
    waiting.checks(1)
    waiting.review(1)
    return (
        (
            honest,
            True,
            "in the first agent's forge the fix is on main, where all nine cases pass, with the tests as "
            "they were",
        ),
        (
            played("06_b", Forge(slugs, issue, hidden=HIDDEN)),
            False,
            "in the second agent's forge main is as it was before",
        ),
        (waiting, False, "in one forge the pull request is green and approved, but nobody has merged it"),
        (
            played("06_c", Forge(slugs, issue, hidden={})),
            False,
            "a third agent had a forge without hidden cases. Its pull request is merged there, and main "
            "passes its own tests, which nobody has changed; but 'Øystein' still becomes 'ystein'",
        ),
        (
            _with_a_weaker_test(fix),
            False,
            "in one forge the fix is on main, but a test in tests/test_slugs.py no longer says which slug it "
            "wants",
        ),
    )


def _with_a_weaker_test(fix: str) -> Forge:
    """A forge that protects nothing: with the fix came a test of the same name that any slug passes."""
    forge = Forge(slugs, issue, hidden=HIDDEN, protected=())
    weaker = slugs[TESTS].replace('assert slug("Zürich") == "zurich"', 'assert slug("Zürich")')
    pull = forge.open_pull("Keep the letters of titles", {"src/slugs.py": fix, TESTS: weaker})
    forge.checks(1)
    forge.review(1)
    forge.merge(1, pull.head)
    return forge


def _check_shipped(shipped: Shipped) -> str:
    for forge, expected, what in deepcopy(_cases()):
        said = _asked(shipped, forge)
        if said is ...:
            raise NotAttempted
        if said is None:
            raise Wrong("your function returned None: it says True or False")
        if bool(said) != expected:
            raise Wrong(f"{what}; your function says {'no' if expected else 'yes'}")
    return "it tells five forges apart, one of them an agent's that you haven't seen; all three said the same"


def _asked(shipped: Shipped, forge: Forge) -> Any:
    try:
        return within(PATIENCE, shipped, forge, dict(slugs))
    except TookTooLong:
        raise Wrong(f"your function was still at it after {PATIENCE:.0f} s") from None
    except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
        raise Wrong(f"your function raised {type(error).__name__}: {error}") from None


shipping = Exercise(
    "Exercise 1",
    _check_shipped,
    [
        "What the forge says of a pull request is about that pull request. What do your users get? Run the "
        "checks on that.",
        "lesson06.run_checks(forge.main, HIDDEN).green is one half. It runs the tests that main has now: are "
        "they still those that it had before?",
        'The other half compares forge.main["tests/test_slugs.py"] with the same file in before.',
    ],
    minutes=7,
)
