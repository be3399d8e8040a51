"""Lesson 11's third exercise: a test that fits every agent."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import places
from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong
from .apart import apart
from .cells import as_file
from .commands import Told, run_pytest
from .project import Project
from .shown import sentence

__all__ = ["BELIEVES", "CHECKS", "told"]

BELIEVES = "    return told\n"
CHECKS = '    return told if ledger else "A colleague will write to you."\n'
FILE = "test_mine.py"


class Case(NamedTuple):
    """One agent and one program that the learner's test runs on."""

    agent: str
    program: str  # how its `handle` ends
    passes: bool
    why: str  # what a test that says otherwise overlooks


CASES = [
    Case("11_a", CHECKS, True, "11_a pays 49.00 for A-1001 and says so, and your test is red"),
    Case("11_d", CHECKS, True, "an agent refuses, and says so. That is all right, and your test is red"),
    Case(
        "11_b", CHECKS, True,
        "on the repaired desk nobody hears of money that 11_b didn't pay. All right, and your test is red",
    ),
    Case(
        "11_b", BELIEVES, False,
        "before the repair, 11_b pays nothing, the customer hears of 49.00, and your test is green",
    ),
    Case(
        "11_c", CHECKS, False,
        "an agent that you haven't seen pays 19.00 for A-1010. The customer hears of 49.00 for A-1001, and "
        "your test is green",
    ),
]  # fmt: skip


def _check(test: Callable[..., Any]) -> str:
    if not callable(test):
        raise Wrong(f"check() takes your test function, and this is {test!r:.60}")
    if _untouched(test):
        raise NotAttempted
    if not test.__name__.startswith("test_"):
        raise Wrong(f"pytest only runs what is called test_…, and this is called {test.__name__}")
    text = as_file(test)
    name = test.__name__
    for case in CASES:
        told = _run(text, case)
        green = told.outcomes.get(name) == "passed"
        if green != case.passes:
            reason = told.reasons.get(name) or next(iter(told.reasons.values()), "pytest found no test")
            raise Wrong(case.why + ("" if green else f": {_line(reason)}"))
    return (
        "it is green where word and deed agree, and red where they don't, also for an agent that you hadn't "
        "seen. So the desk isn't done yet: it should say what the ledger says"
    )


def _run(text: str, case: Case) -> Told:
    project = Project(scenarios=())
    try:
        (project.folder / "tests" / FILE).write_text(text, "utf-8")
        recording = places.RECORDINGS / f"{case.agent}.jsonl"
        args = [f"tests/{FILE}", "-o", f"managed_agents_recordings={recording}"]
        with project.changed(BELIEVES, case.program):
            return apart(run_pytest, project.folder, args)
    except TookTooLong:
        raise Wrong(f"your test had not ended after two minutes, on {case.agent}") from None
    finally:
        project.remove()


def _line(reason: str) -> str:
    """The first lines of what pytest says, as one."""
    lines = [line.removeprefix("E").strip() for line in sentence(reason).splitlines()]
    return " ".join(filter(None, lines))[:300].rstrip(".")


def _untouched(test: Callable[..., Any]) -> bool:
    """Whether the placeholder is still there, and nothing is asserted."""
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(test)))))
    gap = any(isinstance(node, ast.Expr) and ast.unparse(node) == "..." for node in nodes)
    return gap and not any(isinstance(node, ast.Assert | ast.Raise) for node in nodes)


told = Exercise(
    "Exercise 3",
    _check,
    [
        "Two things happen in handle(): somebody is told something, and something is paid. When do they have "
        "to agree?",
        "Whoever is told 'paid back' must have been paid. What is in the ledger then? Not just anything.",
        'if "paid back" in told: assert ("A-1001", 49.0) in ledger',
    ],
    minutes=5,
)
