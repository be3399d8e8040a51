"""Turns under random faults, by processes that are killed; one of them lives on, and is watched."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.scale import process
from tests.kit.recordings import Script
from tests.soak.processes import Child, Diary, Note, Vitals
from tests.soak.reporting import Row, must_be_zero
from tests.soak.worker import Task, follow

SPEED = 60.0  # recorded seconds in one
AT_ONCE = 4  # turns that the process that lives on follows side by side
ENOUGH = 500  # turns, for a rate of growth: the first hundred are imports, caches and connections
LIFE = (0.2, 4.0)  # seconds of a worker's life, at random


def talking() -> Script:
    """The agent uses tools of its own, and talks."""
    script = Script("talking")
    script.message("talk")
    for number in range(6):
        script.builtin_result(script.builtin(command=f"step {number}"))
        script.say("a step further", after=5.0)
    script.idle()
    return script


def calling() -> Script:
    """Calls together, one by one, and one that asks for permission."""
    script = Script("calling")
    script.message("call")
    script.say("I'll see", after=4.0)
    together = {name: script.custom("work", name=name) for name in "abc"}
    script.idle("requires_action", list(together.values()))
    for name, call in together.items():
        script.custom_result(call, f"{name} ok")
    script.running()
    script.say("and now?", after=4.0)
    asked = script.builtin(command="rm -r build", permission="ask")
    script.idle("requires_action", [asked])
    script.confirmation(asked)
    script.running()
    script.builtin_result(asked)
    for name in "de":
        call = script.custom("work", name=name)
        script.idle("requires_action", [call])
        script.custom_result(call, f"{name} ok")
        script.running()
    script.say("all done", after=4.0)
    script.idle()
    return script


SCRIPTS = (talking, calling)
MESSAGES = ["call", "talk", "call"]


class Turns:
    """This part of the soak.

    Args:
        folder: for recordings and diaries.
        workers: processes that are killed, again and again, besides one whose wall clock jumps.
    """

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder, self.workers = folder, workers
        self.kills = 0
        self.vitals: dict[str, Vitals] = {}
        self.seconds = 0.0

    def run(self, until: float) -> None:
        recordings = self.folder / "recordings"
        recordings.mkdir()
        for script in SCRIPTS:
            script().save(recordings)
        options = ("--recordings", str(recordings), "--strict", "--speed", str(SPEED))
        began = time.monotonic()
        with process("utilities.replay", *options) as (url, pid):
            steady, *mortal = map(partial(self._worker, url), self._names())
            self.vitals = {"the server": Vitals(pid), "who follows": Vitals(steady.pid)}
            with ThreadPoolExecutor(len(mortal)) as pool:
                lives = [pool.submit(live_and_die, child, until) for child in mortal]
                while True:
                    for each in self.vitals.values():
                        each.look()
                    if time.monotonic() >= until:
                        break
                    time.sleep(0.25)
                for life in lives:
                    life.result()
            for child in (steady, *mortal):
                child.end()
        self.seconds = time.monotonic() - began
        self.kills = sum(child.kills for child in mortal)

    def _names(self) -> list[str]:
        return ["steady", "jumping", *(f"mortal{number}" for number in range(self.workers))]

    def _worker(self, url: str, name: str) -> Child:
        at_once = AT_ONCE if name == "steady" else 1
        worker = Child(follow, url, self.folder / f"{name}.turns", MESSAGES, name == "jumping", at_once)
        worker.word()
        return worker

    def rows(self) -> list[Row]:
        notes = {path: list(Diary(path).read()) for path in sorted(self.folder.glob("*.turns"))}
        all_notes = [note for each in notes.values() for note in each]
        ends = [note for note in all_notes if note["what"] == "end"]
        what = Counter(note["what"] for note in all_notes)
        faults = sum(len(note["task"]["faults"].split()) for note in ends)
        kinds = Counter(note["task"]["kind"] for note in ends)
        again, twice = runs_twice(notes)
        wrong = [note for note in ends if note["outcome"] != outcome_of(note)]
        for note in wrong:
            print("ended otherwise:", note)
        hours = self.seconds * SPEED / 3600
        return [
            Row("turns", f"{len(ends):,}", ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))),
            Row("  time that passed for the sessions", f"{hours:.1f} h", f"at {SPEED:g} seconds a second"),
            Row("  faults asked for", f"{faults:,}"),
            Row("  processes killed", f"{self.kills:,}"),
            Row("  deadlines that passed, then followed on", f"{what['timeout']:,}"),
            Row("  beginnings that the service refused, then tried again", f"{what['not begun']:,}"),
            must_be_zero("  turns begun and not ended", unended(notes)),
            must_be_zero("  turns that ended otherwise than their fault says", len(wrong)),
            Row("  calls", f"{sum(note['calls'] for note in ends):,}"),
            must_be_zero("  answers lost", total(ends, "unanswered")),
            must_be_zero("  calls answered twice", total(ends, "answered_twice")),
            must_be_zero("  calls run twice by one process in time", twice),
            Row("  calls run again after a kill or a deadline", f"{again:,}", "as documented"),
            must_be_zero("  messages sent twice", sum(note["messages"] > 1 for note in ends)),
            must_be_zero("  events shown twice", total(ends, "shown_twice")),
            must_be_zero("  events of the history not in the result", total(ends, "missing")),
            *self._vital_rows(notes[self.folder / "steady.turns"], len(ends)),
        ]  # fmt: skip

    def _vital_rows(self, steady: list[Note], all_of_them: int) -> list[Row]:
        counted = [note["count"] for note in steady if note["what"] == "objects"]
        grown = f"{counted[len(counted) // 2]:,} → {counted[-1]:,}" if counted else "not counted"
        rows = [Row("  Python's objects in who follows", grown, "from the middle to the end")]
        turns_there = sum(note["what"] == "end" for note in steady)
        for name, turns in (("the server", all_of_them), ("who follows", turns_there)):
            before, after = self.vitals[name].growth()
            thousand = (after[0] - before[0]) / max(1.0, 0.4 * turns) * 1000 / 1024
            rate = f"{thousand:+.2f} MiB per 1,000 turns, in the second half"
            rows.append(
                Row(
                    f"  memory of {name}, over {turns:,} turns",
                    f"{before[0] / 1024:.1f} → {after[0] / 1024:.1f} MiB",
                    rate if turns >= ENOUGH else "too few for a rate: see the last two blocks",
                )
            )
            for column, what in ((1, "descriptors"), (2, "threads")):
                rows.append(Row(f"  {what} of {name}", f"{before[column]:.1f} → {after[column]:.1f}"))
        return rows


def live_and_die(child: Child, until: float) -> None:
    """Kill it after a while, and begin it again, until then."""
    while time.monotonic() < until:
        time.sleep(random.uniform(*LIFE))
        child.kill()
        child.begin()
        child.word()


def outcome_of(note: Note) -> str:
    """How the turn was to end. A fault of the turn finds none to break when the turn is shorter."""
    return Task(**note["task"]).expected


def total(notes: list[Note], key: str) -> int:
    return sum(note[key] for note in notes)


def unended(notes: dict[Path, list[Note]]) -> int:
    begun = {note["task"]["session"] for each in notes.values() for note in each if note["what"] == "begin"}
    ended = {note["task"]["session"] for each in notes.values() for note in each if note["what"] == "end"}
    return len(begun - ended)


def runs_twice(notes: dict[Path, list[Note]]) -> tuple[int, int]:
    """Calls that ran again after a kill or a deadline, and those that did without."""
    again = twice = 0
    for each in notes.values():
        runs: dict[tuple[str, str], list[Any]] = defaultdict(list)
        tries: Counter[str] = Counter()
        for note in each:
            if note["what"] == "timeout":
                tries[note["session"]] += 1
            elif note["what"] == "ran":
                runs[note["session"], note["call"]].append((note["pid"], tries[note["session"]]))
        for ran in runs.values():
            again += len(set(ran)) - 1
            twice += len(ran) - len(set(ran))
    return again, twice
