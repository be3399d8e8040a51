"""A room at work: the part of `make bench` that is about many learners with a workspace each.

Thirty learners play the turns of lessons 01 and 03 with the SDK's client, all at once, each in a workspace;
then five hundred streams are open in thirty workspaces. Server and learners have processes of their own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from anthropic import Anthropic

from tests.benchmarks import scale
from tests.kit.calling import HEADERS
from tests.kit.places import ROOT
from tests.kit.replaying import as_sent
from utilities import wait_for_idle_status
from utilities.replay import Recording
from utilities.replay.recordings.recording import is_client_event

LEARNERS = 30
PROCESSES = 3  # that the learners are in: one would have to wait for itself
STREAMS = 510  # in all; 17 of each learner
KEY = "ROOM-KEY"
LESSONS = ("01", "03")


def recordings() -> list[Recording]:
    folder = ROOT / "example_data" / "recordings"
    return [Recording.load(path) for lesson in LESSONS for path in sorted(folder.glob(f"{lesson}_*.jsonl"))]


@contextmanager
def room(*arguments: str) -> Iterator[tuple[str, int]]:
    with scale.process("utilities.room", "--port", "0", "--key", KEY, *arguments) as running:
        yield running


# -- lessons ------------------------------------------------------------------------------------------


def turns(url: str, name: str) -> list[tuple[float, int]]:
    """One learner's lessons: of each session how many seconds it took, and how many events were missing."""
    with Anthropic(api_key=f"{KEY}:{name}", base_url=url, max_retries=0) as client:
        return [_played(client, recording) for recording in recordings()]


def _played(client: Anthropic, recording: Recording) -> tuple[float, int]:
    """Over the stream, as a lesson follows a turn: what is due is sent when the session has become idle."""
    beta: Any = client.beta
    start, seen = time.perf_counter(), []
    agent = beta.agents.create(name=recording.header["agent"]["name"], model="claude-sonnet-4-6")
    environment = beta.environments.create(name=f"for {agent.id}")
    session = beta.sessions.create(agent=agent.id, environment_id=environment.id)
    with beta.sessions.events.stream(session.id) as stream:
        for place, together in _sends(recording.events):
            seen += islice(stream, place - len(seen))
            ids = {old["id"]: new.id for old, new in zip(recording.events, seen, strict=False)}
            beta.sessions.events.send(session.id, events=[as_sent(event, ids) for event in together])
        seen += islice(stream, len(recording.events) - len(seen))
    missing = sum(a.type != b["type"] for a, b in zip(seen, recording.events, strict=False))
    wait_for_idle_status(client, session.id)
    beta.sessions.archive(session.id)
    return time.perf_counter() - start, missing + len(recording.events) - len(seen)


def _sends(events: list[dict[str, Any]]) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """What a client has sent at once, and how many events it had seen then: all up to an idle one."""
    idle, at = 0, 0
    for ours, group in groupby(events, is_client_event):
        together = list(group)
        if ours:
            yield idle, together
        for event in together:
            at += 1
            idle = at if event["type"] == "session.status_idle" else idle


def some_learners(url: str, names: list[str], results: Any) -> None:
    """These learners at once, in a process of its own."""
    with ThreadPoolExecutor(len(names)) as pool:
        results.put([turn for each in pool.map(lambda name: turns(url, name), names) for turn in each])


def lessons(learners: int, processes: int = PROCESSES) -> tuple[list[float], int, float]:
    """So many learners at once: each session's seconds in order, the events that were lost, KiB of each."""
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    names = [f"learner-{number}" for number in range(learners)]
    with room() as (url, pid):
        turns(url, "first")  # pays for what the first one costs once
        before = scale.resident(pid)
        parts = [names[part::processes] for part in range(processes)]
        workers = [context.Process(target=some_learners, args=(url, part, results)) for part in parts if part]
        for worker in workers:
            worker.start()
        played = [turn for _ in workers for turn in results.get(timeout=600)]
        for worker in workers:
            worker.join()
        each = (scale.resident(pid) - before) / learners
    return sorted(seconds for seconds, _ in played), sum(lost for _, lost in played), each


# -- streams ------------------------------------------------------------------------------------------


def listeners(url: str, sessions: list[tuple[str, str]], spread: float, results: Any) -> None:
    """Open all these streams, of (session, key), and send within `spread` seconds."""

    async def run() -> list[float]:
        opened = asyncio.Barrier(len(sessions))
        start = time.monotonic() + 5.0  # by then every stream is open
        each = [
            scale.learn(url, id, start + spread * number / len(sessions), opened, key=key)
            for number, (id, key) in enumerate(sessions)
        ]
        return [delay for delays in await asyncio.gather(*each) for delay in delays]

    results.put(asyncio.run(run()))


def streams(spread: float) -> tuple[int, float, float]:
    """How many events arrived in all streams; the median and 99th percentile of their delays in seconds."""
    script, context = (
        scale.long_turn(scale.STEPS + 6, scale.STEP_SECONDS),
        multiprocessing.get_context("spawn"),
    )
    results: Any = context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        script.save(Path(folder))
        with room("--recordings", folder, "--speed", "1") as (url, _):
            sessions = []
            for number in range(LEARNERS):
                key = f"{KEY}:learner-{number}"
                made = scale.new_sessions(url, STREAMS // LEARNERS, {**HEADERS, "x-api-key": key})
                sessions += [(id, key) for id in made]
            worker = context.Process(target=listeners, args=(url, sessions, spread, results))
            worker.start()
            delays = sorted(results.get(timeout=180))
            worker.join()
    return len(delays), delays[len(delays) // 2], delays[len(delays) * 99 // 100]


def report(row: Callable[..., None]) -> None:
    """The rows of `make bench`."""
    alone, _, _ = lessons(1, 1)
    together, lost, kib = lessons(LEARNERS)
    row("room: a session of lessons 01 and 03, one learner: median", f"{statistics.median(alone):.2f} s")
    row(f"  {LEARNERS} learners at once: median", f"{statistics.median(together):.2f} s")
    row("  the slowest; events lost", f"{together[-1]:.2f} s; {lost}", "0 lost")
    row("  memory of a learner who has played both lessons", f"{kib:,.0f} KiB")
    for spread, how in ((scale.STEPS * scale.STEP_SECONDS, "during a turn"), (0.0, "at one instant")):
        arrived, median, late = streams(spread)
        missing = STREAMS * (scale.STEPS + 6) - arrived
        row(f"room: {STREAMS} streams of {LEARNERS} learners, sending {how}: p99", f"{late * 1000:.0f} ms")
        row("  median delay; events lost", f"{median * 1000:.0f} ms; {missing}", "0 lost")


if __name__ == "__main__":
    report(lambda name, value, goal="": print(f"{name:<70}{value:>14}   {goal}"))
    sys.exit(0)
