"""Tells the teacher's board what a check has said, if the learner has asked for that, and only then.

A learner in a room sets `COOKBOOK_BOARD=1`, beside the two variables that lead to the room's server. The
first check says then what is sent: lesson, exercise, right or not yet, the type of an error. No code and no
answer.

A check neither fails nor waits for a board: what is sent goes out in a thread, and what goes wrong there is
said once, in a line.
"""

from __future__ import annotations

import os
import queue
import threading
from functools import cache
from urllib.parse import urlsplit

import httpx2

from utilities.client import is_set
from utilities.loopback import is_loopback
from utilities.room.reports import REPORTS, Report

SWITCH = "COOKBOOK_BOARD"
TIMEOUT = 2.0  # seconds for one report, in the thread
PATIENCE = 0.2  # seconds that a check waits, so that what goes wrong at first is said where it is seen
MOST = 100  # reports that wait; what would be more is dropped


def report(lesson: str, exercise: str, title: str, verdict: str, error: str = "") -> None:
    """Report one check, if the learner has opted in.

    Args:
        lesson: its number, "03".
        exercise: how the lesson's module calls it.
        title: how the lesson calls it.
        verdict: "right", "not yet" or "not attempted".
        error: the type of the exception that the answer raised.
    """
    if not is_set(SWITCH):
        return
    url, key = os.environ.get("ANTHROPIC_BASE_URL", ""), os.environ.get("ANTHROPIC_API_KEY", "")
    name = key.partition(":")[2]
    if is_set("COOKBOOK_OFFLINE") or not url or not name:
        _say_once(f"{SWITCH} is set, but no room's server is: nothing is reported")
        return
    try:
        told = Report(lesson, exercise, title, verdict, error)
    except ValueError as problem:  # an exercise, or an error, of a name that a report can't have
        _say_once(f"the board: not reported, {problem}")
        return
    _say_once(
        f"the board: each check shows {name!r} there, with the lesson, the exercise, right or not yet, and "
        f"the type of an error; nothing else is sent ({SWITCH}, to {url})"
    )
    _sender(url, key).send(told)


@cache
def _say_once(line: str) -> None:
    print(line)


@cache
def _sender(url: str, key: str) -> Sender:
    return Sender(url, key)


class Sender:
    """Sends reports to one board, one after the other, in a thread.

    Args:
        url: the room's server.
        key: the learner's.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/") + REPORTS, key
        self._direct = is_loopback(urlsplit(url).hostname)
        self._waiting: queue.Queue[tuple[Report, threading.Event]] = queue.Queue(MOST)
        self._thread: threading.Thread | None = None
        self._problem: str | None = None

    def send(self, report: Report) -> None:
        """Have it sent; says in a line, once, what has gone wrong."""
        sent = threading.Event()
        try:
            self._waiting.put_nowait((report, sent))
            self._start()
        except (queue.Full, RuntimeError) as error:  # or no thread can be started here
            self._problem = self._problem or type(error).__name__
        if self._problem is None:
            sent.wait(PATIENCE)
        if self._problem is not None:
            _say_once(f"the board: what checks report doesn't get there ({self._problem}); yours goes on")

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="board-reports", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        with httpx2.Client(timeout=TIMEOUT, trust_env=not self._direct) as client:
            while True:
                report, sent = self._waiting.get()
                try:
                    headers = {"x-api-key": self._key}
                    client.post(self._url, json=report.body, headers=headers).raise_for_status()
                except httpx2.HTTPStatusError as error:
                    self._problem = self._problem or f"it answered {error.response.status_code}"
                except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
                    self._problem = self._problem or type(error).__name__
                sent.set()
