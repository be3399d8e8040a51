"""`POST /v1/messages`, answered from recordings: what an agent's memory asks a model directly.

A request is compared by what it says: system prompt, messages and the names of its tools; ids and scores
are masked as everywhere. The model and the sampling parameters are not compared: the answer says which
model gave it. [ours] What such a recording looks like is in `recordings.exchanges`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from os.path import commonprefix
from typing import Any

from anthropic.types.beta.message_create_params import MessageCreateParamsBase

from ..http.errors import UNRECORDED, ApiError
from ..http.validation import body_of
from ..ids import make_id
from ..recordings.exchanges import Exchange, Held, asked

COMPARED = 4_000  # characters from the end of a request that decide how alike two are [ours]


class Completions:
    """The model, as far as it was recorded.

    Args:
        exchanges: what was recorded, in order.
        strict: refuse what was not recorded, instead of giving the answer to the closest request.
        seed: what decides the messages' ids, with their count.
    """

    def __init__(self, exchanges: Iterable[Exchange], *, strict: bool, seed: str = "") -> None:
        self.exchanges, self.strict, self._seeds = list(exchanges), strict, [seed] if seed else []
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
        message = {**exchange.response, "id": make_id("msg", *self._seeds, self.count)}
        self.held.hold(message["id"], request, message)
        return message, streamed, note

    def _find(self, text: str) -> tuple[Exchange, str | None]:
        note = None
        if not (same := [exchange for exchange in self.exchanges if exchange.asked == text]):
            if not self.exchanges:
                how = "record some (utilities.replay.recorder)" + (
                    "" if self.strict else ", or use a key to go live"
                )
                message = f"This server has no recordings of POST /v1/messages: {how}."
                raise ApiError(400, message, code=UNRECORDED)
            closest = _closest(text, self.exchanges)
            difference = f"{closest.source}: {_difference(closest.asked, text)}"
            if self.strict:
                hint = "Send what was recorded, or record this request anew."
                message = f"no recording has this request. {difference}. {hint}"
                raise ApiError(400, message, code=UNRECORDED)
            note = f"no recording has this request to the model, going on with {difference}"
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
