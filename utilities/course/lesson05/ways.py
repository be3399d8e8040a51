"""Ways to drive one turn, run under the replay server's faults: what each loses, does twice, or never ends.

`under` runs several at once, each in a session of its own, and compares what they told their callers and
did with the session's history.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from anthropic import Anthropic

from utilities.replay.testing import ManagedAgentsApi

from .five_ways import WAYS, Job, Way

__all__ = ["WAYS", "Outcome", "under"]

STILL = 2.2  # seconds without a request or an event after which a way that has not returned hangs


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes:
        ended: "returned", "hung", or the name of what it raised.
        lost: how many events its caller should have heard of and did not.
        twice: how many tickets were opened more than once.
        messages: how many messages the session got; one was meant.
        left: the session's last stop reason, what it was left in.
    """

    ended: str
    lost: int
    twice: int
    messages: int
    left: str

    @property
    def verdict(self) -> str:
        """What went wrong, in a word each and in order of the alphabet: hung, lost, parked, raised, twice; or
        "fine"."""
        said = {
            "hung": self.ended == "hung",
            "raised": self.ended not in ("hung", "returned"),
            "lost": self.lost > 0,
            "twice": self.twice > 0 or self.messages > 1,
            "parked": self.left == "requires_action",
        }
        return " ".join(sorted(trouble for trouble, so in said.items() if so)) or "fine"

    def __str__(self) -> str:
        said = [] if self.ended == "returned" else [self.ended]
        if self.lost:
            said.append(f"{self.lost} lost")
        if self.twice:
            said.append(f"{self.twice} done twice")
        if self.messages != 1:
            said.append(f"{self.messages} messages")
        if self.left == "requires_action":
            said.append("left parked")
        return ", ".join(said) or "fine"


def under(
    faults: Iterable[str], message: str, recordings: Any, agent: str, ways: Iterable[Way] = WAYS
) -> dict[tuple[str, str], Outcome]:
    """Drive the turn in every way under every fault, all at once, at the server's full speed.

    Args:
        faults: specs for the replay server, "" for none.
        message: what begins the turn.
        recordings: of the turn.
        agent: the name of the agent that they are of.
        ways: what is compared.

    Returns:
        The outcome for each spec and way's name.
    """
    with ManagedAgentsApi(recordings) as api, _Loop() as loop:
        client = api.client
        names = [recording.name for recording in api.library.of_agent(agent)]
        running = {}
        for spec in faults:
            for way in ways:
                job = Job(api.base_url, spec, api.create_session(*names), message)
                running[spec, way.name] = (way, job, loop.start(way.drive, job))
        _wait_until_still([(job, future) for _, job, future in running.values()], api)
        ended = {key: _ended(future) for key, (_, _, future) in running.items()}
        histories = {job.session_id: _history(client, job) for _, job, _ in running.values()}
    return {
        key: _outcome(way, job, ended[key], histories[job.session_id])
        for key, (way, job, _) in running.items()
    }


def _wait_until_still(jobs: list[tuple[Job, Future[Any]]], api: ManagedAgentsApi) -> None:
    """Until each has returned, or nothing has happened in its session for `STILL` seconds."""
    changed: dict[str, tuple[int, float]] = {}
    while True:
        requests = Counter(part for e in list(api.exchanges) for part in e.path.split("/")[3:4])
        now, waiting = time.monotonic(), 0
        for job, future in jobs:
            count, since = changed.get(job.session_id, (-1, now))
            if future.done():
                continue
            if count != requests[job.session_id]:
                since = now
            changed[job.session_id] = requests[job.session_id], since
            waiting += now - since < STILL
        if not waiting:
            return
        time.sleep(0.02)


def _ended(future: Future[Any]) -> str:
    if not future.done():
        return "hung"
    error = future.exception()
    return "returned" if error is None else type(error).__name__


def _history(client: Anthropic, job: Job) -> list[Any]:
    return list(client.beta.sessions.events.list(job.session_id))


def _outcome(way: Way, job: Job, ended: str, history: list[Any]) -> Outcome:
    due = [event for event in history if not way.tells or event.type in way.tells]
    idles = [event for event in history if event.type == "session.status_idle"]
    texts = "".join(job.told)
    lost = [
        event for event in due if event.id not in job.told and not (_text(event) and _text(event) in texts)
    ]
    return Outcome(
        ended,
        len(lost),
        sum(count > 1 for count in Counter(job.opened).values()),
        sum(event.type == "user.message" for event in history),
        idles[-1].stop_reason.type if idles else "running",
    )


def _text(event: Any) -> str:
    if event.type != "agent.message":
        return ""
    return "".join(block.text for block in event.content)


class _Loop:
    """One event loop in a thread for the async ways, and a thread for each of the others."""

    def __enter__(self) -> _Loop:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ways", daemon=True)
        self._thread.start()
        return self

    def start(self, drive: Callable[[Job], Any], job: Job) -> Future[Any]:
        if asyncio.iscoroutinefunction(drive):
            work: Coroutine[Any, Any, Any] = drive(job)
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(drive(job))
            except BaseException as error:  # also what a way raises is an outcome
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    """End the async ways that hang; the others end when their streams do, with the server."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=1.0) if others else None
