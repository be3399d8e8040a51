"""Lesson 08's exercise about what a yes covers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from utilities.approvals import Approval

from ..exercises import Exercise, Wrong, answer_of, require_answers
from .policy import RECEIPTS, facts_of

__all__ = ["covered"]

ASKED = RECEIPTS["R-03"]
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
YES = {"verdict": True, "by": "Mira", "decided": AT}


def _asked(**more: Any) -> Approval:
    return Approval("appr_1", "sesn_1", "sevt_1", dict(facts_of(ASKED)), AT, **more)


CASES: list[tuple[str, Approval, dict[str, str], bool]] = [
    ("a yes, and nothing has changed", _asked(**YES), ASKED, True),
    ("a no", _asked(**{**YES, "verdict": False}), ASKED, False),
    ("nobody has decided yet", _asked(), ASKED, False),
    ("nobody decided in time", _asked(verdict=False, decided=AT), ASKED, False),
    ("a yes, and the amount is 1890.00 now", _asked(**YES), {**ASKED, "amount": "1890.00"}, False),
    ("a yes, and the amount is in USD now", _asked(**YES), {**ASKED, "currency": "USD"}, False),
    ("a yes, and another vendor now", _asked(**YES), {**ASKED, "vendor": "Hotel Krone"}, False),
    ("a yes for another receipt", _asked(**YES), RECEIPTS["R-11"], False),
    (
        "a yes, and it has no category now, so the reason is another",
        _asked(**YES),
        {**ASKED, "category": ""},
        False,
    ),
    ("a yes, and a new note, which nobody was asked about", _asked(**YES), {**ASKED, "note": "three"}, True),
]


def _check(may_pay: Callable[[Any, Any], Any]) -> str:
    answers = [answer_of(what, may_pay, question, dict(receipt)) for what, question, receipt, _ in CASES]
    require_answers(may_pay, answers)
    for (what, _, _, right), answer in zip(CASES, answers, strict=True):
        if bool(answer) != right:
            raise Wrong(
                f"{what}: {'it may be paid' if right else 'nothing may be paid'}, and you said {answer!r}"
            )
    return f"{len(CASES)} cases, and a yes pays what the person saw"


covered = Exercise(
    "Exercise 3",
    _check,
    [
        "Two questions: did a person say yes, and is this what they said yes to?",
        "question.facts has what the person saw. lesson08.facts_of(receipt) has the same of the receipt "
        "as it is now.",
    ],
    minutes=4,
)
