"""The work of a self-hosted environment, as whoever runs it sees it: no worker comes, so nothing is done."""

from __future__ import annotations

from typing import Any

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run

SECONDS = 60.0  # until the work of a new session is in the queue


def _queued(run: Run, what: str) -> Any:
    """A self-hosted environment, with the work of one session in its queue."""
    environment = run.environment(what, config={"type": "self_hosted"})
    run.session(environment_id=environment.id)
    depth = run.client.beta.environments.work.stats
    run.until(lambda: depth(environment.id).depth > 0, "no work was queued", SECONDS)
    return environment


@probe(
    "a new session in a self-hosted environment is queued as work",
    rule="a new session in a self-hosted environment is queued as work",
)
def the_work_of_a_new_session(run: Run) -> Finding:
    environment = _queued(run, "queue")
    stats = run.client.beta.environments.work.stats(environment.id)
    seen = f"depth {stats.depth}, pending {stats.pending}, since {stats.oldest_queued_at}"
    return found((stats.depth, stats.pending) == (1, 0) and stats.oldest_queued_at, seen)


@probe("stopping work that has stopped is 409", rule="stopping work that has stopped is 409")
def stopping_work_twice(run: Run) -> Finding:
    work = run.once.beta.environments.work
    environment = _queued(run, "stopped")
    listed = reply(work.list, environment.id)
    if listed.status != 200 or not listed.result.data:
        raise NotAsked(f"an API key doesn't list the work: {listed}")
    id = listed.result.data[0].id
    first = reply(work.stop, id, environment_id=environment.id, force=True)
    second = reply(work.stop, id, environment_id=environment.id, force=True)
    return found((first.status, second.status) == (200, 409), f"{first}; then {second}")
