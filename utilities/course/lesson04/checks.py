"""The exercises of lesson 04 on memory stores: an undo, and a line appended beside other writers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from anthropic import APIStatusError, BadRequestError, ConflictError

from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, NotAttempted, Wrong
from .watched import MOST, ExerciseStore, Watched


def _stopped(what: str, error: Exception) -> Wrong:
    return Wrong(f"{what}: your code raised {type(error).__name__}: {error}")


# -- 1: undo ---------------------------------------------------------------------------------------

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
            raise _stopped(what, error) from None
        if done in (None, ...) and not watched.requests:
            raise NotAttempted
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
            raise _stopped(what, error) from None
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
    "Exercise 1",
    _check_undo,
    [
        "Every change is a version: memory_versions.list(store_id, memory_id=…) has the newest first, which "
        "is what the memory is now. Their content comes with view='full' only.",
        "A version has a path too. One that was redacted has neither path nor content (redacted_at says so), "
        "and an empty content is not the same as none.",
        "memories.update(memory_id, memory_store_id=…, path=…, content=…, precondition={'type': "
        "'content_sha256', 'content_sha256': …}) with the newest version's content_sha256.",
    ],
)


# -- 2: a write conflict ---------------------------------------------------------------------------

LIMIT = 102_400  # bytes in a memory
APPEND_CASES = [
    ("a memory that ends with a newline", "milk\n", "bread"),
    ("a memory that ends without a newline", "milk", "bread"),
    ("a memory that ends with the same text", "milk\nbread", "bread"),
    ("an empty memory", "", "bread"),
]


def _check_append(append_line: Callable[..., Any]) -> str:
    with ManagedAgentsApi() as api:
        for what, start, line in APPEND_CASES:
            _append(api, append_line, what, start, line, 0)
        for rivals in (1, 3):
            what = f"somebody else wrote {rivals} time{'s' * (rivals > 1)} between your read and your update"
            _append(api, append_line, what, "milk\n", "bread", rivals)
        _append_to_full(api, append_line)
        _append_from_threads(api, append_line)
    return "no line was lost, no doomed update repeated, and what can't succeed reaches the caller"


def _append(
    api: ManagedAgentsApi, append_line: Callable[..., Any], what: str, start: str, line: str, rivals: int
) -> None:
    notes = ExerciseStore(api, (LIST, start))
    written = start.splitlines()

    def rival(method: str) -> None:
        if method == "POST" and watched.requests.count("POST") <= rivals:
            written.append(f"rival {watched.requests.count('POST')}")
            notes.write("\n".join(written) + "\n")

    with Watched(api.base_url, rival) as watched:
        try:
            returned = watched.call(what, append_line, notes.id, notes.memory, line)
        except ConflictError:
            _require_read_between(what, watched.requests)
            raise Wrong(f"{what}, and you gave up: read the memory again and try again") from None
        except Wrong:
            raise
        except Exception as error:
            raise _stopped(what, error) from None
        if returned in (None, ...) and not watched.requests:
            raise NotAttempted
    _require_read_between(what, watched.requests)
    _require_lines(what, notes, [*written, line])


def _require_read_between(what: str, requests: list[str]) -> None:
    """No update was sent twice: an update that was refused once is refused again."""
    row = " ".join(requests)
    if "POST POST" in row:
        raise Wrong(f"{what}: you sent {row}; an update that failed its precondition fails again, but the "
                    "client repeats a 409 unless max_retries is 0")  # fmt: skip


def _require_lines(what: str, notes: ExerciseStore, expected: list[str]) -> None:
    _, content = notes.state
    lines = content.splitlines()
    if lost := [line for line in expected if line not in lines]:
        raise Wrong(f"{what}: {', '.join(map(repr, lost))} is lost; the memory is {content!r}")
    if lines != expected:
        raise Wrong(f"{what}: the memory's lines are {lines}; expected {expected}")


def _append_to_full(api: ManagedAgentsApi, append_line: Callable[..., Any]) -> None:
    what = f"a memory of {LIMIT:,} bytes, which the API lets nobody make longer (400)"
    notes = ExerciseStore(api, (LIST, "x" * LIMIT))
    with Watched(api.base_url) as watched:
        try:
            watched.call(what, append_line, notes.id, notes.memory, "bread")
        except BadRequestError:
            return
        except Wrong as endless:
            raise Wrong(f"{endless}; try again after a conflict only") from None
        except Exception as error:
            raise _stopped(f"{what}: its BadRequestError should reach the caller", error) from None
    raise Wrong(f"{what}: your function returned as if the line were written; let the error through")


def _append_from_threads(api: ManagedAgentsApi, append_line: Callable[..., Any]) -> None:
    what = "two threads with ten lines each"
    notes = ExerciseStore(api, (LIST, ""))

    def writer(name: str) -> None:
        with Watched(api.base_url) as watched:
            for number in range(10):
                _until_written(watched, what, append_line, notes, f"{name} {number}")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(writer, "ab"))
    _, content = notes.state
    lines = content.splitlines()
    for name in "ab":
        mine = [line for line in lines if line.startswith(name)]
        if mine != [f"{name} {number}" for number in range(10)]:
            raise Wrong(f"{what}: of one thread there are the lines {mine}")


def _until_written(
    watched: Watched, what: str, append_line: Callable[..., Any], notes: ExerciseStore, line: str
) -> None:
    """A function may give up after some conflicts, if it tells its caller, who is this one."""
    for _ in range(MOST):
        try:
            watched.call(what, append_line, notes.id, notes.memory, line)
        except ConflictError:
            continue
        except APIStatusError as error:
            raise _stopped(what, error) from None
        return
    raise Wrong(f"{what}: a line had {MOST} conflicts and was never written")


appending = Exercise(
    "Exercise 2",
    _check_append,
    [
        "Read the memory, make the new content from what you read, and update with a precondition: the "
        "content_sha256 that came with what you read.",
        "The update that fails (anthropic.ConflictError) is worth nothing any more: go back to reading. The "
        "client would send it twice more by itself: client.with_options(max_retries=0).",
        "while True: read; try: update, return; except ConflictError: continue. Nothing else is caught. And "
        "mind the newline: the content may be empty, or end without one.",
    ],
)
