"""What a session does that no recording has: the rules by which its events are made up.

Each function returns events without id and time, which the session gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..recordings.recording import Event
from . import outcomes

TOKENS = ("input_tokens", "output_tokens", "cache_read_input_tokens")
UNUSED: Event = {
    "active_seconds": 0.0,
    **dict.fromkeys(TOKENS, 0),
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
    "list_cost": {"amount": "0", "currency": "USD"},
}
RESULTS = {  # of a call: its type, and where it names the call
    "agent.tool_use": ("agent.tool_result", "tool_use_id"),
    "agent.mcp_tool_use": ("agent.mcp_tool_result", "mcp_tool_use_id"),
    "agent.custom_tool_use": ("user.custom_tool_result", "custom_tool_use_id"),
}
AT_WORK = ("session.thread_status_running", "session.thread_status_rescheduled")
DONE = ("session.thread_status_idle", "session.thread_status_terminated")
INTERRUPTED = "Tool execution was interrupted before completion. Please retry."  # [doc: the words]


def deletion() -> list[Event]:
    """The last thing that open streams hear. [sdk]"""
    return [{"type": "session.deleted"}]


def reminder(log: Sequence[Event], waiting: Sequence[str]) -> list[Event]:
    """Some of the results came: the session is idle again, with the rest. [doc; seen: the order]"""
    return idle(log, {"type": "requires_action", "event_ids": list(waiting)})


def interruption(log: Iterable[Event], sent: Event, closing: Sequence[Event] = ()) -> list[Event]:
    """The client stopped a turn: its open built-in call fails, and the session is idle. [seen: the order]

    An open model request gets its end, which also closes a preview that will get no event. [sdk] An outcome
    gets its end, too. [doc]

    Args:
        log: the session's events.
        sent: the interrupt.
        closing: custom calls that waited for the client, and fail as well.
    """
    history = list(log)
    failed = [failure(call) for call in [*open_calls(history), *closing]]
    ended = [*_ended_request(history), *failed, *outcomes.interrupted(history)]
    return [*ended, sent, *idle(history, {"type": "end_turn"})]


def thread_interruption(
    log: Iterable[Event], sent: Event, waiting: Sequence[Event], primary: str
) -> list[Event]:
    """The client stopped one thread: its calls fail, and it is idle; the model isn't asked. [doc: a child's]

    Args:
        log: the session's events.
        sent: the interrupt, which names the thread.
        waiting: those of its calls that waited for the client, and fail as well.
        primary: the id of the session's primary thread.
    """
    history, thread = list(log), sent["session_thread_id"]
    running = [call for call in open_calls(history) if (call.get("session_thread_id") or primary) == thread]
    failed = [failure(call) for call in {call["id"]: call for call in [*running, *waiting]}.values()]
    names = next(names for names in at_work(history) if names["session_thread_id"] == thread)
    own = [*_ended_request(history), *outcomes.interrupted(history)] if thread == primary else []
    return [
        *own,
        *failed,
        sent,
        {"type": "session.thread_status_idle", **names, "stop_reason": {"type": "end_turn"}},
    ]


def archival(log: Iterable[Event], primary: str, agent_name: str) -> list[Event]:
    """The client archived the session: its threads are over, the primary one last, and so is it. [doc]"""
    threads = {primary: agent_name}
    for event in log:
        if event["type"] == "session.thread_created":
            threads[event["session_thread_id"]] = event["agent_name"]
        elif event["type"] == "session.thread_status_terminated":
            threads.pop(event["session_thread_id"], None)
    ended = [
        {"type": "session.thread_status_terminated", "session_thread_id": id, "agent_name": name}
        for id, name in threads.items()
    ]
    return [*ended[::-1], {"type": "session.status_terminated"}]


def open_calls(history: Sequence[Event]) -> list[Event]:
    """The built-in calls without a result."""
    results = [event for event in history if event["type"].endswith("tool_result")]
    answered = {event.get("tool_use_id") or event.get("mcp_tool_use_id") for event in results}
    calls = [event for event in history if event["type"] in ("agent.tool_use", "agent.mcp_tool_use")]
    return [call for call in calls if call["id"] not in answered]


def failure(call: Event) -> Event:
    """The result of a call that an interrupt has stopped."""
    type, key = RESULTS[call["type"]]
    thread = {"session_thread_id": call["session_thread_id"]} if call.get("session_thread_id") else {}
    content = [{"type": "text", "text": INTERRUPTED}]
    return {"type": type, key: call["id"], **thread, "content": content, "is_error": True}


def idle(log: Iterable[Event], stop: Event) -> list[Event]:
    """The turn ends for this reason: the thread, the usage, then the session. [seen: the order]"""
    return _status("idle", list(log), usage=True, stop_reason=stop)


def termination(log: Iterable[Event]) -> list[Event]:
    """The session ends for good. [sdk: the events; ours: that their order is that of an idle]"""
    return _status("terminated", list(log), usage=True)


def rescheduling(log: Iterable[Event]) -> list[Event]:
    """The session is taken off its machine, to run on later. [sdk; ours: the order]"""
    return _status("rescheduled", list(log))[::-1]


def resumption(log: Iterable[Event]) -> list[Event]:
    """It runs on: the session first, then its thread, as at the start of a turn. [seen: the order]"""
    return _status("running", list(log))[::-1]


def error(retry: str) -> Event:
    """A `session.error`: retrying goes on, exhausted drops what is queued, terminal is the end. [sdk]"""
    kind = "unknown_error" if retry == "terminal" else "model_overloaded_error"
    said = f"The model could not be reached (a fault on purpose: {retry})."
    return {
        "type": "session.error",
        "error": {"type": kind, "message": said, "retry_status": {"type": retry}},
    }


def _status(kind: str, log: list[Event], *, usage: bool = False, **fields: Any) -> list[Event]:
    """The status of every thread whose work is not done, what was used so far, the session's status."""
    threads = [{"type": f"session.thread_status_{kind}", **names, **fields} for names in at_work(log)]
    used = [_used(log)] if usage else []
    return [*threads, *used, {"type": f"session.status_{kind}", **fields}]


def at_work(log: Iterable[Event]) -> list[Event]:
    """The threads that run, are rescheduled or wait for the client; the first to start, the primary, last."""
    threads: dict[str, Event] = {}
    for event in log:
        waits = (event.get("stop_reason") or {}).get("type") == "requires_action"
        if event["type"] in AT_WORK:
            names = {key: event[key] for key in ("session_thread_id", "agent_name")}
            threads.setdefault(event["session_thread_id"], names)
        elif event["type"] in DONE and not waits:
            threads.pop(event["session_thread_id"], None)
    return list(threads.values())[::-1]


def _used(history: Sequence[Event]) -> Event:
    """The tokens of the last snapshot and of the model requests since then; their cost isn't known. [ours]"""
    last = next((e for e in reversed(history) if e["type"] == "session.usage"), None)
    known = last["usage"] if last else UNUSED
    usage = {**known, **tokens_used(history, known)}
    return {"type": "session.usage", "usage": usage, "budget": last.get("budget") if last else None}


def tokens_used(history: Sequence[Event], known: Event) -> dict[str, int]:
    """The tokens in all: `known`, from the last `session.usage`, and those of what came since then."""
    last = max((i for i, event in enumerate(history) if event["type"] == "session.usage"), default=-1)
    spans = [event.get("model_usage") or {} for event in history[last + 1 :]]
    return {key: (known.get(key) or 0) + sum(span.get(key) or 0 for span in spans) for key in TOKENS}


def with_children(used: Event, requests: Sequence[Event]) -> Event:
    """A `session.usage` that has counted the session's own log, with its children's model requests. [doc]"""
    spent = tokens_used(requests, used["usage"])
    return {**used, "usage": {**used["usage"], **spent}}


def _ended_request(history: Sequence[Event]) -> list[Event]:
    """The end of the model request that was under way, if one was; what it had used isn't known."""
    ended = {e["model_request_start_id"] for e in history if e["type"] == "span.model_request_end"}
    starts = [e["id"] for e in history if e["type"] == "span.model_request_start" and e["id"] not in ended]
    counts = (*TOKENS, "cache_creation_input_tokens")
    usage = {**dict.fromkeys(counts, 0), "speed": None}
    return [
        {
            "type": "span.model_request_end",
            "model_request_start_id": id,
            "is_error": True,
            "model_usage": usage,
        }
        for id in starts[-1:]
    ]
