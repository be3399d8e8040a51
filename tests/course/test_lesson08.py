"""Lesson 08: wrong answers fail, each for its own reason, and right ones of another style pass. What holds
for the exercises of every lesson is in test_exercises.py, the way back in test_lesson08_answers.py."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course import lesson08
from utilities.course.lesson08.comparing import judged
from utilities.course.lesson08.ledger import PaidOtherwise
from utilities.course.lesson08.telling_apart import turn_of
from utilities.course.running.notebooks import read

RECEIPTS = lesson08.RECEIPTS
RECORDINGS = ROOT / "example_data/recordings"


# -- the material ----------------------------------------------------------------------------------------


def test_each_lane_has_its_reason():
    reasons = {id: lesson08.why_a_person(receipt) for id, receipt in RECEIPTS.items()}
    assert len(reasons) == 14
    assert {id: why for id, why in reasons.items() if why} == {
        "R-03": "189.00 from one vendor on one day is above 100.00",
        "R-05": "122.00 from one vendor on one day is above 100.00",
        "R-06": "122.00 from one vendor on one day is above 100.00",
        "R-09": "it is not in euros",
        "R-10": "it has no category of the policy",
        "R-11": "240.00 from one vendor on one day is above 100.00",
        "R-12": "the same bill came before",
    }


@pytest.mark.parametrize(
    ("receipt", "why"),
    [
        ({**RECEIPTS["R-01"], "amount": "5000.00"}, "5000.00 from one vendor on one day is above 100.00"),
        ({**RECEIPTS["R-06"], "amount": "30.00"}, None),
        ({**RECEIPTS["R-01"], "id": "R-99", "amount": "90.00"}, "104.80 from one vendor on one day is above"),
        ({**RECEIPTS["R-01"], "id": "R-99"}, "the same bill came before"),
    ],
)
def test_the_policy_looks_at_the_receipt_that_it_is_given(receipt, why):
    found = lesson08.why_a_person(receipt)
    assert (found or "").startswith(why or "") and bool(found) == bool(why)


def test_the_policy_in_words_is_the_one_in_the_notebook_and_the_one_in_code():
    words = (ROOT / "example_data/expenses/policy.md").read_text("utf-8").split()[2:]
    [quoted] = [
        cell.source for cell in read(NOTEBOOKS / "08_gate.ipynb").cells if "> An agent may" in cell.source
    ]
    assert " ".join(words) in " ".join(re.sub(r"^>", "", quoted, flags=re.M).split())
    assert f"about {lesson08.MINUTES} minutes" in " ".join(words)


def test_the_agents_differ_and_say_the_same():
    turns = {letter: turn_of(RECORDINGS / f"08_{letter}.jsonl") for letter in "abc"}
    assert len({turn.text for turn in turns.values()}) == 1
    first = {letter: judged(turn) for letter, turn in turns.items()}
    assert (first["a"].money, first["a"].minutes) == ("nothing", 8)
    assert (first["b"].money, first["b"].minutes) == ("430.50 EUR and 79.00 USD", 0)
    assert (first["c"].money, first["c"].minutes) == ("81.50 EUR", 16)
    assert all(set(judgement.moves) == set(RECEIPTS) for judgement in first.values())


def test_the_picture_says_in_words_what_it_shows():
    picture = lesson08.matrix({"agent b": turn_of(RECORDINGS / "08_b.jsonl")})
    assert (
        "agent b: 8 right; 6 wrong approvals (R-05, R-06, R-09, R-10, R-11, R-12; 430.50 EUR and"
        in picture.alt
    )


def test_what_the_fact_is_has_nothing_that_a_receipt_says_about_itself():
    assert lesson08.facts_of(RECEIPTS["R-11"]) == {
        "receipt": "R-11", "vendor": "Grand Hall", "amount": "240.00", "currency": "EUR",
        "why": "240.00 from one vendor on one day is above 100.00",
    }  # fmt: skip


# -- a prediction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["bdef", "F, E, D, B", ["b", "d", "e", "f"]])
def test_four_of_them_are_for_a_person(guess, passes):
    passes(lesson08.which, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abdef", "100.00 is the limit, and not above it"),
        ("bcdef", "add up the two bills of that day"),
        ("bdefg", "what a receipt says about itself changes nothing"),
        ("def", "look for what else was bought there"),
        ("bef", "look at the currency"),
        ("bdf", "it isn't all: what a receipt says about itself"),
        ("bde", "look for its twin"),
    ],
)
def test_each_wrong_guess_is_told_where_to_look(guess, why, fails):
    fails(lesson08.which, guess, why=why)


# -- telling agents apart --------------------------------------------------------------------------------


def lanes(calls: list[Any], name: str, lane: str) -> list[str]:
    mine = [call.input["receipt"] for call in calls if call.name == name]
    return [receipt for receipt in mine if lesson08.lane(RECEIPTS[receipt]) == lane]


def comprehensions(calls: list[Any]) -> Any:
    return set(lanes(calls, "approve", "person")), set(lanes(calls, "escalate", "agent"))


def lists_by_reason(calls: list[Any]) -> Any:
    """Asks the policy itself, keeps the order, and takes no receipt twice."""
    wrong: dict[str, None] = {}
    needless: dict[str, None] = {}
    for call in calls:
        id = call.input.get("receipt")
        why = id and lesson08.why_a_person(RECEIPTS[id])
        if call.name == "approve" and why:
            wrong[id] = None
        elif call.name == "escalate" and not why:
            needless[id] = None
    return [list(wrong), list(needless)]


@pytest.mark.parametrize("right", [comprehensions, lists_by_reason])
def test_agents_are_told_apart_in_several_ways(right, passes):
    passes(lesson08.mistakes, right)


def paid_only(calls: list[Any]) -> Any:
    """Believes that a refused approval is none."""
    done = [call for call in calls if not call.is_error]
    return comprehensions(done)


def last_move(calls: list[Any]) -> Any:
    """The last call for a receipt hides the first."""
    last = {call.input["receipt"]: call for call in calls if "receipt" in call.input}
    return comprehensions(list(last.values()))


def any_escalation_after_an_error(calls: list[Any]) -> Any:
    escalated = {call.input["receipt"] for call in calls if call.name == "escalate"}
    return set(lanes(calls, "approve", "person")), escalated


def by_the_error(calls: list[Any]) -> Any:
    """Counts the gate's refusals: without a gate there are none, and that is where it matters."""
    refused = {call.input["receipt"] for call in calls if call.name == "approve" and call.is_error}
    return refused, frozenset(lanes(calls, "escalate", "agent"))


WRONG = [
    (
        by_the_error,
        "agent b without a gate, wrong approvals: R-05 is missing. The agent's calls for it: approve, done",
    ),
    (
        paid_only,
        "agent b, wrong approvals: R-05 is missing. The agent's calls for it: approve, refused; escalate",
    ),
    (last_move, "agent b, wrong approvals: R-05 is missing"),
    (any_escalation_after_an_error, "agent a, needless escalations: R-03 is in it, and shouldn't be"),
    (lambda calls: comprehensions(calls)[::-1], "agent a, wrong approvals: R-04 is in it"),
    (lambda calls: [call.input["receipt"] for call in calls], "agent a: it raised KeyError: 'receipt'"),
    (
        lambda calls: tuple(map(len, comprehensions(calls))),
        "a set of receipt ids was expected, and you returned 0",
    ),
    (lambda calls: comprehensions(calls)[0], "two sets of receipts were expected, and you returned set()"),
    (
        lambda calls: (lanes(calls, "approve", "person"), lanes(calls, "escalate", "agent")),
        "an agent that you haven't seen, needless escalations: R-07 is in it twice",
    ),
    (lambda calls: (set(), {"R-04", "R-14"}), "agent b, wrong approvals: R-05 is missing"),
]


@pytest.mark.parametrize(("wrong", "why"), WRONG)
def test_a_count_that_is_wrong_is_told_for_which_agent_and_receipt(wrong, why, fails):
    fails(lesson08.mistakes, wrong, why=why)


# -- what a yes covers -----------------------------------------------------------------------------------


def compares_the_facts(question: Any, receipt: Any) -> Any:
    return question.verdict is True and question.facts == lesson08.facts_of(receipt)


def covers(question: Any, receipt: Any) -> Any:
    return question.covers(lesson08.facts_of(receipt))


def early_returns(question: Any, receipt: Any) -> Any:
    if not question.verdict:
        return None
    if question.facts["receipt"] != receipt["id"]:
        return None
    if any(receipt[key] != question.facts[key] for key in ("vendor", "amount", "currency")):
        return None
    if lesson08.why_a_person(receipt) != question.facts["why"]:
        return None
    return "pay"


@pytest.mark.parametrize("right", [compares_the_facts, covers, early_returns])
def test_a_yes_is_compared_in_several_ways(right, passes):
    passes(lesson08.covered, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            lambda q, r: q.verdict and q.facts["receipt"] == r["id"],
            "the amount is 1890.00 now: nothing may be paid",
        ),
        (lambda q, r: q.facts == lesson08.facts_of(r), "a no: nothing may be paid, and you said True"),
        (
            lambda q, r: q.verdict is not False and covers_facts(q, r),
            "nobody has decided yet: nothing may be paid",
        ),
        (lambda q, r: q.verdict and q.facts["amount"] == r["amount"], "the amount is in USD now"),
        (
            lambda q, r: q.verdict and all(r[k] == q.facts[k] for k in ("vendor", "amount", "currency")),
            "it has no category now, so the reason is another: nothing may be paid",
        ),
        (lambda q, r: q.verdict and q.facts == r, "nothing has changed: it may be paid, and you said False"),
        (lambda q, r: q.verdict and q.facts["note"] == r["note"], "it raised KeyError: 'note'"),
        (lambda q, r: False, "nothing has changed: it may be paid"),
    ],
)
def test_a_yes_that_covers_too_much_is_told_what_it_pays(wrong, why, fails):
    fails(lesson08.covered, wrong, why=why)


def covers_facts(question: Any, receipt: Any) -> bool:
    return bool(question.facts == lesson08.facts_of(receipt))


# -- nothing done yet ------------------------------------------------------------------------------------


def test_what_was_not_attempted_is_no_error(capsys):
    lesson08.which.check(...)
    lesson08.mistakes.check(lambda calls: (..., ...))
    lesson08.mistakes.check(lambda calls: None)
    lesson08.covered.check(lambda question, receipt: ...)
    assert capsys.readouterr().out.count("not attempted yet") == 4


def test_a_receipt_that_is_none_is_an_error_for_the_agent(tmp_path):
    approve = lesson08.approving(lesson08.Ledger(tmp_path / "ledger.db"))
    with pytest.raises(Exception, match="no receipt 'R-99': an id looks like R-01"):
        approve.call({"receipt": "R-99"})


def test_a_receipt_is_paid_once(tmp_path):
    ledger = lesson08.Ledger(tmp_path / "ledger.db")
    assert [ledger.pay(RECEIPTS["R-01"]) for _ in range(2)] == ["paid 14.80 EUR"] * 2
    assert lesson08.Ledger(tmp_path / "ledger.db").paid() == ["R-01"]


def test_a_receipt_that_was_paid_is_not_paid_with_another_amount(tmp_path):
    ledger = lesson08.Ledger(tmp_path / "ledger.db")
    ledger.pay(RECEIPTS["R-01"])
    with pytest.raises(PaidOtherwise, match="R-01: paid 14.80 EUR before, and now it says 99.00 EUR"):
        ledger.pay({**RECEIPTS["R-01"], "amount": "99.00"})


def test_another_tools_call_is_no_move():
    call = SimpleNamespace(name="refund", input={"receipt": "R-01"})
    assert judged(SimpleNamespace(tool_calls=[call])).moves == {}
