"""Several runs of the same tests beside each other."""

from __future__ import annotations

from collections.abc import Mapping

from ..table import Table
from .project import PytestRun

__all__ = ["matrix"]

COLOURS = {"passed": "green", "failed": "RED", "error": "ERROR"}


def matrix(runs: Mapping[str, PytestRun]) -> Table:
    """A row for each test, a column for each run.

    Args:
        runs: by what was different.
    """
    tests = list(dict.fromkeys(name for run in runs.values() for name in run.told.outcomes))
    outcome = {what: run.told.outcomes for what, run in runs.items()}
    rows = {
        test: {what: COLOURS.get(outcomes.get(test, ""), "-") for what, outcomes in outcome.items()}
        for test in tests
    }
    return Table("What four tests say", rows)
