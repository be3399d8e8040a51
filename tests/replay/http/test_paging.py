"""Pages of a list that grows."""

import pytest

from utilities.replay.http.paging import Query, page_of


@pytest.mark.rule(
    "pages don't move while rows are added",
    topic="lists",
    evidence="ours",
    note="what a hosted cursor points at is not known",
)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_do_not_move_while_rows_are_added(order):
    rows = list(range(10))
    first = page_of(rows, Query([("limit", "4")]), default=4, most=100, order=order, back=True)
    rows += [10, 11]
    second = page_of(
        rows,
        Query([("limit", "4"), ("page", first["next_page"])]),
        default=4,
        most=100,
        order=order,
        back=True,
    )
    assert first["data"] + second["data"] == (list(range(8)) if order == "asc" else list(range(9, 1, -1)))
    again = page_of(
        rows,
        Query([("limit", "4"), ("page", second["prev_page"])]),
        default=4,
        most=100,
        order=order,
        back=True,
    )
    assert again["data"] == first["data"]
