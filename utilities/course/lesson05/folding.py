"""The exercises of 05c: fold the pieces of a message by hand; what a stream opened again has of them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from ..exercises import Exercise, NotAttempted, Wrong
from ..predictions import Prediction

__all__ = ["fold", "reopened"]

Texts = dict[str, str]


def _start(id: str, type: str = "agent.message") -> Any:
    return SimpleNamespace(type="event_start", event=SimpleNamespace(type=type, id=id))


def _piece(id: str, text: str, index: int = 0) -> Any:
    content = SimpleNamespace(type="text", text=text)
    delta = SimpleNamespace(type="content_delta", index=index, content=content)
    return SimpleNamespace(type="event_delta", event_id=id, delta=delta)


def _message(id: str, *texts: str) -> Any:
    blocks = [SimpleNamespace(type="text", text=text) for text in texts]
    return SimpleNamespace(type="agent.message", id=id, content=blocks)


def _other(type: str) -> Any:
    return SimpleNamespace(type=type, id=f"sevt_{type}")


END = _other("span.model_request_end")
# What it is, the events, and what is being written and what was written after all of them.
CASES: tuple[tuple[str, list[Any], Texts, Texts], ...] = (
    ("a message that has begun", [_start("m1")], {"m1": ""}, {}),
    (
        "two pieces of a message",
        [_other("session.status_running"), _start("m1"), _piece("m1", "It is "), _piece("m1", "late")],
        {"m1": "It is late"},
        {},
    ),
    (
        "a message that is there",
        [_start("m1"), _piece("m1", "It is "), _piece("m1", "late."), _message("m1", "It is late.")],
        {},
        {"m1": "It is late."},
    ),
    (
        "pieces that were dropped under load, and then the message",
        [_start("m1"), _piece("m1", "It is "), _message("m1", "It is late.")],
        {},
        {"m1": "It is late."},
    ),
    ("a message of which no piece came", [_message("m1", "It is late.")], {}, {"m1": "It is late."}),
    (
        "a message of two blocks",
        [_start("m1"), _piece("m1", "One."), _piece("m1", " Two.", 1), _message("m1", "One.", " Two.")],
        {},
        {"m1": "One. Two."},
    ),
    (
        "a request that ended, and its message never came",
        [_start("m1"), _piece("m1", "It is "), END],
        {},
        {},
    ),
    (
        "a second message after the first",
        [_start("m1"), _message("m1", "First."), END, _start("m2"), _piece("m2", "Sec")],
        {"m2": "Sec"},
        {"m1": "First."},
    ),
    ("a thought, of which only the start comes", [_start("t1", "agent.thinking")], {}, {}),
)


def _check(fold: Callable[[Texts, Texts, Any], Any]) -> str:
    shown: list[tuple[Texts, Texts]] = []
    answers: list[Any] = []
    for what, events, _, _ in CASES:
        writing: Texts = {}
        written: Texts = {}
        for event in events:
            try:
                answers.append(fold(writing, written, event))
            except Exception as error:  # noqa: BLE001 (the learner's code may raise anything)
                raise Wrong(f"{what}: at {event.type} it raised {type(error).__name__}: {error}") from None
        shown.append((writing, written))
    if all(answer is ... for answer in answers) and not any(texts for pair in shown for texts in pair):
        raise NotAttempted
    for (what, _, writing, written), found in zip(CASES, shown, strict=True):
        for name, expected, texts in (("writing", writing, found[0]), ("written", written, found[1])):
            if texts != expected:
                raise Wrong(f"{what}: {name} is {texts!r} afterwards, and it should be {expected!r}")
    return f"{len(CASES)} ways in which a message comes, or doesn't"


fold = Exercise(
    "Exercise 1",
    _check,
    [
        "Four types of events matter: event_start, event_delta, agent.message, span.model_request_end. All "
        "others leave both dicts as they are.",
        "A start has event.event.type and event.event.id; a piece has event.event_id and "
        "event.delta.content.text; a message has event.id and event.content, a list of blocks with text.",
        "The message decides: its text goes into written, whatever is in writing; writing.pop(id, None). "
        "After span.model_request_end nothing more comes: writing.clear().",
    ],
    minutes=8,
)

reopened = Prediction(
    "Exercise 2",
    "The stream is cut in the middle of a message, and you open it again at once, with event_deltas. What "
    "does the new stream have of that message?",
    [
        "the rest of its pieces",
        "all of its pieces, from the first on",
        "no piece, but the whole message when it is written",
        "nothing: the message is lost",
    ],
    "c",
    "pieces are for those who were there when the model began; the message itself is an event like any other",
    wrong={
        "a": "with the beginning missing, what would you show?",
        "b": "a stream repeats nothing",
        "d": "pieces are a preview; what is the message itself?",
    },
)
