"""Five ways to drive one turn, for lesson 05's table. The three that aren't ours are used as documented.

A `Way` sends a message, runs the agent's custom tool and says what it told its caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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

from .wire import VERIFY

__all__ = ["WAYS", "Job", "Way"]

CALLS = ("agent.tool_use", "agent.custom_tool_use")
QUIET = 0.3  # seconds of silence after which our streaming helper doubts the connection, here
INTERVAL = 0.02  # seconds between the looks of our polling helper, here
MAX_IDLE = 1.6  # seconds that `tool_runner` waits after the end, here: longer than a message takes again


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
            http_client=http(verify=VERIFY, trust_env=False, **options),
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
