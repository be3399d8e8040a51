"""What a session does that no recording has: the rules by which its events are made up.

Each function returns events without id and time, which the session gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .recording import Event

INTERRUPTED = "The execution was interrupted before it finished."


def deletion() -> list[Event]:
    """The last thing that open streams hear. [sdk]"""
    return [{"type": "session.deleted"}]


def reminder(log: Sequence[Event], waiting: Sequence[str]) -> list[Event]:
    """Some of the results came: the session is idle again, with the rest. [doc; seen: the order]"""
    return idling(log, {"type": "requires_action", "event_ids": list(waiting)})


def interruption(log: Iterable[Event], sent: Event) -> list[Event]:
    """The client stopped a turn: its open built-in call fails, and the session is idle. [seen: the order]

    An open model request gets its end, which also closes a preview that will get no event. [sdk]
    """
    history = list(log)
    results = [event for event in history if event["type"].endswith("tool_result")]
    answered = {event.get("tool_use_id") or event.get("mcp_tool_use_id") for event in results}
    calls = [event for event in history if event["type"] in ("agent.tool_use", "agent.mcp_tool_use")]
    failed = [
        {
            "type": "agent.tool_result" if call["type"] == "agent.tool_use" else "agent.mcp_tool_result",
            "tool_use_id" if call["type"] == "agent.tool_use" else "mcp_tool_use_id": call["id"],
            "content": [{"type": "text", "text": INTERRUPTED}],
            "is_error": True,
        }
        for call in calls
        if call["id"] not in answered
    ]
    return [*_ended_request(history), *failed, sent, *idling(history, {"type": "end_turn"})]


def idling(log: Sequence[Event], stop_reason: dict[str, object]) -> list[Event]:
    """How a session goes idle: its thread first, then what it has used, then itself. [seen]"""
    last = {event["type"]: event for event in log}
    events: list[Event] = []
    if thread := last.get("session.thread_status_running"):
        names = {key: thread[key] for key in ("session_thread_id", "agent_name")}
        events.append({"type": "session.thread_status_idle", **names, "stop_reason": stop_reason})
    if usage := last.get("session.usage"):
        events.append({"type": "session.usage", "usage": usage["usage"], "budget": usage.get("budget")})
    return [*events, {"type": "session.status_idle", "stop_reason": stop_reason}]


def _ended_request(history: Sequence[Event]) -> list[Event]:
    """The end of the model request that was under way, if one was; what it had used isn't known."""
    ended = {e["model_request_start_id"] for e in history if e["type"] == "span.model_request_end"}
    starts = [e["id"] for e in history if e["type"] == "span.model_request_start" and e["id"] not in ended]
    counts = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
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
