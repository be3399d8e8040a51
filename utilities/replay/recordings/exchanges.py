"""Recordings of `POST /v1/messages`: what an agent's memory asks a model directly, and the answers.

Such a recording is a second kind of file beside those of sessions: JSON Lines, a header with
`"kind": "messages"`, then one exchange a line, `{"request": …, "response": …}`, as they went over the
wire. `recorder` writes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anthropic.types import Message
from anthropic.types.beta import BetaMessage
from anthropic.types.beta.message_create_params import MessageCreateParamsBase
from pydantic import TypeAdapter, ValidationError

from ..http.errors import ApiError
from ..http.validation import body_of
from ..ids import parse_time
from .masks import masked
from .recording import FORMAT, PROVENANCE, RecordingError, json_object, read_lines

KIND = "messages"
HEADER_KEYS = ("recording", "kind", "name", "provenance", "note", "recorded_at", "sdk")


@dataclass(frozen=True)
class Exchange:
    """One request and the model's answer, and the recording that they are from.

    `asked` is what the request says, with what the server held of the conversation before it.
    """

    source: str
    request: dict[str, Any]
    response: dict[str, Any]
    asked: str


def asked(request: dict[str, Any]) -> str:
    """What a request says, as one masked text."""
    parts = [("tools", ", ".join(str(tool.get("name")) for tool in request.get("tools") or ()))]
    parts += [("system", _text(request.get("system")))]
    parts += [(message["role"], _text(message.get("content"))) for message in request["messages"]]
    return masked("\n".join(f"[{role}] {text}" for role, text in parts if text))


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(block["text"] if block["type"] == "text" else _other(block) for block in content)


def _other(block: dict[str, Any]) -> str:
    # Where a prompt is cached, and a signature of thinking, change nothing in what is asked.
    asked = [key for key in block if key not in ("cache_control", "signature")]
    return json.dumps({key: block[key] for key in asked if block[key] is not None}, sort_keys=True)


@dataclass
class Held:
    """Conversations whose state the server holds, by the id of their last response. [sdk: `thread`]"""

    requests: dict[str, dict[str, Any]] = field(default_factory=dict)

    def whole(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request with what came before it.

        Raises:
            ApiError: 404; nothing is held under that id. The SDK then sends the whole conversation.
        """
        thread = request.get("thread") or {}
        if thread.get("type") != "continue":
            return request
        id = thread["previous_message_id"]
        if id not in self.requests:
            why = f"thread: no conversation is held under {id}; send all its messages"
            raise ApiError(404, why, code="thread_not_found")
        before = self.requests[id]
        return {**before, **request, "messages": [*before["messages"], *request["messages"]]}

    def hold(self, id: str, request: dict[str, Any], response: dict[str, Any]) -> None:
        """Keep a whole request and its answer, if the request asked for that."""
        if request.get("thread"):
            reply = {"role": "assistant", "content": response["content"]}
            self.requests[id] = {**request, "messages": [*request["messages"], reply]}


def is_messages(path: Path) -> bool:
    """Whether a recording is of this kind, by its header; a damaged one is not."""
    with path.open("rb") as file:
        first = file.readline()
    try:
        header = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "kind" in header


def load(path: Path) -> list[Exchange]:
    """The exchanges of one file.

    Raises:
        RecordingError: the file is damaged or of another format; it has the line and the reason.
    """
    try:
        lines = read_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(path, 1, f"cannot be read as UTF-8 text ({error})") from error
    header = checked_header(path, lines[0])
    held = Held()
    return [_exchange(path, number, line, header, held) for number, line in enumerate(lines[1:], start=2)]


def checked_header(path: Path, line: str) -> dict[str, Any]:
    """The header of a file of exchanges."""
    header = json_object(path, 1, line)
    if header.get("recording") != FORMAT or header.get("kind") != KIND:
        raise RecordingError(path, 1, f"expected `recording` {FORMAT} and `kind` {KIND!r} in the header")
    if missing := [key for key in HEADER_KEYS if not isinstance(header.get(key), str | int)]:
        raise RecordingError(path, 1, f"the header lacks {', '.join(f'`{key}`' for key in missing)}")
    if header["provenance"] not in PROVENANCE:
        raise RecordingError(path, 1, f"provenance {header['provenance']!r} is not {' or '.join(PROVENANCE)}")
    try:
        parse_time(header["recorded_at"])
    except (TypeError, ValueError) as error:
        raise RecordingError(path, 1, f"`recorded_at` is not a time: {error}") from error
    return header


def _exchange(path: Path, number: int, line: str, header: dict[str, Any], held: Held) -> Exchange:
    value = json_object(path, number, line)
    request, response = value.get("request"), value.get("response")
    try:
        whole = held.whole(body_of(MessageCreateParamsBase, request))
        TypeAdapter(Message | BetaMessage).validate_python(response)
    except ApiError as error:
        raise RecordingError(path, number, f"`request`: {error.message}") from error
    except ValidationError as error:
        raise RecordingError(path, number, f"`response` is not a message: {error.errors()[0]}") from error
    assert isinstance(request, dict) and isinstance(response, dict)  # both were validated
    held.hold(response["id"], whole, response)
    return Exchange(str(header["name"]), request, response, asked(whole))
