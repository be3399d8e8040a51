"""A recording whose turns cost money, and budgets in cents."""

from __future__ import annotations

from typing import Any

from tests.kit.recordings import Script


def cents(amount: object) -> dict[str, Any]:
    return {"type": "limit", "max_list_cost": {"amount": str(amount), "currency": "USD"}}


def request(script: Script, tokens: int, tool: str | None = None, text: str | None = None) -> None:
    """One model request that writes so many tokens."""
    start = script.event("span.model_request_start", after=1.0)
    if text:
        script.say(text)
    call = script.builtin("bash", command=tool) if tool else None
    counts = {"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    usage = {**counts, "output_tokens": tokens, "speed": None}
    script.event("span.model_request_end", model_request_start_id=start, is_error=False, model_usage=usage)
    if call:
        script.builtin_result(call)


def ended(script: Script, amount: str, tokens: int) -> None:
    """The turn ends; by now it has all cost so many cents."""
    stop = {"type": "end_turn"}
    thread: dict[str, Any] = {"session_thread_id": "sthr_1", "agent_name": script.agent}
    script.event("session.thread_status_idle", **thread, stop_reason=stop)
    cost = {"amount": amount, "currency": "USD"}
    usage = {"input_tokens": 0, "output_tokens": tokens, "cache_read_input_tokens": 0, "list_cost": cost}
    script.event("session.usage", usage={**usage, "active_seconds": 4.0}, budget=None)
    script.event("session.status_idle", stop_reason=stop)


def costly() -> Script:
    """Two turns: three requests for 3, 3 and 4 cents, then one for 10."""
    script = Script("costly")
    script.message("go")
    request(script, 300, tool="one", text="looking")
    request(script, 300, tool="two")
    request(script, 400, text="done")
    ended(script, "10", 1000)
    script.message("more")
    request(script, 100, text="more done")
    ended(script, "20", 1100)
    return script
