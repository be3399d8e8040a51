"""What a learner's check may tell the teacher's board, and nothing more than that.

Both ends know it from here: `utilities.course.reporting` sends it, `board` keeps it. No code, no answer and
no message of an error is in it. Every field has a form of its own, so that nothing else fits in.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Self

REPORTS = "/board/reports"  # where it is sent to
VERDICTS = ("right", "not yet", "not attempted")
FORMS = {
    "lesson": r"\d\d",
    "exercise": r"[a-z_][a-z0-9_]{0,39}",
    "title": r"[A-Za-z0-9][A-Za-z0-9 .:,-]{0,39}",
    "verdict": "|".join(VERDICTS),
    "error": r"([A-Za-z_][A-Za-z0-9_]{0,39})?",
}


@dataclass(frozen=True)
class Report:
    """One check.

    Args:
        lesson: its number, "03".
        exercise: how the lesson's module calls it, "batching".
        title: how the lesson calls it, "Exercise 2".
        verdict: one of `VERDICTS`.
        error: the type of the exception that the answer raised, "TypeError"; or "".

    Raises:
        ValueError: a field that doesn't look like that.
    """

    lesson: str
    exercise: str
    title: str
    verdict: str
    error: str = ""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str) or not re.fullmatch(FORMS[name], value, re.ASCII):
                raise ValueError(f"{name}: {str(value)[:60]!r} is none")

    @classmethod
    def of(cls, body: Any) -> Self:
        """The report that a body is.

        Raises:
            ValueError: it is none; fields that a report doesn't have are no report either.
        """
        if not isinstance(body, dict) or not body.keys() <= FORMS.keys():
            raise ValueError(f"a report has {', '.join(FORMS)}, and nothing else")
        try:
            return cls(**body)
        except TypeError as error:
            raise ValueError(f"a report has {', '.join(FORMS)}: {error}") from error

    @property
    def body(self) -> dict[str, str]:
        """What is sent."""
        return asdict(self)
