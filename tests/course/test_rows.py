"""The nine rows of lesson 04 see what the lesson says of them, short enough to be read, and again."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from utilities import connect, made_with
from utilities.course import lesson04
from utilities.course.lesson04.comparison import CLAIMS, NINE, Comparison
from utilities.course.lesson04.row import Row
from utilities.course.lesson04.scene import SceneEnded

pytestmark = pytest.mark.slow

# What holds, on either side; everything else in the row doesn't.
EXPECTED = {
    "Semantic search": ({"by meaning"}, {"by word: the agent's grep"}),
    "Reflect": ({"a model gets the memories"}, {"later, by a dream"}),
    "PII barriers": ({"address gone"}, set()),
    "Multi-bank isolation": (
        {"nothing found across", "nothing forgotten"},
        {"only his is mounted", "hers is unknown there"},
    ),
    "Deduplication": ({"the same sentence dropped", "an update kept"}, {"later, by a dream"}),
    "Compliance rules": ({"a tag routes", "a tag refuses", "refuses what the caller flags"}, set()),
    "Path-based organisation": (set(), {"a folder can be listed", "and the folders"}),
    "Version history": ({"who wrote it"}, {"what it said before", "who wrote it"}),
    "Zero-code set-up": (set(), {"one entry in resources=[…]", "no tool for you to run"}),
}
PARTLY = {
    ("Semantic search", "store"): 3, ("Reflect", "store"): 2, ("PII barriers", "bank"): 3,
    ("Deduplication", "store"): 2, ("Compliance rules", "bank"): 4, ("Version history", "bank"): 2,
}  # fmt: skip

Asked = Callable[[Callable[[lesson04.Scene], Awaitable[Any]]], Any]


@pytest.fixture(scope="module")
def on_a_scene() -> Iterator[Asked]:
    """`on_a_scene(function)` awaits it with a scene of its own."""
    client = connect()
    made = made_with(client)

    async def run(function: Callable[[lesson04.Scene], Awaitable[Any]]) -> Any:
        return await function(await lesson04.scene(client, made))

    yield lambda function: asyncio.run(run(function))
    made.end()


@pytest.fixture(scope="module")
def table(on_a_scene: Asked) -> Comparison:
    measured = on_a_scene(lesson04.nine_rows)
    assert isinstance(measured, Comparison)
    return measured


def test_all_nine_features_of_the_page_are_measured(table):
    assert list(table.rows) == list(CLAIMS) == list(EXPECTED)


@pytest.mark.parametrize("feature", EXPECTED)
def test_a_row_sees_what_the_lesson_says_of_it(feature, table):
    row = table[feature]
    assert (row.bank.held, row.store.held) == EXPECTED[feature]
    for side in ("bank", "store"):
        seen = getattr(row, side)
        assert len(seen.conditions) == PARTLY.get((feature, side), len(seen.conditions))
        assert (seen.verdict == "partly") == ((feature, side) in PARTLY)


def test_no_verdict_follows_from_what_an_agent_did(table):
    """All of it runs, or is done by the replay server; `if it obeys` is for 04c alone."""
    kinds = {seen.rests_on.partition(":")[0] for seen in table.seen().values()}
    assert kinds == {"run", "replay"}


def test_a_row_is_the_same_when_it_is_run_again(on_a_scene):
    async def twice(scene: lesson04.Scene) -> list[tuple[str, str]]:
        return [(str(await experiment(scene)), str(await experiment(scene))) for experiment in NINE]

    for first, again in on_a_scene(twice):
        assert first == again


@pytest.mark.parametrize("experiment", NINE, ids=lambda each: each.__name__)
def test_a_row_can_be_read_at_a_glance(experiment):
    lines = inspect.getsource(experiment).splitlines()
    assert len(lines) <= 20 and inspect.getdoc(experiment)


def test_after_the_last_section_a_row_says_which_cell_to_run():
    client = connect()
    made = made_with(client)

    async def too_late() -> None:
        scene = await lesson04.scene(client, made)
        made.end()
        await lesson04.nine_rows(scene)

    with pytest.raises(SceneEnded, match=r"run the cell with `scene = await lesson04.scene") as caught:
        asyncio.run(too_late())
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_live_the_store_side_would_rest_on_the_service_itself(on_a_scene):
    async def as_if_live(scene: lesson04.Scene) -> Row:
        scene.__dict__["_replays"] = False  # the cached answer of a service that is none of ours
        return await lesson04.rows.personal_data(scene)

    row = on_a_scene(as_if_live)
    assert (row.bank.rests_on, row.store.rests_on) == ("run", "run")
