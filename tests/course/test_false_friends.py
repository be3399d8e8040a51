"""Sentences that an embedding takes for the same, for lesson 04d."""

from __future__ import annotations

import asyncio

import pytest

from utilities import open_brain
from utilities.course.lesson04.false_friends import PAIRS, false_friends, table_of

pytestmark = pytest.mark.slow

# -- false friends -------------------------------------------------------------------------------------


def test_what_the_embedding_takes_for_the_same(tmp_path):
    friends = asyncio.run(false_friends(open_brain(tmp_path / "brain.db")))
    assert [friend.what for friend in friends] == [what for what, _, _ in PAIRS]
    assert all(friend.kept for friend in friends)
    lost = {friend.what for friend in friends if not friend.kept_by_default}
    assert {friend.what for friend in friends} - lost == {"a not", "the name"}
    by_what = {friend.what: round(friend.cosine, 4) for friend in friends}
    assert by_what["what comes first"] == by_what["two digits swapped"] == 1
    assert by_what["a not"] > 0.95 > by_what["the name"]  # kept by Astrocyte's own guard, and by distance
    first, rule, *rows = table_of(friends).splitlines()
    assert len(rows) == len(PAIRS) and sum("LOST" in row for row in rows) == len(lost)
    assert [float(row[23:29]) for row in rows] == sorted(by_what.values(), reverse=True)


def test_what_is_the_same_is_dropped_by_both(tmp_path):
    """Or a brain that keeps everything would pass."""
    same = ("nothing but where the comma is", "Tea, at five in the garden.", "Tea at five, in the garden.")
    (friend,) = asyncio.run(false_friends(open_brain(tmp_path / "brain.db"), [same]))
    assert not friend.kept and not friend.kept_by_default
