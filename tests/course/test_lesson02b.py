"""The exercise of 02b: a tool of one's own beside the memory tools."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from anthropic import beta_async_tool, beta_tool

from utilities import memory_tools
from utilities.course import lesson02

pytestmark = pytest.mark.slow


def test_not_attempted_is_no_error(capsys):
    lesson02.own_tool.check(lambda brain, bank_id: ...)
    assert lesson02.own_tool.passed is None
    assert "Exercise 1: not attempted yet" in capsys.readouterr().out


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


def days_plain(first: str, last: str) -> str:
    """How many days there are from one day to another."""
    return str((date.fromisoformat(last) - date.fromisoformat(first)).days)


@beta_tool(name="days_between")
def days_in_words(first: str, last: str) -> str:
    """How many days there are from one day to another, in words."""
    return f"{(date.fromisoformat(last) - date.fromisoformat(first)).days} days"


def beside(tool: Any) -> Callable[..., Any]:
    """An answer: the memory tools and this one."""
    return lambda brain, bank_id: [*memory_tools(brain, bank_id), tool]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda brain, bank_id: [days_between], "the agent has no tool memory_retain"),
        (lambda brain, bank_id: memory_tools(brain, bank_id), "the agent has no tool days_between"),
        (beside(days_swallowing), "was told 'sorry' as if it were"),
        (beside(days_backwards), "your tool said '-118'"),
        (beside(days_of_one), "takes two days, `first` and `last`"),
        (beside(days_constant), "as if it were; raise an error"),
        (beside(days_in_words), "your tool said '118 days'"),
        (beside(days_undescribed), "has no description"),
        (beside(days_by_another_name), "no tool days_between; it has memory_retain"),
        (
            lambda brain, bank_id: [*memory_tools(brain, bank_id)[1:], retain_nothing, days_between],
            "memory_retain answered 'ok'",
        ),
        (beside(days_plain), "the function days_plain in your list is no tool yet"),
        (beside(lambda first, last: "118"), "is no tool yet: @beta_tool"),
        (
            lambda brain, bank_id: days_between,
            "a list of tools, and it returns the tool days_between",
        ),
        (lambda brain, bank_id: {"days_between": days_between}, "a list of tools, and it returns {"),
        ([days_between], "is to be a function of brain and bank_id"),
    ],
)
def test_tools_that_are_missing_or_wrong_are_told_why(wrong, why, fails):
    fails(lesson02.own_tool, wrong, why=why)
