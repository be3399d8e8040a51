"""What the teacher's board knows of one learner: the checks that were reported, and since when one is stuck.

Pure: the time is an argument. What a learner has not reported is not here, and only who opted in reports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .reports import Report

MOST_EXERCISES = 200  # of one learner; the course has fewer than a hundred


@dataclass
class Tried:
    """One exercise.

    Attributes:
        report: the last one.
        passed: whether any was right: who plays on with an exercise has still solved it.
        failing_since: when the first of the failures came after which there was nothing right; None: none is.
    """

    report: Report
    passed: bool = False
    failing_since: float | None = None


@dataclass
class Seat:
    """One learner's reports."""

    tried: dict[tuple[str, str], Tried] = field(default_factory=dict)  # by lesson and exercise
    last: Tried | None = None

    def take(self, report: Report, now: float) -> None:
        """Keep a report.

        Raises:
            ValueError: there are too many exercises already.
        """
        key = report.lesson, report.exercise
        if key not in self.tried and len(self.tried) >= MOST_EXERCISES:
            raise ValueError(f"the board keeps {MOST_EXERCISES} exercises of each learner")
        tried = self.last = self.tried.setdefault(key, Tried(report))
        tried.report = report
        tried.passed = tried.passed or report.verdict == "right"
        if report.verdict != "not yet":
            tried.failing_since = None
        elif tried.failing_since is None:
            tried.failing_since = now

    def shown(self, now: float) -> dict[str, Any]:
        """The learner's row: where they are, what they have passed, and what they are stuck on."""
        if self.last is None:
            return {}
        here = self.last.report.lesson
        own = [each for each in self.tried.values() if each.report.lesson == here]
        return {
            "lesson": here,
            "exercises": [_exercise(each) for each in sorted(own, key=_place)],
            "passed": sum(each.passed for each in self.tried.values()),
            "tried": sum(each.passed or each.report.verdict == "not yet" for each in self.tried.values()),
            "stuck": self._stuck(self.last, now),
        }

    def _stuck(self, last: Tried, now: float) -> dict[str, Any] | None:
        """Who has gone on to another exercise is not stuck any more."""
        if last.failing_since is None:
            return None
        about = {"title": last.report.title, "error": last.report.error}
        return {**about, "seconds": round(now - last.failing_since)}


def _exercise(tried: Tried) -> dict[str, str]:
    verdict = "right" if tried.passed else tried.report.verdict
    return {"title": tried.report.title, "exercise": tried.report.exercise, "verdict": verdict}


def _place(tried: Tried) -> tuple[str, str]:
    return tried.report.title, tried.report.exercise
