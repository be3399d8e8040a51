"""A receiver of webhooks that is killed while it works, and whose disk is full now and then.

Each event is sent until the receiver has taken it, as the service does, some of them twice.
"""

from __future__ import annotations

import logging
import random
import resource
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx2

from tests.kit.receiving import payload, post
from tests.kit.webhooks import SECRET
from tests.soak.processes import Child, Diary, Note
from tests.soak.reporting import Row, must_be_zero
from utilities import WebhookReceiver, serving

ROOM = 4 * 2**10  # bytes that the inbox may grow by before its disk is full


def receive(says: Any, inbox: Path, handled: Path, full: bool) -> None:
    """One life of it; it says its URL.

    Args:
        full: whether its disk gets full.
    """
    notes = Diary(handled)
    logging.disable()  # of what is refused: it is counted
    random.seed()

    def handle(session_id: str, types: tuple[str, ...]) -> None:
        time.sleep(random.choice((0.0, 0.01, 0.05)))
        notes.write("handled", session=session_id)

    with serving(WebhookReceiver(SECRET, handle, inbox=inbox)) as url:
        if full:
            no_larger_than(inbox.stat().st_size + ROOM)
        says.send(url)
        time.sleep(600)


def no_larger_than(most: int) -> None:
    """From now on no file of this process gets larger: to SQLite that is a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


class Webhooks:
    """This part of the soak."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self.folder = folder / "inbox.db", folder
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.sent = self.kills = self.full = 0

    def run(self, until: float) -> None:
        while time.monotonic() < until:
            self._life(min(until, time.monotonic() + random.uniform(0.3, 2.5)))
        last = Child(receive, self.inbox, self._diary(), False)
        last.word()
        while set(self.accepted) - self._done() and time.monotonic() < until + 60:
            time.sleep(0.1)
        last.kill()

    def _life(self, until: float) -> None:
        """One receiver, from its start to its kill."""
        full = self.kills % 4 == 3
        receiver = Child(receive, self.inbox, self._diary(), full)
        self.full += full
        url = receiver.word()
        while time.monotonic() < until:
            self._send(url, f"sesn_{self.sent}")
            self.sent += 1
            time.sleep(0.01)
        receiver.kill()
        self.kills += 1

    def _send(self, url: str, session: str) -> None:
        body = payload(session.replace("sesn", "wevt"), session)
        for _ in range(random.choice((1, 1, 1, 2))):
            try:
                status = post(url, body).status_code
            except httpx2.TransportError:
                continue
            if status in (200, 202):
                self.accepted[session] += 1
            else:
                self.refused[status] += 1

    def _done(self) -> set[str]:
        return {note["session"] for note in self._notes()}

    def _diary(self) -> Path:
        """One for each life: what limits the inbox's file limits all that its process writes."""
        return self.folder / f"{self.kills}.handled"

    def _notes(self) -> list[Note]:
        return [note for path in self.folder.glob("*.handled") for note in Diary(path).read()]

    def rows(self) -> list[Row]:
        lives: dict[str, list[int]] = defaultdict(list)
        for note in self._notes():
            lives[note["session"]].append(note["pid"])
        again = sum(len(set(pids)) - 1 for pids in lives.values())
        twice = sum(len(pids) - len(set(pids)) for pids in lives.values())
        refused = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.refused.items()))
        return [
            Row("webhooks accepted", f"{len(self.accepted):,}", f"refused: {refused or 'none'}"),
            Row("  receivers killed", f"{self.kills:,}", f"{self.full:,} of them with a full disk"),
            must_be_zero("  accepted and never handled", len(set(self.accepted) - set(lives))),
            must_be_zero("  handled twice by one process", twice),
            Row("  handled again by the next process", f"{again:,}", "at least once, as documented"),
        ]
