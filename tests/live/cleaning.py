"""Taking away what runs have made: by its metadata, so also what a run left behind that was killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from anthropic import Anthropic, APIError

from tests.live.run import MADE_BY, PREFIX

LOOKS = 60  # at a session that was interrupted; then deleting it is tried all the same


def clean_up(client: Anthropic, run: str | None = None, pause: float = 1.0) -> list[str]:
    """Take away what a run has made, or all runs.

    Sessions first: what they use can't go before them. Agents and deployments can only be archived.

    Args:
        client: the SDK's client, with the key that the run had.
        run: its id; None for all.
        pause: seconds between two looks at a session that is still running.

    Returns:
        What could not be taken away, and why.
    """
    left = []
    for thing, take in _made(client, run, pause):
        try:
            take(thing.id)
        except APIError as error:
            left.append(f"{thing.id}: {error}")
    return left


def _made(client: Anthropic, run: str | None, pause: float) -> Iterator[tuple[Any, Callable[[str], object]]]:
    beta = client.beta

    def ours(thing: Any) -> bool:
        marks = thing.metadata or {}
        return marks.get("made_by") == MADE_BY and run in (None, marks.get("run"))

    def end(session_id: str) -> None:
        """A session that is still running is interrupted first: it can't be deleted before it is idle."""
        if beta.sessions.retrieve(session_id).status == "running":
            beta.sessions.events.send(session_id, events=[{"type": "user.interrupt"}])
        for _ in range(LOOKS):
            if beta.sessions.retrieve(session_id).status != "running":
                break
            time.sleep(pause)
        beta.sessions.delete(session_id)

    yield from ((each, end) for each in list(beta.sessions.list(include_archived=True)) if ours(each))
    deployments = [each for each in list(beta.deployments.list(include_archived=True)) if ours(each)]
    for deployment in deployments:  # what its runs have started has no metadata of ours
        started = list(beta.sessions.list(deployment_id=deployment.id, include_archived=True))
        yield from ((each, end) for each in started)
    yield from ((each, beta.deployments.archive) for each in deployments if not each.archived_at)
    environments = list(beta.environments.list(include_archived=True))
    yield from ((each, beta.environments.delete) for each in environments if ours(each))
    yield from ((each, beta.agents.archive) for each in list(beta.agents.list()) if ours(each))
    stores = list(beta.memory_stores.list(include_archived=True))
    yield from ((each, beta.memory_stores.delete) for each in stores if ours(each))
    vaults = list(beta.vaults.list(include_archived=True))
    yield from ((each, beta.vaults.delete) for each in vaults if ours(each))
    named = f"{PREFIX}-{run}-" if run else f"{PREFIX}-"
    files = [each for each in beta.files.list() if each.filename.startswith(named)]
    yield from ((each, beta.files.delete) for each in files)
