"""The exercises of 05c: wrong answers fail, each for its own reason, and right ones of another style pass."""

from __future__ import annotations

from typing import Any

import pytest

from utilities.course import lesson05

Texts = dict[str, str]


def fold(writing: Texts, written: Texts, event: Any, *, leave: str = "") -> None:
    """Right, with one of its lines left out on request."""
    start = event.type == "event_start" and (leave == "kind" or event.event.type == "agent.message")
    if start and leave != "start":
        writing[event.event.id] = ""
    if event.type == "event_delta":
        writing[event.event_id] = writing.get(event.event_id, "") + event.delta.content.text
    if event.type == "agent.message":
        preview = writing.get(event.id, "") if leave == "pop" else writing.pop(event.id, "")
        first, *others = [block.text for block in event.content]
        whole = first if leave == "blocks" else "".join([first, *others])
        written[event.id] = preview if leave == "message" else whole
    if event.type == "span.model_request_end" and leave != "end":
        writing.clear()


def by_update(writing: Texts, written: Texts, event: Any) -> Texts:
    """Right, and returns what is on the screen."""
    if event.type == "agent.message":
        written.update({event.id: "".join(block.text for block in event.content)})
    if event.type in ("agent.message", "span.model_request_end"):
        for id in list(writing):
            del writing[id]
    elif event.type == "event_delta":
        writing.update({event.event_id: writing[event.event_id] + event.delta.content.text})
    elif event.type == "event_start" and event.event.type == "agent.message":
        writing.update({event.event.id: ""})
    return {**written, **writing}


def by_parts(writing: Texts, written: Texts, event: Any) -> None:
    """Right, with a function for each type."""

    def begin() -> None:
        if event.event.type == "agent.message":
            writing[event.event.id] = ""

    def grow() -> None:
        writing[event.event_id] += event.delta.content.text

    def finish() -> None:
        writing.pop(event.id, None)
        written[event.id] = "".join(block.text for block in event.content)

    does = {"event_start": begin, "event_delta": grow, "agent.message": finish}
    does.get(event.type, lambda: None)()
    if event.type == "span.model_request_end":
        writing.clear()


@pytest.mark.parametrize("right", [fold, by_update, by_parts])
def test_a_fold_of_another_style_passes(right, passes):
    passes(lesson05.fold, right)


def strict_pop(writing: Texts, written: Texts, event: Any) -> None:
    """Takes it for granted that every message had a start."""
    if event.type == "agent.message":
        writing.pop(event.id)
        written[event.id] = "".join(block.text for block in event.content)
    else:
        fold(writing, written, event)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda *given: fold(*given, leave="start"), "a message that has begun: writing is {} afterwards"),
        (lambda *given: fold(*given, leave="pop"), "a message that is there: writing is"),
        (lambda *given: fold(*given, leave="message"), "pieces that were dropped under load"),
        (lambda *given: fold(*given, leave="blocks"), "a message of two blocks"),
        (lambda *given: fold(*given, leave="end"), "its message never came"),
        (lambda *given: fold(*given, leave="kind"), "a thought, of which only the start comes"),
        (strict_pop, "a message of which no piece came: at agent.message it raised KeyError"),
        (lambda writing, written, event: event.id, "it raised AttributeError"),
        (lambda writing, written, event: {"m1": ""}, "a message that has begun: writing is {}"),
    ],
)
def test_a_fold_that_forgets_something_fails(wrong, why, fails):
    fails(lesson05.fold, wrong, why=why)


@pytest.mark.parametrize("guess", ["c", "C)", "no piece, but the whole message when it is written"])
def test_what_a_stream_that_is_opened_again_has(guess, passes):
    passes(lesson05.reopened, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "with the beginning missing"),
        ("b", "a stream repeats nothing"),
        ("d", "what is the message itself"),
        ("e", "none of the answers"),
    ],
)
def test_each_wrong_guess_is_told_what_it_overlooks(guess, why, fails):
    fails(lesson05.reopened, guess, why=why)


def test_not_attempted_is_no_error(capsys):
    lesson05.fold.check(lambda writing, written, event: ...)
    lesson05.reopened.check(...)
    assert lesson05.fold.passed is lesson05.reopened.passed is None
    assert capsys.readouterr().out.count("not attempted yet") == 2
