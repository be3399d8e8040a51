"""`POST /v1/messages`, answered from recordings: what an agent's memory asks a model directly.

Such a recording is a second kind of file beside those of sessions: JSON Lines, a header with
`"kind": "messages"`, then one exchange a line, `{"request": …, "response": …}`, as they went over the
wire. `recorder` writes them.

A request is compared by what it says: system prompt, messages and the names of its tools; ids and scores
are masked as everywhere. The model and the sampling parameters are not compared: the answer says which
model gave it. [ours]
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from os.path import commonprefix
from pathlib import Path
from typing import Any

from anthropic.types import Message
from anthropic.types.beta import BetaMessage
from anthropic.types.beta.message_create_params import MessageCreateParamsBase
from pydantic import TypeAdapter, ValidationError

from .errors import UNRECORDED, ApiError
from .ids import make_id, parse_time
from .masks import masked
from .recording import FORMAT, PROVENANCE, RecordingError, json_object
from .store import body_of

KIND = "messages"
HEADER_KEYS = ("recording", "kind", "name", "provenance", "note", "recorded_at", "sdk")
COMPARED = 4_000  # characters from the end of a request that decide how alike two are [ours]


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


# -- the file -------------------------------------------------------------------------------------------


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
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
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


# -- the answer -------------------------------------------------------------------------------------------


class Completions:
    """The model, as far as it was recorded.

    Args:
        exchanges: what was recorded, in order.
        strict: refuse what was not recorded, instead of giving the answer to the closest request.
    """

    def __init__(self, exchanges: Iterable[Exchange], *, strict: bool) -> None:
        self.exchanges, self.strict = list(exchanges), strict
        self.given: Counter[str] = Counter()  # how often each request was answered
        self.held = Held()
        self.count = 0

    def create(self, body: Any) -> tuple[dict[str, Any], bool, str | None]:
        """Answer one request.

        Returns:
            The message, whether it is to be streamed, and a line that says so if it is the answer to
            another request.

        Raises:
            ApiError: the request is malformed or was not recorded (400), or goes on with a conversation
                that isn't held (404).
        """
        fields = dict(body) if isinstance(body, dict) else body
        streamed = fields.pop("stream", False) if isinstance(fields, dict) else False
        if not isinstance(streamed, bool):
            raise ApiError(400, f"stream: must be true or false, not {streamed!r}")
        request = body_of(MessageCreateParamsBase, fields)
        if not request["messages"]:
            raise ApiError(400, "messages: at least one message is needed")
        request = self.held.whole(request)
        exchange, note = self._find(asked(request))
        self.count += 1
        message = {**exchange.response, "id": make_id("msg", self.count)}
        self.held.hold(message["id"], request, message)
        return message, streamed, note

    def _find(self, text: str) -> tuple[Exchange, str | None]:
        note = None
        if not (same := [exchange for exchange in self.exchanges if exchange.asked == text]):
            if not self.exchanges:
                how = "record some (utilities.replay.recorder), or use a key to go live"
                message = f"This server has no recordings of POST /v1/messages: {how}."
                raise ApiError(400, message, code=UNRECORDED)
            closest = _closest(text, self.exchanges)
            difference = f"{closest.source}: {_difference(closest.asked, text)}"
            if self.strict:
                hint = "Send what was recorded, record this request, or use a key to go live."
                message = f"no recording has this request. {difference}. {hint}"
                raise ApiError(400, message, code=UNRECORDED)
            note = f"your request to the model is not the recorded one, the answer is ({difference})"
            text = closest.asked
            same = [exchange for exchange in self.exchanges if exchange.asked == text]
        turn = min(self.given[text], len(same) - 1)  # asked once more than recorded: the last answer again
        self.given[text] += 1
        return same[turn], note


def _difference(recorded: str, sent: str) -> str:
    at = len(commonprefix([recorded, sent]))
    start = max(0, at - 20)
    return f"it has {recorded[start : at + 40]!r} where you sent {sent[start : at + 40]!r}"


def _closest(text: str, exchanges: Sequence[Exchange]) -> Exchange:
    """The exchange whose request is most like `text`; the earliest of those that are equally alike."""
    matcher = SequenceMatcher(None, b=text[-COMPARED:])
    best, found = -1.0, exchanges[0]
    for exchange in exchanges:
        matcher.set_seq1(exchange.asked[-COMPARED:])
        hopeful = matcher.real_quick_ratio() > best and matcher.quick_ratio() > best
        if hopeful and (likeness := matcher.ratio()) > best:
            best, found = likeness, exchange
    return found
