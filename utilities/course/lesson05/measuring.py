"""Three ways to answer eight calls of one turn, measured: lesson 03's loop, the SDK's runner, our helper.

Each drives the same turn twice: with nothing in its way, and with a stream that the replay server cuts
after six events, before the calls have all arrived. (The hosted service ignores that header, and the second
run is then like the first.) `five_ways` asks the same of whole turns, under more faults.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from anthropic import Anthropic, AsyncAnthropic, Middleware, beta_async_tool

from utilities import custom_tool_params, custom_tool_result, stream_until_end_turn_async, user_message
from utilities.replay.faults import FAULTS_HEADER

from ..places import DATA

__all__ = ["ends_on", "order_desk", "three_ways", "tool_runner"]

WORK = 0.02  # seconds that the tool takes
CUT = "drop=6"
LATE = "Which of the orders A-1001 to A-1008 are late?"


Loop = Callable[[Anthropic, str, str, Callable[[Any], Any]], list[Any]]


class Posts(Middleware):
    """Counts the requests that send events."""

    def __init__(self) -> None:
        self.count = 0

    def _note(self, request: Any) -> None:
        self.count += request.method.upper() == "POST" and request.url.endswith("/events")

    def handle(self, request: Any, call_next: Any) -> Any:
        self._note(request)
        return call_next(request)

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        self._note(request)
        return await call_next(request)


class Meter:
    """A tool's work, counted: how often it runs, and how often at the same time."""

    def __init__(self) -> None:
        self.runs = self.now = self.most = 0
        self.orders = json.loads((DATA / "orders/orders.json").read_text("utf-8"))

    @contextmanager
    def running(self) -> Iterator[None]:
        self.runs, self.now = self.runs + 1, self.now + 1
        self.most = max(self.most, self.now)
        yield
        self.now -= 1

    def tool(self) -> Any:
        @beta_async_tool(name="order_status")
        async def metered(order: str) -> str:
            """Look up an order by its number: item, status, if it is late, what was paid."""
            with self.running():
                await asyncio.sleep(WORK)
                return json.dumps(self.orders[order])

        return metered

    def answer(self, call: Any) -> Any:
        with self.running():
            time.sleep(WORK)
            return custom_tool_result(call.id, json.dumps(self.orders[call.input["order"]]))


@dataclass
class Drive:
    """One turn to drive, the clients to drive it with, and the loop of lesson 03."""

    session_id: str
    client: Anthropic
    aclient: AsyncAnthropic
    meter: Meter
    by_hand: Loop


Told = tuple[str | None, str | None]  # how the turn ended and what the agent said; None where it isn't told


async def loop_by_hand(drive: Drive) -> Told:
    """Lesson 03's loop."""
    events = drive.by_hand(drive.client, drive.session_id, LATE, drive.meter.answer)
    said = "".join(event.content[0].text for event in events if event.type == "agent.message")
    return events[-1].stop_reason.type, said


async def tool_runner(drive: Drive) -> Told:
    """The SDK's. It sends no message, so that comes first; it yields the calls that it has answered."""
    events = drive.aclient.beta.sessions.events
    await events.send(drive.session_id, events=[user_message(LATE)])
    async for _ in events.tool_runner(drive.session_id, tools=[drive.meter.tool()], max_idle=0.1):
        pass
    return None, None


async def stream_until_end_turn(drive: Drive) -> Told:
    """The course's helper."""
    result = await stream_until_end_turn_async(
        drive.aclient, drive.session_id, LATE, tools=[drive.meter.tool()]
    )
    return result.outcome, result.text


WAYS: tuple[Callable[[Drive], Awaitable[Told]], ...] = (loop_by_hand, tool_runner, stream_until_end_turn)


def order_desk(client: Anthropic, model: str) -> Any:
    """Lesson 03's agent, made anew.

    Args:
        client: the SDK's client.
        model: of the agent.
    """
    system = "You run an order desk. Look orders up with order_status, several at once."
    tools = custom_tool_params([Meter().tool()])
    return client.beta.agents.create(name="cookbook-order-desk", model=model, system=system, tools=tools)


async def three_ways(
    client: Anthropic, aclient: AsyncAnthropic, new_session: Callable[[str], Any], by_hand: Loop
) -> dict[str, dict[str, Any]]:
    """Drive the turn in each way, and count.

    Args:
        client, aclient: the SDK's clients.
        new_session: makes a session of the order desk with a title.
        by_hand: lesson 03's loop.

    Returns:
        By what was counted: the ways' numbers and words, by the name of the way.
    """
    logging.getLogger("anthropic").setLevel(logging.ERROR)  # the runner logs each lost stream
    columns = {way.__name__: await _column(way, client, aclient, new_session, by_hand) for way in WAYS}
    rows = next(iter(columns.values()))
    return {row: {name: column[row] for name, column in columns.items()} for row in rows}


async def _column(
    way: Callable[[Drive], Awaitable[Told]],
    client: Anthropic,
    aclient: AsyncAnthropic,
    new_session: Callable[[str], Any],
    by_hand: Loop,
) -> dict[str, Any]:
    column: dict[str, Any] = {}
    for faults in ("", CUT):
        meter, posts = Meter(), Posts()
        headers = {FAULTS_HEADER: faults}
        session_id = new_session(f"{way.__name__} {faults}".strip()).id
        equipped = client.with_options(default_headers=headers).with_middleware(posts)
        async_too = aclient.with_options(default_headers=headers).with_middleware(posts)
        try:
            outcome, text = await way(Drive(session_id, equipped, async_too, meter, by_hand))
        except Exception as error:  # noqa: BLE001 (what it ends with is the measurement)
            outcome, text = type(error).__name__, None
        idle = [
            event
            for event in client.beta.sessions.events.list(session_id)
            if event.type == "session.status_idle"
        ][-1]
        if not faults:
            column |= {"tool ran": meter.runs, "at the same time": meter.most, "requests sent": posts.count}
            column |= {"tells the outcome": outcome or "no", "tells the text": "yes" if text else "no"}
        else:
            column |= {"stream cut: tool ran": meter.runs, "stream cut: session left": idle.stop_reason.type}
    return column


async def ends_on(aclient: AsyncAnthropic, session_id: str, *, patience: float) -> bool:
    """Whether `tool_runner` ends on a session whose turn is over.

    Args:
        aclient: the SDK's async client.
        session_id: the session.
        patience: seconds to wait; it is told to give up after a tenth of them without an event.
    """
    events = aclient.beta.sessions.events

    async def run() -> None:
        async for _ in events.tool_runner(session_id, tools=[], max_idle=patience / 10):
            pass

    try:
        await asyncio.wait_for(run(), timeout=patience)
    except TimeoutError:
        return False
    return True
