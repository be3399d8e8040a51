"""How much of a result may be chance, for lessons 04 and 10."""

from __future__ import annotations

import math

import pytest

from utilities.course.chance import interval, sign_test
from utilities.course.lesson04.retrieval import Found, Measured, Results

# -- how much the numbers say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "total", "low", "high"),
    # From the definition where it has a closed form, 10 and 1 of 20 from tables of the exact interval.
    [
        (0, 45, 0.0, 1 - 0.025 ** (1 / 45)),
        (45, 45, 0.025 ** (1 / 45), 1.0),
        (10, 20, 0.2720, 0.7280),
        (1, 20, 0.0013, 0.2487),
    ],
)
def test_the_exact_interval(found, total, low, high):
    assert interval(found, total) == pytest.approx((low, high), abs=5e-5)


def test_an_interval_holds_what_was_found_and_narrows_with_more_questions():
    for total in (1, 7, 45):
        for number in range(total + 1):
            low, high = interval(number, total)
            assert 0 <= low <= number / total <= high <= 1
    assert math.dist(*map(lambda share: [share], interval(300, 450))) < 0.1
    assert interval(30, 45, 0.5)[0] > interval(30, 45)[0]


@pytest.mark.parametrize(("found", "total"), [(1, 0), (0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share(found, total):
    with pytest.raises(ValueError, match=f"{found} of {total} is no share"):
        interval(found, total)


@pytest.mark.parametrize(
    ("wins", "chance"), [((0, 0), 1), ((5, 5), 1), ((5, 0), 2 / 32), ((9, 1), 22 / 1024)]
)
def test_the_sign_test(wins, chance):
    first, second = wins
    one = [1] * first + [None] * second
    rows = [
        Measured(name, "keyword", tuple(Found(str(n), "x", place, 1) for n, place in enumerate(at)))
        for name, at in (("a", one), ("b", [1 if place is None else None for place in one]))
    ]
    duel = Results(rows).duel("a", "b", "keyword")
    assert (duel.wins, duel.chance) == (wins, pytest.approx(chance))
    assert sign_test(second, first) == duel.chance
