"""One process of the soak: follows turns, one after the other, as a careful program of a user's does.

It may be killed at any moment. The next one reads in the diary which session it had, looks in the history
whether the message has arrived, and goes on.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic, beta_tool

from tests.kit.calling import AGENT
from tests.kit.serving import HELPERS, POLLING, is_async
from tests.soak.processes import Diary
from utilities import TurnResult, TurnTimeout, wait_for_idle_status
from utilities.replay.faults import FAULTS_HEADER
from utilities.turn.retry import is_passing

FAULTS = (  # what a careful program gets over
    "drop=3,times=3", "end=2,times=2", "drop=0", "silent=4", "repeat", "queued", "settle=1", "window=2",
    "status=500,times=2,on=POST/events", "status=529,retry-after=0.1,times=4", "lose,on=POST/events,times=2",
    "status=429,retry-after=0,times=5,on=GET/events", "hang,on=GET/events", "hang,on=POST/events",
    "error=retrying,after=2", "reschedule=3,after=2",
)  # fmt: skip
ENDS = {  # what a turn doesn't get over, and how it then ends
    "error=exhausted,after=3": "retries_exhausted",
    "error=terminal,after=4": "terminated",
    "terminate,after=5": "terminated",
    "budget,after=4": "budget_reached",
}
TURN_SECONDS = 6.0  # of one try to follow a turn; a request that hangs takes all of it
QUIET = 1.0
LEAVING = threading.Event()  # the process was asked to
COUNTED = 10  # after so many turns Python's objects are counted
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Task:
    """One turn: its session, which helper follows it, and what is broken meanwhile."""

    session: str
    kind: str
    message: str
    faults: str

    @property
    def expected(self) -> str:
        return next((ENDS[fault] for fault in self.faults.split() if fault in ENDS), "end_turn")


class Worker:
    """Follows one turn at a time."""

    def __init__(self, url: str, diary: Diary) -> None:
        self.diary = diary
        # Made once, as the SDK advises: each client reads the machine's certificates anew.
        self.healthy = Anthropic(api_key="x", base_url=url)
        self.asynchronous = AsyncAnthropic(api_key="x", base_url=url)
        self.loop = asyncio.Runner()
        self.session = ""  # that of the turn
        self.turns = 0
        # Made once: what `beta_tool` makes is never freed, 12 KiB of it in each turn.
        self.tool = self._tool()

    def run(self, messages: list[str]) -> None:
        task = self._left_over()
        for number in itertools.count():
            if task is None:
                if LEAVING.is_set():
                    return
                task = self._new(messages[number % len(messages)])
            self.finish(task)
            task = None

    def _left_over(self) -> Task | None:
        """What a process before this one had begun, and has not ended."""
        notes = [note for note in self.diary.read() if note["what"] in ("begin", "end")]
        return Task(**notes[-1]["task"]) if notes and notes[-1]["what"] == "begin" else None

    def _new(self, message: str) -> Task:
        beta = self.healthy.beta
        agent = beta.agents.create(**AGENT)  # type: ignore[arg-type]
        environment = beta.environments.create(name=f"e-{agent.id}")
        session = beta.sessions.create(agent=agent.id, environment_id=environment.id).id
        faults = random.sample(FAULTS, random.choice((0, 1, 1, 2, 3)))
        if random.random() < 0.1:
            faults.append(random.choice(list(ENDS)))
        kept = {fault.partition("=")[0].partition(",")[0]: fault for fault in faults}
        task = Task(session, random.choice(list(HELPERS)), message, " ".join(kept.values()))
        self.diary.write("begin", task=vars(task))
        return task

    def finish(self, task: Task) -> None:
        """Follow it, again and again, until it has ended; then look at what the session has."""
        whole = not self._arrived(task)  # followed from its message on, by this process
        shown: list[str] = []
        for tries in itertools.count():
            message = None if self._arrived(task) else task.message
            try:
                result = self.follow(task, message, shown)
            except TurnTimeout as late:
                self.diary.write("timeout", session=task.session, sent=late.sent, tries=tries)
                whole = False
                continue
            except (anthropic.APIStatusError, anthropic.APIConnectionError) as error:
                self.diary.write("not begun", session=task.session, error=str(error)[:200])
                if not is_passing(error):
                    raise
                whole = False
                continue
            break
        self._check(task, result, shown, whole)
        wait_for_idle_status(self.healthy, task.session)
        self.healthy.beta.sessions.delete(task.session)

    def _arrived(self, task: Task) -> bool:
        listed = self.healthy.beta.sessions.events.list(task.session, limit=1000)
        return any(event.type == "user.message" for event in listed)

    def follow(
        self, task: Task, message: str | None, shown: list[str], seconds: float = TURN_SECONDS
    ) -> TurnResult:
        """One try, which the deadline may end; what is shown is noted."""
        self.session = task.session
        options: dict[str, Any] = {
            "tools": [self.tool],
            "confirm": lambda call: True,
            "on_event": lambda event: shown.append(event.id),
            "timeout": seconds,
            "quiet": QUIET,
            **({"interval": 0.05} if task.kind in POLLING else {}),
        }
        faults, turn = {FAULTS_HEADER: task.faults}, HELPERS[task.kind]
        if is_async(task.kind):
            client: Any = self.asynchronous.with_options(default_headers=faults)
            result: TurnResult = self.loop.run(turn(client, task.session, message, **options))
        else:
            client = self.healthy.with_options(default_headers=faults)
            result = turn(client, task.session, message, **options)
        return result

    def _tool(self) -> Any:
        @beta_tool
        def work(name: str) -> str:
            """Work.

            Args:
                name: on what.
            """
            self.diary.write("ran", session=self.session, call=name)
            time.sleep(random.choice((0.0, 0.0, 0.05, 0.2)))
            return f"{name} ok"

        return work

    def _check(self, task: Task, result: TurnResult, shown: list[str], whole: bool) -> None:
        history = list(self.healthy.beta.sessions.events.list(task.session, limit=1000))
        answers = Counter(e.custom_tool_use_id for e in history if e.type == "user.custom_tool_result")
        calls = [e.id for e in history if e.type == "agent.custom_tool_use"]
        ended = result.outcome == "end_turn"
        ids = [event.id for event in history]
        self.turns += 1
        if self.turns % COUNTED == 0:
            gc.collect()
            self.diary.write("objects", count=len(gc.get_objects()))
        self.diary.write(
            "end",
            task=vars(task),
            outcome=result.outcome,
            calls=len(calls),
            unanswered=sum(not answers[id] for id in calls) if ended else 0,
            answered_twice=sum(answers[id] > 1 for id in calls),
            messages=sum(event.type == "user.message" for event in history),
            shown_twice=len(shown) - len(set(shown)) if whole else 0,
            missing=len(set(ids) - {event.id for event in result.events}) if whole else 0,
        )


def jumping() -> None:
    """From now on the wall clock that Python reads goes forward and back by up to a day."""
    real = time.time
    time.time = lambda: real() + random.uniform(-DAY, DAY)


def follow(
    here: Any, url: str, diary: Path, messages: list[str], jump: bool = False, at_once: int = 1
) -> None:
    """What the process does, until it is asked to leave.

    Args:
        here: is told when it begins.
        url: of the server.
        diary: where it notes what it does.
        messages: what turns there are.
        jump: whether the wall clock jumps.
        at_once: turns that it follows side by side; a process that is killed follows one.
    """
    if jump:
        jumping()
    workers = [Worker(url, Diary(diary)) for _ in range(at_once)]
    signal.signal(signal.SIGTERM, lambda *_: LEAVING.set())
    random.seed()
    here.send("here")
    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(worker.run, messages) for worker in workers]:
            done.result()
