"""The eight rows of 04c see what it says of them, and again; what follows if an agent obeys is marked so."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from utilities import connect, made_with
from utilities.course import lesson04
from utilities.course.lesson04 import more_rows

pytestmark = pytest.mark.slow

# What holds, on either side, of how many conditions.
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    "offline": ({"retain and recall work", "no connection was tried"}, set()),
    "privacy": ({"no connection was tried"}, set()),
    "frameworks": ({"their tools recall the same"}, {"REST lists and reads"}),
    "sharing": ({"a second brain recalls it"}, {"two sessions have it"}),
    "writers": ({"both are kept"}, {"a precondition refuses (409)"}),
    "size": ({"with its limit raised, in pieces"}, set()),
    "deletion": ({"after erase"}, {"after redact"}),
    "poison": (
        {"the truth is still there"},
        {"read_only: the note is as it was", "read_write: so is its last version but one"},
    ),
}
COUNTS = {"privacy": (2, 1), "frameworks": (1, 2), "writers": (1, 2), "size": (2, 1), "deletion": (2, 2)}


@pytest.fixture(scope="module")
def measured() -> Iterator[dict[str, list[Any]]]:
    """Each row, run twice in one scene."""
    client = connect()
    made = made_with(client)

    async def run() -> dict[str, list[Any]]:
        scene = await lesson04.scene(client, made)
        return {name: [await getattr(more_rows, name)(scene) for _ in range(2)] for name in EXPECTED}

    yield asyncio.run(run())
    made.end()


def test_there_is_no_row_that_nobody_expects():
    assert sorted(more_rows.__all__) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_row_sees_what_04c_says_of_it_and_again(name, measured):
    row, again = measured[name]
    assert (row.bank.held, row.store.held) == EXPECTED[name]
    assert str(row) == str(again)
    if name in COUNTS:
        assert (len(row.bank.conditions), len(row.store.conditions)) == COUNTS[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_only_what_follows_from_a_move_of_ours_is_marked_so(name, measured):
    row = measured[name][0]
    marked = {seen.rests_on == "if it obeys" for seen in (row.bank, row.store)}
    assert marked == {name == "poison"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_row_can_be_read_at_a_glance(name):
    experiment = getattr(more_rows, name)
    assert len(inspect.getsource(experiment).splitlines()) <= 20 and inspect.getdoc(experiment)
