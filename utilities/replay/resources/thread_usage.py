"""How long one thread of a session has run, and what it has used: its own model requests.

A thread's usage is null until it is idle for the first time. The session's usage has what all threads have
used, advisors too. Its list cost has the running time besides, so that the threads' costs, each at its own
model's price, don't sum up to it. [sdk; doc: advisors]
That a thread's figures are those of its last idle is [ours].
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..http.validation import Resource
from ..ids import parse_time, seconds_between
from ..recordings.costs import HOUR, WEIGHTS, in_cents, price_of
from ..recordings.recording import Event
from ..session.own_steps import requests

SEARCH = "web_search"
STATUS = {
    "session.thread_status_running": "running",
    "session.thread_status_idle": "idle",
    "session.thread_status_rescheduled": "rescheduling",
    "session.thread_status_terminated": "terminated",
}


def usage_of(events: Sequence[Event], idle_at: str | None, model: Any, active: float) -> Resource | None:
    """A thread's usage.

    Args:
        events: all that is known of what the thread did.
        idle_at: when it was idle the last time; None if it never was.
        model: its agent's, as an id or an object.
        active: how many seconds it has run.

    Returns:
        None before its first idle. Of a thread whose model requests nobody recorded only the time is known.
    """
    if idle_at is None:
        return None
    done = [event for event in events if parse_time(event["processed_at"]) <= parse_time(idle_at)]
    spans = requests(done)
    if not spans:
        return {"active_seconds": active}
    used = {key: sum((span["model_usage"].get(key) or 0) for span in spans) for key in WEIGHTS}
    written = used.pop("cache_creation_input_tokens")
    searches = sum(event["type"] == "agent.tool_use" and event["name"] == SEARCH for event in done)
    weighed = sum((WEIGHTS[key] * count for key, count in used.items()), Decimal(0))
    cost = price_of(model, weighed + WEIGHTS["cache_creation_input_tokens"] * written, 0.0, searches)
    return {
        **used,
        "active_seconds": active,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "server_tool_use": {
            "web_search_requests": searches,
            "web_fetch_requests": 0,
        },  # it isn't metered [doc]
        "list_cost": None if cost is None else in_cents(cost),
    }


def of_the_only_thread(usage: Resource) -> Resource | None:
    """The session's usage as that of its only thread: without the price of the running time. [sdk]"""
    if not usage or not usage.get("list_cost"):
        return usage or None
    cost = Decimal(usage["list_cost"]["amount"])
    runtime = HOUR * Decimal(str(usage.get("active_seconds") or 0.0)) / 3600
    return {**usage, "list_cost": in_cents(max(Decimal(0), cost - runtime))}


def stats(changes: list[Event], created_at: str, updated_at: str) -> dict[str, float]:
    """How long a thread has existed, and run, by its status changes."""
    active, running = 0.0, None
    for event in changes:
        if running is not None:
            active += seconds_between(running, event["processed_at"])
        running = event["processed_at"] if STATUS[event["type"]] == "running" else None
    duration = max(0.0, seconds_between(created_at, updated_at))
    return {"active_seconds": active, "duration_seconds": duration, "startup_seconds": 0.0}


def active_in_all(log: Sequence[Event]) -> float | None:
    """How long the threads of a session have run, each counted for itself; None if it has only one. [doc]"""
    ids = {event["session_thread_id"] for event in log if event["type"] in STATUS}
    if len(ids) < 2:
        return None
    changes = {id: [e for e in log if e["type"] in STATUS and e["session_thread_id"] == id] for id in ids}
    times = [stats(of, of[0]["processed_at"], of[-1]["processed_at"]) for of in changes.values()]
    return round(sum(time["active_seconds"] for time in times), 6)
