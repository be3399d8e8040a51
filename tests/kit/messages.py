"""Requests to the model and their recorded answers, for tests of POST /v1/messages."""

from __future__ import annotations

from typing import Any

from tests.kit.scripts import going
from utilities.replay import Library, ReplayServer
from utilities.replay.recordings.exchanges import Exchange, asked

MODEL = "claude-sonnet-4-6"
HEADER = {
    "recording": 1, "kind": "messages", "name": "reflect", "provenance": "scripted", "note": "for a test",
    "recorded_at": "2026-11-21T09:00:00Z", "sdk": "0",
}  # fmt: skip


def asks(text: Any, **fields: Any) -> dict[str, Any]:
    """A request with one message of the user."""
    messages = [{"role": "user", "content": text}]
    return {"model": MODEL, "max_tokens": 100, "messages": messages, **fields}


def says(*blocks: Any, **fields: Any) -> dict[str, Any]:
    """A response; a block that is a string is a text block."""
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {
        "id": "msg_recorded", "type": "message", "role": "assistant", "model": MODEL, "content": content,
        "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 3}, **fields,
    }  # fmt: skip


def exchanges(*pairs: tuple[dict[str, Any], dict[str, Any]]) -> list[Exchange]:
    return [Exchange("reflect", request, response, asked(request)) for request, response in pairs]


TEA = exchanges(
    (asks("What does Ada drink?", system="Answer from the facts."), says("Tea.")),
    (asks("What does Bob drink?", system="Answer from the facts."), says("Coffee, black.")),
)


def server_of(recorded: list[Exchange], **options: Any) -> ReplayServer:
    """A strict server with these exchanges, and a recording of a session beside them."""
    return ReplayServer(Library([going().recording()], recorded), **{"strict": True, **options})


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")
