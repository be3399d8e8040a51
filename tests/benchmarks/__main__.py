"""`make bench`: what the README and the design promise, measured on this machine, now.

Prints a table; no test asserts a time. Ratios are between things measured in the same run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from anthropic import beta_tool

from tests.benchmarks import hostile, room, scale
from tests.benchmarks import memory as memory_benchmarks
from tests.benchmarks import turn as turn_benchmarks
from tests.kit.places import NOTEBOOKS
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities.course.running.notebooks import execute

IMPORT = "import time; t = time.perf_counter(); import anthropic; print(time.perf_counter() - t)"
CONNECT = (
    "import time, anthropic; t = time.perf_counter(); from utilities import connect; client = connect();"
    "client.beta.agents; s = time.perf_counter() - t; print(); print(s)"
)
TOOL_SECONDS = 0.1


def seconds_of(code: str, runs: int = 5) -> float:
    """The median of what a fresh Python prints as its last line."""
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            ).stdout.split()[-1]
        )
        for _ in range(runs)
    ]
    return statistics.median(times)


def turn_seconds(calls: int) -> tuple[float, int]:
    """A turn with so many parallel calls of 100 ms: how long it took, and how many requests sent results."""
    script = Script()
    script.message("go")
    ids = [script.custom("work", name=str(number)) for number in range(calls)]
    if ids:
        script.idle("requires_action", ids)
        for number, id in enumerate(ids):
            script.custom_result(id, f"{number} done")
        script.running()
    script.idle()

    @beta_tool
    def work(name: str) -> str:
        """Work for a while.

        Args:
            name: on what.
        """
        time.sleep(TOOL_SECONDS)
        return f"{name} done"

    with served(script) as session:
        session.client().beta.sessions.retrieve(
            session.session_id
        )  # the first request pays for the SDK's own imports
        start = time.perf_counter()
        session.follow("sync", "go", tools=[work]).raise_for_outcome()
        return time.perf_counter() - start, len(session.posts.events_posts) - 1


def row(name: str, value: str, goal: str = "") -> None:
    print(f"{name:<58}{value:>14}   {goal}")


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def server_rows() -> None:
    """The replay server's own numbers."""
    row("server: start, beyond imports", f"{seconds_of(scale.STARTUP) * 1000:.0f} ms", "≤ 500 ms")
    row("server: a small request and its answer", f"{scale.request_seconds() * 1000:.1f} ms")
    ours, bare = scale.throughput()
    row("server: events a second to one SDK client", f"{ours:,.0f}")
    row("  of what a bare server gets that only writes the bytes", f"{ours / bare:.2f}", "≥ 0.8")
    begin, middle, end = scale.pages()
    row(f"server: a page of 100 from {scale.LONG:,} events", f"{begin * 1000:.2f} ms")
    row(
        "  the middle and the last page, against the first", f"{middle / begin:.2f}, {end / begin:.2f}", "≈ 1"
    )
    row("server: memory of an idle session", f"{scale.idle_session():.1f} KiB")
    for spread, how in ((scale.STEPS * scale.STEP_SECONDS, "during a turn"), (0.0, "at one instant")):
        arrived, median, late = scale.classroom(spread)
        lost = scale.LEARNERS * (scale.STEPS + 6) - arrived
        goal = "≤ 100 ms" if spread else "(stated)"
        row(f"server: {scale.LEARNERS} learners, all sending {how}: p99", f"{late * 1000:.0f} ms", goal)
        row("  median delay; events lost", f"{median * 1000:.0f} ms; {lost}", "0 lost")


def main() -> int:
    row("what", "measured", "goal")
    base = seconds_of(IMPORT)
    row("import anthropic", f"{base:.2f} s")
    row("connect(), beyond import anthropic", f"{seconds_of(CONNECT):.2f} s", "≤ 0.5 s")
    turn_seconds(0)  # warm
    nothing = statistics.median(turn_seconds(0)[0] for _ in range(3))
    row("a turn without tools", f"{nothing * 1000:.0f} ms")
    for calls in (1, 4, 8):
        taken, sends = min(turn_seconds(calls) for _ in range(3))
        added = (taken - nothing) / TOOL_SECONDS
        row(
            f"{calls} parallel tool calls of 100 ms add",
            f"{added:.2f} × t",
            f"≈ 1 × t, one send (here {sends})",
        )
    server_rows()
    room.report(row)
    hostile.report(row)
    turn_benchmarks.report(row)
    memory_benchmarks.report(row)
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        goal = "≤ 20 s, a turn of a minute in it" if notebook.name.startswith("05") else "≤ 10 s"
        row(notebook.name, f"{timed(lambda path=notebook: execute(path)):.1f} s", goal)  # type: ignore[misc]
    return 0


if __name__ == "__main__":
    sys.exit(main())
