"""A whole message as the events that the Messages API streams it in; the SDK makes it whole again."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..http.validation import Resource
from ..session.previews import PIECE

# What a message has only at its end.
LAST = ("stop_reason", "stop_sequence", "stop_details", "container")
# The counts that come with the end, as totals. [sdk]
TOTALS = (
    *("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("server_tool_use", "output_tokens_details"),
)


def stream(message: Resource) -> Iterator[Resource]:
    """The events of a message, in the SDK's shapes and order."""
    begun = {**message, "content": [], **{key: None for key in LAST if key in message}}
    begun["usage"] = {**message["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        empty, deltas = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    usage = {key: message["usage"][key] for key in TOTALS if message["usage"].get(key) is not None}
    delta = {key: message[key] for key in LAST if key in message}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def _opened(block: Resource) -> tuple[Resource, list[Resource]]:
    """A block as it begins, and what then comes to it; one of another kind comes whole."""
    if block["type"] == "text":
        pieces = [{"type": "text_delta", "text": piece} for piece in PIECE.findall(block["text"])]
        cited = [{"type": "citations_delta", "citation": each} for each in block.get("citations") or ()]
        emptied: Resource = {"citations": []} if cited else {}
        return {**block, "text": "", **emptied}, [*pieces, *cited]
    if block["type"] == "thinking":
        thoughts = [
            {"type": "thinking_delta", "thinking": piece} for piece in PIECE.findall(block["thinking"])
        ]
        signature = {"type": "signature_delta", "signature": block["signature"]}
        return {**block, "thinking": "", "signature": ""}, [*thoughts, signature]
    if block["type"].endswith("tool_use") and block.get("input"):
        text = json.dumps(block["input"], ensure_ascii=False)
        parts = [{"type": "input_json_delta", "partial_json": piece} for piece in PIECE.findall(text)]
        return {**block, "input": {}}, parts
    return block, []
