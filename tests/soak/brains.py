"""A brain whose process is killed in the middle of a write, and whose disk is full now and then."""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
import time
from pathlib import Path
from typing import Any

from tests.kit.brains import recall
from tests.soak.processes import Child, Diary
from tests.soak.receiver import no_larger_than
from tests.soak.reporting import Row, must_be_zero
from utilities import BrainError, open_brain

ROOM = 32 * 2**10  # bytes that it may write before its disk is full
ASKED = 200  # memories that are asked for at the end; of all it is looked whether they are there


def text(number: int) -> str:
    return f"Locker {number} of the station holds parcel {number * 7 + 3}."


def remember(says: Any, path: Path, diary: Path, first: int, full: bool) -> None:
    """One life of it: it retains, until it is killed. It says when its first has ended.

    Args:
        first: the number of its first memory.
        full: whether its disk gets full.
    """
    brain, notes = open_brain(path), Diary(diary)
    if full:
        written = path.with_name(f"{path.name}-wal")  # what is retained goes there first
        no_larger_than(ROOM + (written.stat().st_size if written.exists() else 0))

    async def retain() -> None:
        for number in itertools.count(first):
            notes.write("begin", number=number)
            try:
                result = await brain.retain(text(number), "me")
            except BrainError as error:
                notes.write("refused", number=number, error=str(error))
                await asyncio.sleep(0.05)
                continue
            finally:
                if number == first:  # the first takes longest: it reads the model
                    says.send("at work")
            notes.write("stored" if result.stored else "not stored", number=number, error=result.error)

    asyncio.run(retain())


class Brains:
    """This part of the soak."""

    def __init__(self, folder: Path) -> None:
        self.path, self.folder = folder / "brain.db", folder
        self.kills = self.full = self.in_a_write = 0

    def run(self, until: float) -> None:
        first = 0
        while time.monotonic() < until:
            full = self.kills % 4 == 3
            # A diary of its own: what limits the brain's file limits all that its process writes.
            diary = Diary(self.folder / f"{self.kills}.retained")
            brain = Child(remember, self.path, diary.path, first, full)
            self.full += full
            brain.word()
            time.sleep(random.uniform(0.1, 2.5))
            brain.kill()
            self.kills += 1
            *_, last = diary.read()
            self.in_a_write += last["what"] == "begin"
            first = last["number"] + 1

    def rows(self) -> list[Row]:
        notes = [note for path in self.folder.glob("*.retained") for note in Diary(path).read()]
        stored = [note["number"] for note in notes if note["what"] == "stored"]
        refused = [note for note in notes if note["what"] == "refused"]
        silent = [note for note in notes if note["what"] == "not stored"]
        asked = random.sample(stored, min(ASKED, len(stored)))
        brain = open_brain(self.path)
        unfound = sum(recall(brain, text(number), most=1) != [text(number)] for number in asked)
        with sqlite3.connect(self.path) as file:
            kept = {row[0] for row in file.execute("SELECT text FROM astrocyte_vectors")}
            (health,) = file.execute("PRAGMA integrity_check").fetchone()
        file.close()
        return [
            Row("memories retained", f"{len(stored):,}", f"refused with an error: {len(refused):,}"),
            Row("  brains killed", f"{self.kills:,}", f"{self.in_a_write:,} in a write"),
            Row("  with a full disk", f"{self.full:,}"),
            must_be_zero("  lost", sum(text(number) not in kept for number in stored)),
            must_be_zero("  not stored, without an error", len(silent)),
            must_be_zero(f"  not the first that is recalled, of {len(asked)}", unfound),
            Row("  the file, by SQLite's own check", health, wrong=health != "ok"),
        ]
