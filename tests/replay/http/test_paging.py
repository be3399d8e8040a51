"""Pages of a list that grows."""

import pytest

from tests.kit.calling import Caller
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


@pytest.mark.rule(
    "a list's `limit` is at most 100; 1,000 for events, threads, resources, files, skills, their versions "
    "and runs of deployments; more is 400",
    topic="lists",
    evidence="sdk",
    source="the docstrings of the lists' `limit`",
    note="that more is refused, not cut, is said of none; of environments, sessions and work no most is "
    "said: here it is 100",
)
def test_the_most_that_a_page_can_hold():
    call = Caller()
    session = call.session(resources=[])["id"]
    agent, environment = (call.get(f"/{kind}")["data"][0]["id"] for kind in ("agents", "environments"))
    store = call.post("/memory_stores", {"name": "s"})["id"]
    vault = call.post("/vaults", {"display_name": "v"})["id"]
    memories = [f"/memory_stores/{store}/{kind}" for kind in ("memories", "memory_versions")]
    hundred = [
        *("/agents", f"/agents/{agent}/versions", "/environments", "/sessions", "/vaults", "/deployments"),
        *("/dreams", "/memory_stores", *memories, f"/vaults/{vault}/credentials"),
        f"/environments/{environment}/work",
    ]
    (thread,) = call.get(f"/sessions/{session}/threads")["data"]
    of_session = [f"/sessions/{session}/{kind}" for kind in ("events", "threads", "resources")]
    skills = ["/skills", "/skills/pdf/versions"]
    thousand = [*of_session, f"{of_session[1]}/{thread['id']}/events", "/files", "/deployment_runs", *skills]
    for most, paths in ((100, hundred), (1000, thousand)):
        for path in paths:
            call.get(path, limit=str(most))
            assert call.get(path, 400, limit=str(most + 1)).startswith("limit: "), path
