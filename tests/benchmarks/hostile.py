"""Part of `make bench`: for how long one client can hold up another, with requests made to take long.

    python -m tests.benchmarks.hostile      # each of them, by itself

The server is a process of its own. While it answers such a request, somebody else asks for a list, again and
again; how long the slowest of those answers took is what is shown.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.benchmarks.scale import new_sessions, process
from tests.kit.calling import AGENT, JSON_HEADERS

LARGE = 31 * 2**20  # bytes, just below what a body may have
TOOL = {"type": "custom", "name": "t", "description": "d", "input_schema": {"type": "object"}}
TOOLSET = {"type": "agent_toolset_20260401"}
SOMEWHERE = {"name": "web_search", "user_location": {"type": "approximate", "timezone": "Mars/Base"}}
EVENTS, AGENTS, ENVIRONMENTS = "/sessions/SESSION/events", "/agents", "/environments"


def message(piece: str) -> dict[str, Any]:
    content = [{"type": "text", "text": piece * (LARGE // len(piece.encode()))}]
    return {"events": [{"type": "user.message", "content": content}]}


def hosts(*names: str) -> dict[str, Any]:
    networking = {"type": "limited", "allowed_hosts": names}
    return {"name": "e", "config": {"type": "cloud", "networking": networking}}


# What is sent, and where. The first was half a minute, with 1 MiB nobody waited for the end.
REQUESTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "1,600 empty events, 6 kB": (EVENTS, lambda: {"events": [{}] * 1_600}),
    "20,000 empty events": (EVENTS, lambda: {"events": [{}] * 20_000}),
    "20,000 empty content blocks": (
        EVENTS, lambda: {"events": [{"type": "user.message", "content": [{}] * 20_000}]}
    ),
    "an event with 2,000 wrong keys": (EVENTS, lambda: {"events": [{str(n): n for n in range(2_000)}]}),
    "1,000 interrupts": (EVENTS, lambda: {"events": [{"type": "user.interrupt"}] * 1_000}),
    "7,000 tools": (AGENTS, lambda: {**AGENT, "tools": [TOOL] * 7_000}),
    "5,000 time zones": (AGENTS, lambda: {**AGENT, "tools": [{**TOOLSET, "configs": [SOMEWHERE] * 5_000}]}),
    "31 MiB of lists": (AGENTS, lambda: b"[" + b"[]," * (LARGE // 3) + b"1]"),
    "31 MiB of quotes": (AGENTS, lambda: b'"' * LARGE),
    "31 MiB of brackets": (AGENTS, lambda: b"[" * LARGE),
    "31 MiB of a message": (EVENTS, lambda: message("a")),
    "31 MiB of a message full of ids": (EVENTS, lambda: message("sevt_01ABCDEFGHIJKLMNOPQRSTUV ")),
    "31 MiB of a message full of numbers": (EVENTS, lambda: message("1.5 a_b ")),
    "31 MiB of a system prompt": (AGENTS, lambda: {**AGENT, "system": "x" * LARGE}),
    "31 MiB of a host's name": (ENVIRONMENTS, lambda: hosts("a" * LARGE)),
    "45,000 hosts": (ENVIRONMENTS, lambda: hosts(*["a.b"] * 45_000)),
}  # fmt: skip


@contextmanager
def somebody_else(url: str) -> Iterator[list[float]]:
    """Asks for a list, again and again; how long each answer took."""
    waits: list[float] = []
    stop, begun = threading.Event(), threading.Event()

    def ask() -> None:
        with httpx2.Client(base_url=url, headers=JSON_HEADERS, timeout=600) as client:
            while not stop.wait(0.005):
                start = time.perf_counter()
                client.get("/v1/vaults")
                waits.append(time.perf_counter() - start)
                begun.set()

    thread = threading.Thread(target=ask)
    thread.start()
    begun.wait()
    waits.clear()  # the first one pays for the connection
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


def held_up(where: str, body: Any) -> tuple[int, float]:
    """The status of the answer, and for how long it held up somebody else, in seconds."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with process("utilities.replay") as (url, _):
        (session,) = new_sessions(url, 1)
        target = f"{url}/v1{where.replace('SESSION', session)}"
        with somebody_else(url) as waits:
            status = httpx2.post(target, content=raw, headers=JSON_HEADERS, timeout=600).status_code
    return status, max(waits)


def report(row: Callable[..., None]) -> None:
    worst, which = max((held_up(where, body())[1], name) for name, (where, body) in REQUESTS.items())
    row("server: how long one client can hold up another", f"{worst * 1000:.0f} ms", f"≤ 200 ms (by {which})")


if __name__ == "__main__":
    for name, (where, body) in REQUESTS.items():
        status, seconds = held_up(where, body())
        print(f"{name:<40}{status:>5}{seconds * 1000:>9.0f} ms")
