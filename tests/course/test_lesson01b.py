"""01b: which changes reach a session that exists already."""

from __future__ import annotations

import pytest

from utilities.course.lesson01 import checks as lesson01

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("right", ["ce", "e, c", ["c", "e"], ("C", "E")])
def test_what_is_done_to_the_session_reaches_it(passes, right):
    passes(lesson01.reaches, right)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("ace", "in a new version of the agent"),
        ("bce", "whose file is mounted?"),
        ("cde", "an archived agent any more"),
        ("cef", "an archived environment any more"),
        ("c", "is true, but it isn't all"),
        ("xyz", "none of the answers"),
    ],
)
def test_what_is_done_elsewhere_does_not(fails, wrong, why):
    fails(lesson01.reaches, wrong, why=why)
