"""The exercises of lesson 02: solutions pass their checks, wrong answers fail them."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import date
from typing import Any

import pytest
from anthropic import beta_async_tool, beta_tool

from utilities import memory_tools
from utilities.course.exercises import Exercise
from utilities.course.lesson02 import checks as lesson02

pytestmark = pytest.mark.slow

EXERCISES = [exercise for exercise in vars(lesson02).values() if isinstance(exercise, Exercise)]


def test_not_attempted_is_no_error(capsys):
    lesson02.finding.check(...)
    lesson02.banking.check(lambda user_id: ...)
    lesson02.own_tool.check(lambda brain, bank_id: ...)
    assert [exercise.passed for exercise in EXERCISES] == [None, None, None]
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 2, 3)] == [True] * 3


# -- 1: a note that is found -----------------------------------------------------------------------------


def test_the_note_as_it_was_is_not_found_for_any_question():
    assert all(rank > 3 for rank in lesson02.ranks(lesson02.NOTE).values())


@pytest.mark.parametrize(
    "content",
    [
        "Every Thursday at 7 pm Ada has a Spanish language course; her teacher is Rosa.",
        "Ada takes a course in the Spanish language, with Rosa, on Thursdays at 19:00.",
        "Ada learns Spanish: Rosa teaches her on Thursdays at 7 pm.",
    ],
)
def test_a_sentence_that_can_be_understood_alone_is_found(content, passes):
    passes(lesson02.finding, content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lesson02.NOTE, "the note as it was"),
        ("", "is a text"),
        (7, "is a text"),
        ("She has it on Thursdays at 7 with Rosa.", "not yet first"),
        ("Thu 19h Rosa, Spanish", "not yet first"),
        ("Ada has a Spanish language course.", "'Thu' is lost"),
        ("Ada has a Spanish language course on Thursdays at 7.", "'Rosa' is lost"),
        (f"Thu 19h Rosa. {' '.join(lesson02.QUESTIONS)}", "list of questions"),
        ("Every Thursday at 7 Ada has a Spanish course with Rosa. " * 5, "at most 200"),
    ],
)
def test_a_text_that_is_not_found_or_is_not_the_fact_fails(content, told, capsys):
    lesson02.finding.check(content)
    assert lesson02.finding.passed is False
    assert told in capsys.readouterr().out


# -- 2: one bank for each user ---------------------------------------------------------------------------


def test_a_digest_is_a_bank_for_whoever_comes(passes):
    passes(lesson02.banking, lambda user_id: hashlib.sha256(user_id.encode()).hexdigest())


def shared(user_id: str) -> str:
    return "users"


def as_it_is(user_id: str) -> str:
    return user_id


def prefixed(user_id: str) -> str:
    return f"user-{user_id}"


def cleaned(user_id: str) -> str:
    return "user-" + re.sub(r"[^A-Za-z0-9]", "-", user_id)


def lowered(user_id: str) -> str:
    return hashlib.sha256(user_id.lower().encode()).hexdigest()


def stripped(user_id: str) -> str:
    return hashlib.sha256(user_id.strip().encode()).hexdigest()


def cut(user_id: str) -> str:
    return user_id.encode().hex()[:255]


def too_long(user_id: str) -> str:
    return user_id.encode().hex()


def by_length(user_id: str) -> str:
    return f"user-{len(user_id)}"


def new_each_time(user_id: str) -> str:
    return f"user-{time.monotonic_ns()}"


def a_number(user_id: str) -> Any:
    return int.from_bytes(hashlib.sha256(user_id.encode()).digest()[:8], "big")


WRONG = [
    *(shared, as_it_is, prefixed, cleaned, lowered, stripped),
    *(cut, too_long, by_length, new_each_time, a_number),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_bank_that_is_refused_or_shared_fails(wrong):
    lesson02.banking.check(wrong)
    assert lesson02.banking.passed is False


# -- 3: a tool beside the memory tools -------------------------------------------------------------------


@beta_tool
def days_between(first: str, last: str) -> str:
    """How many days there are from one day to another."""
    return str((date.fromisoformat(last) - date.fromisoformat(first)).days)


@beta_async_tool(name="days_between")
async def days_async(first: str, last: str) -> str:
    """How many days there are from one day to another."""
    return str((date.fromisoformat(last) - date.fromisoformat(first)).days)


@pytest.mark.parametrize("right", [days_between, days_async])
def test_a_tool_beside_the_memory_tools_passes(right, passes):
    passes(lesson02.own_tool, lambda brain, bank_id: [*memory_tools(brain, bank_id), right])


@beta_tool(name="days_between")
def days_swallowing(first: str, last: str) -> str:
    """How many days there are, or an apology that doesn't say that it is one."""
    try:
        return str((date.fromisoformat(last) - date.fromisoformat(first)).days)
    except ValueError:
        return "sorry"


@beta_tool(name="days_between")
def days_backwards(first: str, last: str) -> str:
    """How many days there are, the wrong way round."""
    return str((date.fromisoformat(first) - date.fromisoformat(last)).days)


@beta_tool(name="days_between")
def days_of_one(day: str) -> str:
    """How many days there are until a day."""
    return "118"


@beta_tool(name="days_between")
def days_constant(first: str, last: str) -> str:
    """How many days there are, once."""
    return "118"


@beta_tool(name="days_between")
def days_undescribed(first: str, last: str) -> str:
    return str((date.fromisoformat(last) - date.fromisoformat(first)).days)


@beta_tool(name="days")
def days_by_another_name(first: str, last: str) -> str:
    """How many days there are from one day to another."""
    return str((date.fromisoformat(last) - date.fromisoformat(first)).days)


@beta_tool(name="memory_retain")
def retain_nothing(content: str, tags: str = "") -> str:
    """Pretend."""
    return "ok"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda brain, bank_id: [days_between],
        lambda brain, bank_id: memory_tools(brain, bank_id),
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_swallowing],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_backwards],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_of_one],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_constant],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_undescribed],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), days_by_another_name],
        lambda brain, bank_id: [*memory_tools(brain, bank_id)[1:], retain_nothing, days_between],
        lambda brain, bank_id: [*memory_tools(brain, bank_id), lambda first, last: "118"],
        lambda brain, bank_id: days_between,
    ],
)
def test_tools_that_are_missing_or_wrong_fail(wrong):
    lesson02.own_tool.check(wrong)
    assert lesson02.own_tool.passed is False
