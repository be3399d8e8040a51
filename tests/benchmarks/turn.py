"""Part of `make bench`: one turn with k parallel tool calls of 100 ms, through four ways to run tools.

Counted besides the time: how often a tool ran, and how many requests carried results. Whether a call may
be answered twice is [unsettled]; our server refuses it, which would end two of the four ways with an error
at the second call. So that they can be measured, they are told that it was accepted.

And what a poll moves over the wire, in a short session and in a long one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from anthropic import Anthropic, AsyncAnthropic, DefaultHttpxClient, Middleware, beta_async_tool
from astrocyte.integrations.claude_managed_agents import run_session_with_memory

from tests.kit.polling import Wire, bit_by_bit, send, two_turns
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities import poll_until_end_turn, stream_until_end_turn

CALLS = (1, 4, 8)
TOOL_SECONDS = 0.1
GO = [{"type": "user.message", "content": [{"type": "text", "text": "go"}]}]


@dataclass
class Sends(Middleware):
    """When events were posted; the first is the message."""

    posted: list[float] = field(default_factory=list)

    def handle(self, request: Any, call_next: Any) -> Any:
        response = call_next(request)
        self._note(request)
        return response

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        self._note(request)
        return response

    def _note(self, request: Any) -> None:
        if request.method.upper() == "POST" and request.url.endswith("/events"):
            self.posted.append(time.perf_counter())


@dataclass
class Work:
    """The tool: it takes its time, and counts."""

    runs: int = 0

    async def __call__(self, *_: Any) -> str:
        self.runs += 1
        await asyncio.sleep(TOOL_SECONDS)
        return "done"

    def tool(self) -> Any:
        @beta_async_tool
        async def work(name: str) -> str:
            """Work for a while.

            Args:
                name: on what.
            """
            return await self(name)

        return work


def accept_twice(response: httpx2.Response) -> None:
    if response.status_code == 400 and "answered already" in response.read().decode():
        response.status_code = 200


def lenient(options: dict[str, Any]) -> Anthropic:
    return Anthropic(**options, http_client=DefaultHttpxClient(event_hooks={"response": [accept_twice]}))


Way = Callable[[dict[str, Any], str, Work], None]


def ours(options: dict[str, Any], session_id: str, work: Work) -> None:
    stream_until_end_turn(
        Anthropic(**options), session_id, "go", tools=[work.tool()], timeout=30
    ).raise_for_outcome()


def sdk(options: dict[str, Any], session_id: str, work: Work) -> None:
    """`tool_runner` answers calls and nothing else: the message is sent beside it."""

    async def turn() -> None:
        async with AsyncAnthropic(**options) as client:
            await client.beta.sessions.events.send(session_id, events=GO)  # type: ignore[arg-type]
            async for _ in client.beta.sessions.events.tool_runner(
                session_id, tools=[work.tool()], max_idle=0.1
            ):
                pass

    asyncio.run(turn())


def astrocyte(options: dict[str, Any], session_id: str, work: Work) -> None:
    turn = run_session_with_memory(
        lenient(options), None, session_id=session_id, prompt="go", bank_id="me",  # type: ignore[arg-type]
        non_memory_tool_handler=work, timeout_seconds=30,
    )  # fmt: skip
    asyncio.run(turn)


def seed(options: dict[str, Any], session_id: str, work: Work) -> None:
    """Astrocyte's quick start, in our words: each call of an idle event is run and answered in turn."""
    events = lenient(options).beta.sessions.events
    with events.stream(session_id) as stream:
        events.send(session_id, events=GO)  # type: ignore[arg-type]
        for event in stream:
            if event.type != "session.status_idle":
                continue
            if event.stop_reason.type != "requires_action":
                return
            for id in event.stop_reason.event_ids:
                result = {"type": "user.custom_tool_result", "custom_tool_use_id": id}
                content = [{"type": "text", "text": asyncio.run(work())}]
                events.send(session_id, events=[{**result, "content": content}])  # type: ignore[list-item]


WAYS: dict[str, Way] = {
    "stream_until_end_turn": ours,
    "the SDK's tool_runner": sdk,
    "Astrocyte's run_session_with_memory": astrocyte,
    "the quick start's loop": seed,
}


def turn(calls: int) -> Script:
    script = Script()
    script.message("go")
    ids = [script.custom("work", name=str(number)) for number in range(calls)]
    script.idle("requires_action", ids)
    for id in ids:
        script.custom_result(id, "done")
    script.running()
    script.say("all done")
    script.idle()
    return script


def measure(way: Way, calls: int) -> tuple[float, int, int]:
    """Seconds from the message to the last result that the server took, runs of a tool, sends of results."""
    work, sends = Work(), Sends()
    with served(turn(calls)) as session:
        options = {"api_key": "x", "base_url": session.server.base_url, "middleware": [sends]}
        way(options, session.session_id, work)
    return sends.posted[-1] - sends.posted[0], work.runs, len(sends.posted) - 1


def polled(before: int, new: int) -> Wire:
    """A turn by polling with so many new events a poll, behind a turn with so many messages of the agent."""
    with served(two_turns(first=before, second=100)) as session:
        send(session, "go 0")
        wire = Wire()
        with bit_by_bit(session, new):
            poll_until_end_turn(
                wire.client(session), session.session_id, "go 1", interval=0.001
            ).raise_for_outcome()
        list(
            wire.client(session).beta.sessions.events.list(session.session_id)
        )  # what a loop without a mark reads
    return wire


def polling_rows(row: Callable[..., None]) -> None:
    """Bytes and requests of a poll, in a short session and in a long one."""
    for new in (1, 10):
        wires = [polled(before, new) for before in (10, 5000)]
        short, long = (wire.polls for wire in wires)
        size = sum(size for _, size in long) / len(long)
        events = sum(events for events, _ in long) / len(long)
        same = "the same" if short == long else f"{sum(size for _, size in short) / len(short):,.0f} B"
        row(f"a poll with {new} new, after 5,000 events", f"{size:,.0f} B", f"1 request, {events:.1f} events")
        row("  after 16 events", same, "the same")
    whole = [size for path, query, _, size in wires[1].asked if path.startswith("GET") and len(query) < 2]
    row("  reading all of it instead", f"{sum(whole):,.0f} B", f"{len(whole)} requests")


def report(row: Callable[..., None]) -> None:
    polling_rows(row)
    for name, way in WAYS.items():
        for calls in CALLS:
            seconds, runs, sends = min(measure(way, calls) for _ in range(3))
            counted = f"{runs} runs, {sends} sends"
            goal = "≈ 1 × t, one send" if way is ours else ""
            row(f"{name}, {calls} × 100 ms", f"{seconds * 1000:.0f} ms", f"{counted:<20}{goal}")
