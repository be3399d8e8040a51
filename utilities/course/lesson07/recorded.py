"""The recorded agents of lesson 07, for its exercises: what they answered, and the events until then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from anthropic._models import construct_type
from anthropic.types.beta.sessions import BetaManagedAgentsSessionEvent

from utilities.replay import Recording

from ..places import DATA, RECORDINGS
from .answers import Claim, claims_in
from .tracing import Trace, reached

__all__ = ["FERRY", "FERRY_CALL", "SHOP", "SHOP_CALL", "Answered", "answered", "ferry_trace", "shop_trace"]

SHOP, FERRY = DATA / "shopfront", DATA / "ferry"
SHOP_CALL = 'checkout({"mug": 12, "plate": 12}, country="NO")'
FERRY_CALL = "fare([40, 9])"


@dataclass(frozen=True)
class Answered:
    """One recorded agent's first turn.

    Attributes:
        claims: of its answer.json.
        events: of the turn, as the SDK gives them, oldest first.
    """

    claims: list[Claim]
    events: list[Any]


@cache
def answered(name: str) -> Answered:
    """The first turn of a recording of this lesson, `07_a` for example."""
    recording = Recording.load(RECORDINGS / f"{name}.jsonl")
    [text] = [output.data.decode("utf-8") for output in recording.outputs if output.filename == "answer.json"]
    events = [event_of(event) for event in recording.events]
    ends = next(number for number, event in enumerate(events) if event.type == "session.status_idle")
    return Answered(claims_in(text), events[: ends + 1])


def event_of(fields: dict[str, Any]) -> Any:
    """An event as the SDK gives it to a loop."""
    return construct_type(value=fields, type_=BetaManagedAgentsSessionEvent)


@cache
def shop_trace() -> Trace:
    return reached(SHOP, SHOP_CALL)


@cache
def ferry_trace() -> Trace:
    return reached(FERRY, FERRY_CALL)
