"""Lesson 04's exercise on a write conflict: a line appended to a note that others write to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anthropic import BadRequestError, ConflictError

from utilities.replay.testing import ManagedAgentsApi

from ..exercises import Exercise, Wrong, require_answers
from .gaps import require_filled
from .watched import ExerciseStore, Watched, stopped

__all__ = ["LIMIT", "appending"]

LIMIT = 102_400  # bytes in a memory
CONFLICT = 409
GAPS = 3  # of the frame
LIST = "/list.md"


def _check(append_line: Callable[..., Any]) -> str:
    require_filled(append_line, GAPS)
    with ManagedAgentsApi() as api:
        _append(api, append_line, "a note with one line", "milk\n", 0)
        _append(api, append_line, "an empty note", "", 0)
        for rivals in (1, 3):
            often = "once" if rivals == 1 else f"{rivals} times"
            what = f"somebody else wrote {often} between your read and your update"
            _append(api, append_line, what, "milk\n", rivals)
        _append_to_full(api, append_line)
    return "no line is lost, whoever writes meanwhile, and what can't succeed reaches the caller"


def _append(
    api: ManagedAgentsApi, append_line: Callable[..., Any], what: str, start: str, rivals: int
) -> None:
    notes = ExerciseStore(api, (LIST, start))
    written = start.splitlines()

    def rival(method: str) -> None:
        """Writes just before an update leaves."""
        if method == "POST" and watched.requests.count("POST") <= rivals:
            written.append(f"rival {watched.requests.count('POST')}")
            notes.write("\n".join(written) + "\n")

    with Watched(api.base_url, rival) as watched:
        try:
            returned = watched.call(what, append_line, notes.id, notes.memory, "bread")
        except ConflictError:
            _require_read_between(what, watched.requests)
            raise Wrong(f"{what}, and you gave up: the ConflictError reached the caller") from None
        except Wrong as endless:
            if CONFLICT in watched.statuses[-2:]:  # its last try was one more that came too late
                raise Wrong(
                    f"{endless}; your precondition never held. Is it the SHA-256 of what this try has read?"
                ) from None
            raise
        except TypeError as error:
            if "catching classes" in str(error):
                raise Wrong("gap 1 is no class of errors, so `except` can't catch it") from None
            raise stopped(what, error) from None
        except Exception as error:
            raise stopped(what, error) from None
        if not watched.requests:
            require_answers(append_line, [returned])
    _require_read_between(what, watched.requests)
    _require_lines(what, notes, [*written, "bread"])


def _require_read_between(what: str, requests: list[str]) -> None:
    """No update was sent twice: an update that was refused once is refused again."""
    row = " ".join(requests)
    if "POST POST" in row:
        raise Wrong(
            f"{what}: you sent {row}; an update that failed its precondition fails again, so read again "
            "before each attempt, and let the client repeat nothing (max_retries=0)"
        )


def _require_lines(what: str, notes: ExerciseStore, expected: list[str]) -> None:
    _, content = notes.state
    lines = content.splitlines()
    if lost := [line for line in expected if line not in lines]:
        raise Wrong(f"{what}: {', '.join(map(repr, lost))} is lost; the note is {content!r}")
    if lines != expected:
        raise Wrong(f"{what}: the note's lines are {lines}; expected {expected}")
    if not content.endswith("\n"):
        raise Wrong(
            f"{what}: the note is {content!r}; its last line has no newline, so the next one joins it"
        )


def _append_to_full(api: ManagedAgentsApi, append_line: Callable[..., Any]) -> None:
    what = f"a note of {LIMIT:,} bytes, which the API lets nobody make longer (400)"
    notes = ExerciseStore(api, (LIST, "x" * (LIMIT - 1) + "\n"))
    with Watched(api.base_url) as watched:
        try:
            watched.call(what, append_line, notes.id, notes.memory, "bread")
        except BadRequestError:
            return
        except Wrong as endless:
            raise Wrong(f"{endless}; try again after a conflict only") from None
        except Exception as error:
            raise stopped(f"{what}: its BadRequestError should reach the caller", error) from None
    raise Wrong(f"{what}: your function returned as if the line were written; let the error through")


appending = Exercise(
    "Exercise 2",
    _check,
    [
        "The cells above have all three: what was read, a precondition, and the name of the error.",
        "The first gap is the error of a 409. The others come from `now`: its content with the line and a "
        "newline behind it, and its content_sha256.",
        'too_late = anthropic.ConflictError; content=now.content + line + "\\n"; a precondition of the type '
        "content_sha256 with now.content_sha256.",
    ],
    minutes=5,
)
