"""What turns leave behind: a thousand of them, as fast as they go, without a kill.

Twice: under faults, each session deleted after its turn; and without, each kept. What a deleted session
leaves is a leak.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.scale import process
from tests.kit.calling import AGENT
from tests.kit.serving import HELPERS
from tests.soak.processes import Child, Diary
from tests.soak.reporting import Row
from tests.soak.turns import ENOUGH, MESSAGES, SCRIPTS
from tests.soak.worker import FAULTS, Task, Worker

PARTS = 4  # memory is looked at before, and after each of these
AT_ONCE = 8  # turns side by side: each mostly waits for what might still come
QUICK = ("", *(fault for fault in FAULTS if not fault.startswith(("hang", "silent"))))
SECONDS = 120.0  # of one turn, which takes one or two: here nothing is to be cut off
WARM = 40  # turns before the first look: imports, caches, connections
LEAK = 4.0  # MiB per 1,000 turns, from the first part on: 4 KiB a turn (measured: 0.3 to 1.2)

# Of glibc: gives what is free back to the system, which the allocator would keep.
TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None

Look = tuple[float, int]  # memory in MiB, descriptors


def look(process: int) -> Look:
    it = psutil.Process(process)
    return it.memory_info().rss / 2**20, it.num_fds()


def give_back() -> None:
    if TRIM is not None:
        TRIM(0)


def many(says: Any, url: str, server: int, turns: int, delete: bool) -> None:
    """Follow so many turns, by each of the helpers; says how the server and this process look meanwhile."""
    workers = [Worker(url, Diary(os.devnull)) for _ in range(AT_ONCE)]
    beta = workers[0].healthy.beta
    agent, environment = beta.agents.create(**AGENT), beta.environments.create(name="growth")  # type: ignore[arg-type]

    def one(worker: Worker, kind: str, message: str) -> None:
        beta = worker.healthy.beta
        session = beta.sessions.create(agent=agent.id, environment_id=environment.id).id
        if delete:
            worker.finish(Task(session, kind, message, random.choice(QUICK)))
        else:
            worker.follow(Task(session, kind, message, ""), message, [], SECONDS).raise_for_outcome()

    def share(worker: Worker, count: int) -> None:
        for kind, message in islice(zip(cycle(HELPERS), cycle(MESSAGES), strict=False), count):
            one(worker, kind, message)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for part in (WARM, *[turns // PARTS] * PARTS):
            shares = [len(range(number, part, AT_ONCE)) for number in range(AT_ONCE)]
            list(pool.map(share, workers, shares))
            gc.collect()
            give_back()
            says.send((look(server), look(os.getpid())))
    for worker in workers:
        worker.loop.close()


class Growth:
    """This part of the soak, which comes after the others: it needs the machine for itself.

    Args:
        folder: for recordings.
        turns: of each of the two kinds; 0 leaves this part out.
    """

    def __init__(self, folder: Path, turns: int) -> None:
        self.folder, self.turns = folder / "growth", turns
        self.looks: dict[bool, list[tuple[Look, Look]]] = {}

    def run(self) -> None:
        if not self.turns:
            return
        self.folder.mkdir()
        for script in SCRIPTS:
            script().save(self.folder)
        for delete in (True, False):
            options = ("--recordings", str(self.folder), "--strict", "--speed", "0")
            with process("utilities.replay", *options) as (url, pid):
                child = Child(many, url, pid, self.turns, delete)
                self.looks[delete] = [child.word() for _ in range(PARTS + 1)]
                child.kill()

    def rows(self) -> list[Row]:
        rows = []
        for delete, looks in self.looks.items():
            how = "under faults, each session deleted" if delete else "each session kept"
            rows.append(Row(f"turns as fast as they go, {how}", f"{self.turns:,}"))
            for number, name in enumerate(("the server", "who follows")):
                seen = [pair[number] for pair in looks]
                rows += self._rows_of(name, seen, may_grow=name == "the server" and not delete)
        return rows

    def _rows_of(self, name: str, seen: list[Look], may_grow: bool) -> list[Row]:
        memory, descriptors = [each[0] for each in seen], [each[1] for each in seen]
        thousand = (memory[-1] - memory[1]) / (self.turns * (PARTS - 1) / PARTS) * 1000
        at = ", ".join(f"{self.turns * part // PARTS:,}" for part in range(PARTS + 1))
        all_of_it = ", ".join(f"{each:.1f}" for each in memory)
        kept = f", {thousand * 1024 / 1000:.0f} KiB a session" if may_grow else ""
        return [
            Row(
                f"  memory of {name}, in MiB per 1,000 turns",
                f"{thousand:+.2f}",
                f"{all_of_it} after {at}{kept}",
                wrong=thousand > LEAK and not may_grow and self.turns >= ENOUGH,
            ),
            Row(
                f"  descriptors of {name}",
                f"{descriptors[1]} → {descriptors[-1]}",
                ", ".join(map(str, descriptors)),
                wrong=descriptors[-1] > descriptors[1] + AT_ONCE,
            ),
        ]
