"""Ways to drive one turn, run under the replay server's faults: what each loses, does twice, or never ends.

For lesson 05's table. A `Way` sends a message, runs the agent's custom tool and says what it told its
caller; `under` runs several at once, each in a session of its own, and compares what they told and did
with the session's history. The three that aren't ours are used as they are documented.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from anthropic import (
    Anthropic,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    beta_async_tool,
    beta_tool,
)
from astrocyte import Astrocyte
from astrocyte.integrations.claude_managed_agents import run_session_with_memory

from utilities import poll_until_end_turn, stream_until_end_turn
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.testing import ManagedAgentsApi

from .wire import VERIFY

__all__ = ["WAYS", "Job", "Outcome", "Way", "under"]

CALLS = ("agent.tool_use", "agent.custom_tool_use")
STILL = 1.2  # seconds without a request or an event after which a way that has not returned hangs
QUIET = 0.3  # seconds of silence after which our streaming helper doubts the connection, here
INTERVAL = 0.02  # seconds between the looks of our polling helper, here
MAX_IDLE = 0.8  # seconds that `tool_runner` waits after the end, here: longer than the SDK's first pause


@dataclass
class Job:
    """One turn to drive: what a way gets, and what it did.

    Attributes:
        url: the server's address.
        faults: what is broken for this way only, a spec.
        session_id, message: what to say, and where.
        opened: the tickets that its tool has opened.
        told: what the caller heard of: ids of events, or texts.
    """

    url: str
    faults: str
    session_id: str
    message: str
    opened: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def client(self, kind: Any = Anthropic, **options: Any) -> Any:
        http = DefaultHttpxClient if kind is Anthropic else DefaultAsyncHttpxClient
        return kind(
            api_key="recorded", base_url=self.url, default_headers={FAULTS_HEADER: self.faults},
            http_client=http(verify=VERIFY, **options),
        )  # fmt: skip

    def open_ticket(self, path: str) -> str:
        """Open a ticket: the side effect that must not happen twice."""
        self.opened.append(path)
        return f"opened for {path}"

    def answer(self, call: Any) -> dict[str, Any]:
        content = [{"type": "text", "text": self.open_ticket(**call.input)}]
        return {"type": "user.custom_tool_result", "custom_tool_use_id": call.id, "content": content}

    @property
    def user_message(self) -> dict[str, Any]:
        return {"type": "user.message", "content": [{"type": "text", "text": self.message}]}


@dataclass(frozen=True)
class Way:
    """A way to drive a turn.

    Attributes:
        name: as the table has it.
        drive: does it; a plain function or a coroutine function.
        tells: the types of events that its caller hears of when all goes well; none named means all.
    """

    name: str
    drive: Callable[[Job], Any]
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes:
        ended: "returned", "hung", or the name of what it raised.
        lost: how many events its caller should have heard of and did not.
        twice: how many tickets were opened more than once.
        messages: how many messages the session got; one was meant.
        left: the session's last stop reason, what it was left in.
    """

    ended: str
    lost: int
    twice: int
    messages: int
    left: str

    @property
    def verdict(self) -> str:
        """What went wrong, in a word each and in order of the alphabet: hung, lost, parked, raised, twice; or
        "fine"."""
        said = {
            "hung": self.ended == "hung",
            "raised": self.ended not in ("hung", "returned"),
            "lost": self.lost > 0,
            "twice": self.twice > 0 or self.messages > 1,
            "parked": self.left == "requires_action",
        }
        return " ".join(sorted(trouble for trouble, so in said.items() if so)) or "fine"

    def __str__(self) -> str:
        said = [] if self.ended == "returned" else [self.ended]
        if self.lost:
            said.append(f"{self.lost} lost")
        if self.twice:
            said.append(f"{self.twice} done twice")
        if self.messages != 1:
            said.append(f"{self.messages} messages")
        if self.left == "requires_action":
            said.append("left parked")
        return ", ".join(said) or "fine"


# -- the ways ----------------------------------------------------------------------------------------------


def naive(job: Job) -> None:
    """The loop of the tutorials: open, send, read; answer what an idle event names, stop at `end_turn`."""
    events = job.client().beta.sessions.events
    calls = {}
    with events.stream(job.session_id) as stream:
        events.send(job.session_id, events=[job.user_message])
        for event in stream:
            job.told.add(event.id)
            if event.type == "agent.custom_tool_use":
                calls[event.id] = event
            elif event.type == "session.status_idle":
                if event.stop_reason.type == "end_turn":
                    return
                waiting = getattr(event.stop_reason, "event_ids", ())
                if waiting:
                    events.send(job.session_id, events=[job.answer(calls[id]) for id in waiting])
            elif event.type == "session.status_terminated":
                return


async def tool_runner(job: Job) -> None:
    """The SDK's: it has no message to send, so that comes when it listens, as with the others; it yields the
    calls that it saw."""

    @beta_async_tool
    async def open_ticket(path: str) -> str:
        """Open a ticket for the team that looks after a path."""
        return job.open_ticket(path)

    listening = asyncio.Event()

    async def heard(response: Any) -> None:
        if response.request.method == "GET" and response.request.url.path.endswith("/events"):
            listening.set()  # it opens the stream first, and then reads the history

    async with job.client(AsyncAnthropic, event_hooks={"response": [heard]}) as client:
        events = client.beta.sessions.events

        async def run() -> None:
            async for call in events.tool_runner(job.session_id, tools=[open_ticket], max_idle=MAX_IDLE):
                job.told.add(call.tool_use_id)

        async with asyncio.TaskGroup() as group:
            group.create_task(run())
            await listening.wait()
            await events.send(job.session_id, events=[job.user_message])


def astrocyte(job: Job) -> None:
    """`run_session_with_memory`, with a brain that nobody asks; it returns the agent's words."""

    async def other_tool(name: str, arguments: dict[str, Any]) -> str:
        return job.open_ticket(**arguments)

    brain = Astrocyte.from_config_dict({"vector_store": "in_memory", "llm_provider": "mock"})
    options: dict[str, Any] = {"bank_id": "none", "non_memory_tool_handler": other_tool}
    run = run_session_with_memory(
        job.client(), brain, session_id=job.session_id, prompt=job.message, **options
    )
    job.told.add(asyncio.run(run))  # it blocks its loop, so it needs one of its own


def ours(until_end_turn: Callable[..., Any], **options: Any) -> Callable[[Job], None]:
    def drive(job: Job) -> None:
        @beta_tool
        def open_ticket(path: str) -> str:
            """Open a ticket for the team that looks after a path."""
            return job.open_ticket(path)

        until_end_turn(
            job.client(), job.session_id, job.message, tools=[open_ticket], timeout=20.0,
            on_event=lambda event: job.told.add(event.id), **options,
        )  # fmt: skip

    return drive


WAYS = (
    Way("naive loop", naive),
    Way("tool_runner", tool_runner, CALLS),
    Way("Astrocyte", astrocyte, ("agent.message",)),
    Way("ours, stream", ours(stream_until_end_turn, quiet=QUIET)),
    Way("ours, poll", ours(poll_until_end_turn, interval=INTERVAL)),
)


# -- running them ------------------------------------------------------------------------------------------


def under(
    faults: Iterable[str], message: str, recordings: Any, agent: str, ways: Iterable[Way] = WAYS
) -> dict[tuple[str, str], Outcome]:
    """Drive the turn in every way under every fault, all at once, at the server's full speed.

    Args:
        faults: specs for the replay server, "" for none.
        message: what begins the turn.
        recordings: of the turn.
        agent: the name of the agent that they are of.
        ways: what is compared.

    Returns:
        The outcome for each spec and way's name.
    """
    with ManagedAgentsApi(recordings) as api, _Loop() as loop:
        client = api.client
        model = client.beta.agents.create(name=agent, model="claude-sonnet-4-6")
        environment = client.beta.environments.create(name="faults")
        running = {}
        for spec in faults:
            for way in ways:
                session = client.beta.sessions.create(agent=model.id, environment_id=environment.id)
                job = Job(api.base_url, spec, session.id, message)
                running[spec, way.name] = (way, job, loop.start(way.drive, job))
        _wait_until_still([(job, future) for _, job, future in running.values()], api)
        ended = {key: _ended(future) for key, (_, _, future) in running.items()}
        histories = {job.session_id: _history(client, job) for _, job, _ in running.values()}
    return {
        key: _outcome(way, job, ended[key], histories[job.session_id])
        for key, (way, job, _) in running.items()
    }


def _wait_until_still(jobs: list[tuple[Job, Future[Any]]], api: ManagedAgentsApi) -> None:
    """Until each has returned, or nothing has happened in its session for `STILL` seconds."""
    changed: dict[str, tuple[int, float]] = {}
    while True:
        requests = Counter(part for e in list(api.exchanges) for part in e.path.split("/")[3:4])
        now, waiting = time.monotonic(), 0
        for job, future in jobs:
            count, since = changed.get(job.session_id, (-1, now))
            if future.done():
                continue
            if count != requests[job.session_id]:
                since = now
            changed[job.session_id] = requests[job.session_id], since
            waiting += now - since < STILL
        if not waiting:
            return
        time.sleep(0.02)


def _ended(future: Future[Any]) -> str:
    if not future.done():
        return "hung"
    error = future.exception()
    return "returned" if error is None else type(error).__name__


def _history(client: Anthropic, job: Job) -> list[Any]:
    return list(client.beta.sessions.events.list(job.session_id))


def _outcome(way: Way, job: Job, ended: str, history: list[Any]) -> Outcome:
    due = [event for event in history if not way.tells or event.type in way.tells]
    idles = [event for event in history if event.type == "session.status_idle"]
    texts = "".join(job.told)
    lost = [
        event for event in due if event.id not in job.told and not (_text(event) and _text(event) in texts)
    ]
    return Outcome(
        ended,
        len(lost),
        sum(count > 1 for count in Counter(job.opened).values()),
        sum(event.type == "user.message" for event in history),
        idles[-1].stop_reason.type if idles else "running",
    )


def _text(event: Any) -> str:
    if event.type != "agent.message":
        return ""
    return "".join(block.text for block in event.content)


class _Loop:
    """One event loop in a thread for the async ways, and a thread for each of the others."""

    def __enter__(self) -> _Loop:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ways", daemon=True)
        self._thread.start()
        return self

    def start(self, drive: Callable[[Job], Any], job: Job) -> Future[Any]:
        if asyncio.iscoroutinefunction(drive):
            work: Coroutine[Any, Any, Any] = drive(job)
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(drive(job))
            except BaseException as error:  # also what a way raises is an outcome
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    """End the async ways that hang; the others end when their streams do, with the server."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=1.0) if others else None
