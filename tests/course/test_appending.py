"""Lesson 04's exercise on a write conflict: several styles pass, others are told what is lost."""

from __future__ import annotations

import itertools
import time
from functools import partial
from typing import Any

import anthropic
import pytest
from anthropic import APIStatusError, ConflictError, NotFoundError

from utilities.course import lesson04
from utilities.course.lesson04 import watched
from utilities.course.lesson04.appending import LIMIT

pytestmark = pytest.mark.slow


def frame(client: Any, store_id: Any, memory_id: Any, line: Any) -> Any:
    """As the lesson has it: three gaps."""
    memories = client.with_options(max_retries=0).beta.memory_stores.memories
    too_late: Any = ...
    while True:
        now = memories.retrieve(memory_id, memory_store_id=store_id)
        try:
            return memories.update(now.id, memory_store_id=store_id, content=..., precondition=...)
        except too_late:
            continue


def test_not_attempted_is_no_error(capsys):
    for untouched in (frame, lambda *given: None):
        lesson04.appending.check(untouched)
        assert lesson04.appending.passed is None
        assert "Exercise 2: not attempted yet" in capsys.readouterr().out


# -- 2: a write conflict -----------------------------------------------------------------------------------


def digest(sha256: str) -> dict[str, str]:
    return {"type": "content_sha256", "content_sha256": sha256}


def put(client: Any, store_id: str, memory_id: str, **fields: Any) -> None:
    client.beta.memory_stores.memories.update(memory_id, memory_store_id=store_id, **fields)


def now_of(client: Any, store_id: str, memory_id: str) -> Any:
    return client.beta.memory_stores.memories.retrieve(memory_id, memory_store_id=store_id)


def solution(client: Any, store_id: str, memory_id: str, line: str) -> Any:
    """The frame, filled."""
    memories = client.with_options(max_retries=0).beta.memory_stores.memories
    while True:
        now = memories.retrieve(memory_id, memory_store_id=store_id)
        try:
            return memories.update(
                memory_id,
                memory_store_id=store_id,
                content=now.content + line + "\n",
                precondition=digest(now.content_sha256),
            )
        except anthropic.ConflictError:
            continue


def half_filled(client: Any, store_id: str, memory_id: str, line: str) -> Any:
    """The second gap is left."""
    memories = client.with_options(max_retries=0).beta.memory_stores.memories
    while True:
        now = memories.retrieve(memory_id, memory_store_id=store_id)
        try:
            return memories.update(
                memory_id, memory_store_id=store_id, content=now.content + line + "\n", precondition=...
            )
        except anthropic.ConflictError:
            continue


def append_line(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """The solution."""
    memories = client.with_options(max_retries=0).beta.memory_stores.memories
    while True:
        seen = memories.retrieve(memory_id, memory_store_id=store_id)
        gap = "" if not seen.content or seen.content.endswith("\n") else "\n"
        try:
            memories.update(
                memory_id, memory_store_id=store_id, content=f"{seen.content}{gap}{line}\n",
                precondition=digest(seen.content_sha256),
            )  # fmt: skip
            return
        except ConflictError:
            continue


def append(
    client: Any, store_id: str, memory_id: str, line: str, *, tries: int = 20, retries: int = 0,
    guard: bool = True, catch: Any = ConflictError, join: Any = None, quiet: bool = False,
) -> Any:  # fmt: skip
    """Right, with lines joined in another way, and with something left out on request."""
    join = join or (lambda content, line: "\n".join([*content.splitlines(), line, ""]))
    client = client.with_options(max_retries=retries)
    for attempt in range(1, tries + 1):
        seen = now_of(client, store_id, memory_id)
        fields = {"precondition": digest(seen.content_sha256)} if guard else {}
        try:
            return put(client, store_id, memory_id, content=join(seen.content, line), **fields)
        except catch:
            if attempt == tries and not quiet:
                raise
    return None


def same_again(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """After a conflict it sends the same again, without a look at what is there."""
    seen = now_of(client, store_id, memory_id)
    client = client.with_options(max_retries=0)
    for _ in range(4):
        try:
            content = seen.content + line + "\n"
            put(client, store_id, memory_id, content=content, precondition=digest(seen.content_sha256))
            return
        except ConflictError:
            pass


def new_hash_old_content(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """After a conflict it gets itself the new hash, but not the new content."""
    client = client.with_options(max_retries=0)
    content = now_of(client, store_id, memory_id).content + line + "\n"
    while True:
        guard = digest(now_of(client, store_id, memory_id).content_sha256)
        try:
            put(client, store_id, memory_id, content=content, precondition=guard)
            return
        except ConflictError:
            continue


def stale_hash(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """Its hash is of what the note once was."""
    client = client.with_options(max_retries=0)
    while True:
        content = now_of(client, store_id, memory_id).content + line + "\n"
        try:
            put(client, store_id, memory_id, content=content, precondition=digest("0" * 64))
            return
        except ConflictError:
            continue


def twice(client: Any, store_id: str, memory_id: str, line: str) -> None:
    append_line(client, store_id, memory_id, line)
    append_line(client, store_id, memory_id, line)


def asks_first(client: Any, store_id: str, memory_id: str, line: str) -> None:
    """Tells the caller in another way than the API does."""
    if now_of(client, store_id, memory_id).content_size_bytes + len(line) > LIMIT:
        raise ValueError("full")
    append_line(client, store_id, memory_id, line)


def test_appending_passes_in_several_ways(passes):
    passes(lesson04.appending, solution)
    passes(lesson04.appending, append_line)
    passes(lesson04.appending, append)
    passes(lesson04.appending, partial(append, tries=4))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (partial(append, guard=False), "'rival 1' is lost"),
        (
            partial(append, retries=2),
            "wrote once between your read and your update: you sent GET POST POST POST GET POST;",
        ),
        (partial(append, retries=2, tries=1), "you sent GET POST POST POST;"),
        (partial(append, tries=1), "wrote once between your read and your update, and you gave"),
        (partial(append, tries=2), "wrote 3 times between your read and your update, and you"),
        (
            partial(append, tries=2, quiet=True),
            "wrote 3 times between your read and your update: 'bread' is lost",
        ),
        (same_again, "you sent GET POST POST POST POST;"),
        (new_hash_old_content, "'rival 1' is lost"),
        (
            stale_hash,
            "after 30 requests it was still sending; your precondition never held. Is it the SHA-256 of",
        ),
        (
            partial(append, tries=99, catch=APIStatusError),
            "after 30 requests it was still sending; try again after a conflict only",
        ),
        (partial(append, catch=APIStatusError, tries=4, quiet=True), "as if the line were written"),
        (asks_first, "should reach the caller: your code raised ValueError: full"),
        (half_filled, "1 of the 3 gaps is still `...`"),
        (
            partial(append, join=lambda content, line: line + "\n"),
            "a note with one line: 'milk' is lost; the note is 'bread",
        ),
        (
            partial(append, join=lambda content, line: content + line),
            "the note is 'milk\\nbread'; its last line has no newline",
        ),
        (
            partial(append, join=lambda content, line: f"{content}\n{line}\n"),
            "a note with one line: the note's lines are ['milk', '', 'bread']",
        ),
        (
            partial(append, join=lambda content, line: f"{line}\n{content}"),
            "the note's lines are ['bread', 'milk']; expected ['milk', 'bread']",
        ),
        (twice, "the note's lines are ['milk', 'bread', 'bread']"),
        (lambda client, store, memory, line: now_of(client, memory, store), "raised NotFoundError"),
    ],
)
def test_wrong_appending_fails(wrong, why, fails):
    fails(lesson04.appending, wrong, why=why)


def test_waiting_for_ever_fails_the_check_instead_of_hanging_it(monkeypatch, fails):
    monkeypatch.setattr(watched, "PATIENCE", 0.2)
    asleep = lambda *given: (now_of(*given[:3]), time.sleep(5))  # noqa: E731
    fails(lesson04.appending, asleep, why="it was still at it after 0 s")


def test_a_function_that_catches_everything_is_stopped_all_the_same(fails):
    calls = itertools.count()

    def stubborn(client: Any, store_id: str, memory_id: str, line: str) -> None:
        while True:
            try:
                next(calls)
                now_of(client, memory_id, store_id)
            except (NotFoundError, Exception):
                continue

    fails(lesson04.appending, stubborn, why="after 30 requests it was still sending")
    assert next(calls) == 31  # and it is not running on behind the check
