"""How fast the replay server is, and for how many: the part of `make bench` that is about it.

The server runs in a process of its own, as do the 500 learners, so that neither takes the other's time.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from anthropic import Anthropic

from tests.kit.calling import AGENT, HEAD, HEADERS, JSON_HEAD, SAY_GO, Caller
from tests.kit.names import fresh
from tests.kit.recordings import Script
from utilities.replay.http.sse import encoded
from utilities.replay.ids import seconds_between

EVENTS = 20_000  # of the stream whose throughput is measured
LEARNERS = 500
STEPS, STEP_SECONDS = 30, 0.25  # a learner's turn: so many messages, so far apart
LONG = 100_000  # events of the session whose pages are read
STARTUP = (
    "from pathlib import Path; from utilities.replay import Library, ReplayServer; import time;"
    "t = time.perf_counter(); s = ReplayServer(Library.load(Path('example_data/recordings'))).start();"
    "print(time.perf_counter() - t); s.stop()"
)


def long_turn(events: int, after: float = 1e-6) -> Script:
    script = Script("long")
    script.message("go")
    for number in range(events - 6):
        script.say(f"Message {number}: about as long as what an agent says between two calls.", after=after)
    script.idle()
    return script


@contextmanager
def process(*arguments: str) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its address, which it prints first, and its process id."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().strip(), running.pid
        finally:
            running.terminate()


@contextmanager
def replaying(script: Script, speed: float = 0.0) -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        script.save(Path(folder))
        arguments = ("--recordings", folder, "--strict", "--speed", str(speed))
        with process("utilities.replay", *arguments) as running:
            yield running


def new_sessions(url: str, count: int, headers: dict[str, str] = HEADERS) -> list[str]:
    with httpx2.Client(base_url=f"{url}/v1", timeout=60, headers=headers) as client:

        def made(path: str, body: dict[str, Any]) -> str:
            return str(client.post(path, json=body).raise_for_status().json()["id"])

        agent, environment = made("/agents", AGENT), made("/environments", {"name": fresh()})
        return [made("/sessions", {"agent": agent, "environment_id": environment}) for _ in range(count)]


# -- throughput ---------------------------------------------------------------------------------------


def bare(path: str) -> None:
    """A server that does nothing but write the same bytes, to whatever request."""
    wire = Path(path).read_bytes()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + wire)
        await writer.drain()
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()

    asyncio.run(serve())


def seconds_to_read(url: str, session_id: str, send: bool) -> float:
    """From the message until the SDK's client has handed out the turn's last event."""
    with Anthropic(api_key="x", base_url=url, max_retries=0) as client:
        events = client.beta.sessions.events
        start = time.perf_counter()
        with events.stream(session_id) as stream:
            if send:
                events.send(session_id, events=SAY_GO["events"])  # type: ignore[arg-type]
            for count, _ in enumerate(stream, 1):
                if count == EVENTS:
                    return time.perf_counter() - start
    raise AssertionError(f"the stream ended after {count} events")


def throughput(runs: int = 5) -> tuple[float, float]:
    """Events a second of the replay server and of the bare one, in turns; the best run of each."""
    with tempfile.TemporaryDirectory() as folder:
        wire = Path(folder) / "wire"
        script = long_turn(EVENTS)
        wire.write_bytes(b"".join(map(encoded, script.events)))
        with (
            replaying(script) as (url, _),
            process("tests.benchmarks.scale", "bare", str(wire)) as (bare_url, _),
        ):
            sessions = new_sessions(url, runs + 1)
            times = [
                (seconds_to_read(url, id, True), seconds_to_read(bare_url, "sesn_x", False))
                for id in sessions
            ]
    ours, theirs = zip(*times[1:], strict=True)  # the first run pays for imports and caches
    return EVENTS / min(ours), EVENTS / min(theirs)


# -- many learners ------------------------------------------------------------------------------------


async def learn(
    url: str, session_id: str, sent_at: float, opened: asyncio.Barrier, key: str = "x"
) -> list[float]:
    """One learner: opens the stream, sends at `sent_at`, reads the turn; returns each event's delay."""
    known = f"x-api-key: {key}\r\n"
    host, port = url.removeprefix("http://").split(":")
    path, body = f"/v1/sessions/{session_id}/events", json.dumps(SAY_GO).encode()
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path}/stream HTTP/1.1\r\n{HEAD}{known}\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    await opened.wait()
    await asyncio.sleep(max(0.0, sent_at - time.monotonic()))
    _, post = await asyncio.open_connection(host, int(port))
    sent = time.monotonic()
    post.write(
        f"POST {path} HTTP/1.1\r\n{JSON_HEAD}{known}content-length: {len(body)}\r\n\r\n".encode() + body
    )
    delays, first = [], ""
    while len(delays) < STEPS + 6:
        line = await asyncio.wait_for(reader.readline(), 60)
        if line.startswith(b"data: "):
            at = time.monotonic()
            moment = json.loads(line[6:])["processed_at"]
            first = first or moment
            delays.append(at - sent - seconds_between(first, moment))
    post.close()
    writer.close()
    return delays


def learners(url: str, sessions: list[str], spread: float, results: Any) -> None:
    """All of them, sending within `spread` seconds; in a process of its own."""

    async def run() -> list[float]:
        opened = asyncio.Barrier(len(sessions))
        start = time.monotonic() + 5.0  # by then every stream is open
        moments = [start + spread * number / len(sessions) for number in range(len(sessions))]
        each = [learn(url, id, at, opened) for id, at in zip(sessions, moments, strict=True)]
        return [delay for delays in await asyncio.gather(*each) for delay in delays]

    results.put(asyncio.run(run()))


def classroom(spread: float) -> tuple[int, float, float]:
    """How many events arrived, and the median and 99th percentile of their delays in seconds.

    A delay is counted from the moment at which its learner began to send, plus the recorded time since
    then: the handling of the message is part of it.
    """
    with replaying(long_turn(STEPS + 6, STEP_SECONDS), speed=1.0) as (url, _):
        sessions = new_sessions(url, LEARNERS)
        context = multiprocessing.get_context("spawn")
        results: Any = context.Queue()
        worker = context.Process(target=learners, args=(url, sessions, spread, results))
        worker.start()
        delays = sorted(results.get(timeout=120))
        worker.join()
    return len(delays), delays[len(delays) // 2], delays[len(delays) * 99 // 100]


def resident(pid: int) -> float:
    """The memory of a process in KiB (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def idle_session(count: int = 4000) -> float:
    """KiB that one session takes in which nothing has happened yet."""
    with replaying(long_turn(STEPS + 6)) as (url, pid):
        new_sessions(url, 200)  # what the first ones cost once
        before = resident(pid)
        new_sessions(url, count)
        return (resident(pid) - before) / count


# -- pages --------------------------------------------------------------------------------------------


def pages(runs: int = 50) -> tuple[float, float, float]:
    """Seconds for a page of 100 at the beginning, the middle and the end of a session of 100,000 events."""
    call = Caller(long_turn(LONG))
    path = f"/sessions/{call.session(initial_events=SAY_GO['events'])['id']}/events"
    cursors = [_cursor(call, path, place) for place in (0, LONG // 2, LONG - 100)]
    begin, middle, end = (statistics.median(_page(call, path, at) for _ in range(runs)) for at in cursors)
    return begin, middle, end


def _cursor(call: Caller, path: str, place: int) -> str | None:
    """The cursor of the page that begins with the event at this place, by the pages before it."""
    at: str | None = None
    while place:
        limit = min(place, 1000)
        at = call.get(path, limit=str(limit), **({"page": at} if at else {}))["next_page"]
        place -= limit
    return at


def _page(call: Caller, path: str, cursor: str | None) -> float:
    start = time.perf_counter()
    page = call.get(path, limit="100", **({"page": cursor} if cursor else {}))
    taken = time.perf_counter() - start
    assert len(page["data"]) == 100
    return taken


def request_seconds(runs: int = 200) -> float:
    with replaying(long_turn(10)) as (url, _), httpx2.Client(base_url=url, headers=HEADERS) as client:
        client.get("/v1/agents")
        start = time.perf_counter()
        for _ in range(runs):
            client.get("/v1/agents")
        return (time.perf_counter() - start) / runs


if __name__ == "__main__":
    bare(sys.argv[2])
