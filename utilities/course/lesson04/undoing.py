"""The exercise of 04c: take the last change to a memory back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anthropic import ConflictError

from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, Wrong, require_answers
from .watched import ExerciseStore, Watched, stopped

__all__ = ["undoing"]

LIST, OTHER = "/list.md", "/kitchen/list.md"
UNDO_CASES: list[tuple[str, list[tuple[str, str]], bool]] = [
    ("a memory whose content was changed", [(LIST, "milk"), (LIST, "bread")], True),
    ("a memory that was changed twice", [(LIST, "milk"), (LIST, "bread"), (LIST, "jam")], True),
    ("a memory that was renamed", [(LIST, "milk"), (OTHER, "milk")], True),
    ("a memory that was renamed and changed", [(LIST, "milk"), (OTHER, "bread")], True),
    ("a memory that was empty before", [(LIST, ""), (LIST, "bread")], True),
    ("a memory that was only created", [(LIST, "milk")], False),
]
REDACTED = "a memory whose version before the last change is redacted"


def _check_undo(undo: Callable[..., Any]) -> str:
    with ManagedAgentsApi() as api:
        for what, states, possible in UNDO_CASES:
            requests = _undo_once(api, undo, what, states, possible)
        _undo_once(
            api, undo, REDACTED, [(LIST, "milk"), (LIST, "bread"), (LIST, "jam")], False, redacted=True
        )
        requests = _undo_once(api, undo, *UNDO_CASES[0])
        for number in range(2, requests + 1):
            _undo_with_rival(api, undo, number)
    return f"{len(UNDO_CASES) + 1} histories, and what somebody writes meanwhile is not lost"


def _undo_once(
    api: ManagedAgentsApi, undo: Callable[..., Any], what: str, states: list[tuple[str, str]],
    possible: bool, *, redacted: bool = False,
) -> int:  # fmt: skip
    """Undo the last of these states; how many requests it took."""
    notes = ExerciseStore(api, *states)
    if redacted:
        notes.redact()
    with Watched(api.base_url, max_retries=0) as watched:
        try:
            done = watched.call(what, undo, notes.id, notes.memory)
        except Wrong:
            raise
        except Exception as error:
            raise stopped(what, error) from None
        if not watched.requests:
            require_answers(undo, [done])
    notes.require(what, *states[-2 if possible else -1])
    if done is not possible:
        raise Wrong(f"{what}: it is as it should be, but undo returned {done!r} instead of {possible}")
    return len(watched.requests)


def _undo_with_rival(api: ManagedAgentsApi, undo: Callable[..., Any], number: int) -> None:
    """Somebody writes just before the request of this number."""
    what = f"somebody wrote 'jam' before your request number {number}"
    notes = ExerciseStore(api, (LIST, "milk"), (LIST, "bread"))

    def rival(method: str) -> None:
        if len(watched.requests) == number:
            notes.write("jam")

    with Watched(api.base_url, rival, max_retries=0) as watched:
        try:
            done = watched.call(what, undo, notes.id, notes.memory)
        except ConflictError:
            return notes.require(what, LIST, "jam")
        except Wrong:
            raise
        except Exception as error:
            raise stopped(what, error) from None
        updates = watched.requests.count("POST")
    _, now = notes.state
    if now == "jam":
        raise Wrong(f"{what}: 'jam' is kept, but your caller doesn't hear of it (undo returned {done!r}); "
                    "let the ConflictError through")  # fmt: skip
    if now != "bread":
        raise Wrong(f"{what}, and it is lost: the memory is {now!r}. Which content did you mean to replace? "
                    "A precondition says so")  # fmt: skip
    if updates > 1:  # with one, it had read everything after the rival, whose change was the last one then
        raise Wrong(f"{what}: after the conflict you have undone that instead, which nobody asked for; "
                    "let the ConflictError through")  # fmt: skip


undoing = Exercise(
    "Exercise 2",
    _check_undo,
    [
        "Every change is a version: memory_versions.list(store_id, memory_id=…) has the newest first, which "
        "is what the memory is now. Their content comes with view='full' only.",
        "A version has a path too. One that was redacted has neither path nor content (redacted_at says so), "
        "and an empty content is not the same as none.",
        "memories.update(memory_id, memory_store_id=…, path=…, content=…, precondition={'type': "
        "'content_sha256', 'content_sha256': …}) with the newest version's content_sha256.",
    ],
    minutes=9,
)
