"""03b's exercise: answer in batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import anthropic

from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, TookTooLong, Wrong, within
from ..places import DATA
from .parking import PATIENCE, message, session_on

__all__ = ["batches"]

PARALLEL = DATA / "recordings/03_parallel.jsonl"
WHOLE = "window=8"  # an idle event names all eight calls, not five of them


def _answer(call: Any) -> dict[str, Any]:
    orders = json.loads((DATA / "orders/orders.json").read_text("utf-8"))
    content = [{"type": "text", "text": json.dumps(orders[call.input["order"]])}]
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call.id, "content": content}


CASES = (  # results in a request, faults, how many calls somebody else has answered before, what to call it
    (4, WHOLE, 0, ""),
    (4, "window=3", 0, " (with window=3)"),
    (2, "window=5", 0, " (with window=5)"),
    (4, WHOLE, 3, " (three of them before you came)"),
)


def _check_batches(answer_in_batches: Callable[..., Any]) -> str:
    for size, faults, before, where in CASES:
        sent = _batches(answer_in_batches, size, faults, before, where)
        if max(sent) > size:
            raise Wrong(f"size was {size}, and one request had {max(sent)} results: {sent}")
        if (faults, before) == (WHOLE, 0) and len(sent) > 2:
            raise Wrong(f"eight calls, four in each request, are two requests; yours were {sent}")
    return "two requests for eight calls, more through a narrow window, and no second answers"


def _batches(
    answer_in_batches: Callable[..., Any], size: int, faults: str, before: int, where: str
) -> list[int]:
    """How many results each request had, for a session that is parked with eight calls."""
    with session_on(PARALLEL, faults=faults) as (api, session):
        opening = {"type": "user.message", "content": message(PARALLEL)}
        api.client.beta.sessions.events.send(session, events=[opening])  # type: ignore[list-item]
        api.client.beta.sessions.events.list(session, limit=1)  # a turn is held until somebody looks
        _answer_some(api, session, before)
        sent = _results_sent(api)
        client = api.client.with_options(max_retries=0)
        _hold_back(api, client, sent)
        try:
            returned = within(PATIENCE, answer_in_batches, client, session, _answer, size)
        except TookTooLong:
            raise Wrong(f"it was still at it after {PATIENCE:.0f} s{where}: is it waiting for events that "
                        "came before its stream was open?") from None  # fmt: skip
        except anthropic.BadRequestError as error:
            raise Wrong(f"the API refused what you sent{where}: {error.message}") from None
        [played] = api.sessions
        if returned is ... and not sent:
            raise NotAttempted
        if played.missing:
            raise Wrong(f"{len(played.answers)} of 8 calls were answered{where}, and the turn is not over: "
                        "look again at what waits, until nothing does; the idle event that says so may come "
                        "after your request has returned")  # fmt: skip
    return sent


def _answer_some(api: ManagedAgentsApi, session: str, how_many: int) -> None:
    """Answers the first of the calls, as another process would."""
    events = api.client.beta.sessions.events
    calls = [event for event in events.list(session) if event.type == "agent.custom_tool_use"]
    if how_many:
        events.send(session, events=[_answer(call) for call in calls[:how_many]])  # type: ignore[misc]


def _results_sent(api: ManagedAgentsApi) -> list[int]:
    """A list that gets, from now on, how many results each request has that is taken."""
    sent: list[int] = []
    before = api.server.api.observer

    def observe(request: Any, answer: Any) -> None:
        before(request, answer)
        if request.method == "POST" and request.path.endswith("/events") and answer.status == 200:
            events = json.loads(request.body)["events"]
            sent.append(sum(event["type"] == "user.custom_tool_result" for event in events))

    api.server.api.observer = observe
    return sent


def _hold_back(api: ManagedAgentsApi, client: Any, sent: list[int]) -> None:
    """After each request, the first look at the history finds nothing that came after the results.

    The service may say what waits next after it has answered the request; this server says it before. Whoever
    has opened a stream sees all, since the stream has told of it.
    """
    events = client.beta.sessions.events
    whole, looked = events.list, [len(sent)]

    def listed(session_id: str, **options: Any) -> Any:
        page = whole(session_id, **options)
        streamed = any(exchange.path.endswith("/events/stream") for exchange in api.exchanges)
        if looked[0] < len(sent) and not streamed:
            newest_first = whole(session_id, order="desc")
            late = takewhile(lambda event: event.type != "user.custom_tool_result", newest_first)
            hidden = {event.id for event in late}
            page.data = [event for event in page.data if event.id not in hidden]
        looked[0] = len(sent)
        return page

    events.list = listed


batches = Exercise(
    "Exercise 2",
    _check_batches,
    [
        "The session is parked already: the calls are in client.beta.sessions.events.list(session_id), and "
        "your waiting_calls says which of them wait.",
        "Send the first `size` of them, wait until the session is idle again, and look at what waits now.",
        "lesson03.send_and_wait(client, session_id, *results) returns the new events; the last one is idle.",
    ],
    minutes=8,
)
