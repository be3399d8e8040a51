"""The exercises of 04c: what is left if an agent obeys, and a change that is taken back."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import pytest
from anthropic import ConflictError

from utilities.course import lesson04

pytestmark = pytest.mark.slow


def digest(sha256: str) -> dict[str, str]:
    return {"type": "content_sha256", "content_sha256": sha256}


def test_not_attempted_is_no_error(capsys):
    lesson04.obeyed.check(...)
    for untouched in (lambda *_: ..., lambda *_: None):
        lesson04.undoing.check(untouched)
        assert lesson04.obeyed.passed is lesson04.undoing.passed is None
    out = capsys.readouterr().out
    assert [f"Exercise {number}: not attempted yet" in out for number in (1, 2)] == [True] * 2


# -- 1: what is left if it obeys -------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["bc", "c, b", ["b", "c"], "B C"])
def test_what_is_left_however_it_is_named(guess, passes):
    passes(lesson04.obeyed, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("abc", "nothing stands between its write and the file"),
        ("bcd", "adds whatever it is given"),
        ("b", "it isn't all: none of its tools replaces a memory"),
        ("c", "it isn't all: the file system refuses the write"),
        ("e", "none of the answers"),
    ],
)
def test_a_wrong_guess_is_told_why(guess, why, fails):
    fails(lesson04.obeyed, guess, why=why)


# -- 2: undo ----------------------------------------------------------------------------------------------


def undo(client: Any, store_id: str, memory_id: str) -> bool:
    """The solution."""
    stores = client.beta.memory_stores
    versions = stores.memory_versions.list(store_id, memory_id=memory_id, view="full")
    now, *before = itertools.islice(versions, 2)
    if not before or before[0].redacted_at:
        return False
    stores.memories.update(
        memory_id, memory_store_id=store_id, path=before[0].path, content=before[0].content,
        precondition=digest(now.content_sha256),
    )  # fmt: skip
    return True


def versions_of(client: Any, store_id: str, memory_id: str) -> list[Any]:
    return list(client.beta.memory_stores.memory_versions.list(store_id, memory_id=memory_id, view="full"))


def put(client: Any, store_id: str, memory_id: str, **fields: Any) -> bool:
    client.beta.memory_stores.memories.update(memory_id, memory_store_id=store_id, **fields)
    return True


def now_of(client: Any, store_id: str, memory_id: str) -> Any:
    return client.beta.memory_stores.memories.retrieve(memory_id, memory_store_id=store_id)


def by_the_memory(client: Any, store_id: str, memory_id: str) -> bool:
    """Right: the memory first, which names its version, then that version's place in the history."""
    now, versions = now_of(client, store_id, memory_id), versions_of(client, store_id, memory_id)
    older = versions[[v.id for v in versions].index(now.memory_version_id) + 1 :]
    if not older or older[0].content is None:
        return False
    fields = {"path": older[0].path, "content": older[0].content}
    return put(client, store_id, memory_id, **fields, precondition=digest(now.content_sha256))


def loose(client: Any, store_id: str, memory_id: str, **changed: Any) -> bool:
    """Right, but for what is passed."""
    options = {"path": True, "guard": True, "which": 1, "empty": True, "redacted": True, **changed}
    versions = versions_of(client, store_id, memory_id)
    if len(versions) < 2:
        return False
    then = versions[options["which"]]
    if (options["redacted"] and then.redacted_at) or not (options["empty"] or then.content):
        return False
    fields: dict[str, Any] = {"content": then.content}
    if options["path"]:
        fields["path"] = then.path
    if options["guard"]:
        fields["precondition"] = digest(versions[0].content_sha256)
    return put(client, store_id, memory_id, **fields)


def any_memory(client: Any, store_id: str, memory_id: str) -> bool:
    """Takes the store's last change for the memory's."""
    versions = list(client.beta.memory_stores.memory_versions.list(store_id, view="full"))
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    return put(client, store_id, memory_id, path=versions[1].path, content=versions[1].content)


def without_content(client: Any, store_id: str, memory_id: str) -> bool:
    """Lists without view="full"."""
    versions = list(client.beta.memory_stores.memory_versions.list(store_id, memory_id=memory_id))
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    return put(client, store_id, memory_id, path=versions[1].path, content=versions[1].content)


def never_checks(client: Any, store_id: str, memory_id: str) -> bool:
    then = versions_of(client, store_id, memory_id)[1]
    return put(client, store_id, memory_id, path=then.path, content=then.content)


def anew(client: Any, store_id: str, memory_id: str) -> bool:
    """Deletes, and creates another."""
    versions = versions_of(client, store_id, memory_id)
    memories = client.beta.memory_stores.memories
    memories.delete(memory_id, memory_store_id=store_id)
    memories.create(store_id, path=versions[1].path, content=versions[1].content)
    return True


def late_hash(client: Any, store_id: str, memory_id: str) -> bool:
    """Has a precondition, with the hash of whatever is there when it is about to write."""
    versions = versions_of(client, store_id, memory_id)
    if len(versions) < 2 or versions[1].redacted_at:
        return False
    guard = digest(now_of(client, store_id, memory_id).content_sha256)
    return put(
        client, store_id, memory_id, path=versions[1].path, content=versions[1].content, precondition=guard
    )


def keeps_quiet(client: Any, store_id: str, memory_id: str) -> bool:
    try:
        return undo(client, store_id, memory_id)
    except ConflictError:
        return False


def undoes_the_rival(client: Any, store_id: str, memory_id: str) -> bool:
    while True:
        try:
            return undo(client, store_id, memory_id)
        except ConflictError:
            continue


def until_it_is_so(client: Any, store_id: str, memory_id: str) -> bool:
    """Waits for the content to become another one, which it never does."""
    while now_of(client, store_id, memory_id).content:
        pass
    return True


def touches_another(client: Any, store_id: str, memory_id: str) -> bool:
    done = undo(client, store_id, memory_id)
    if done:
        client.beta.memory_stores.memories.create(store_id, path="/log.md", content="undone")
    return done


def test_undo_passes_in_two_ways(passes):
    passes(lesson04.undoing, undo)
    passes(lesson04.undoing, by_the_memory)
    passes(lesson04.undoing, loose)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (any_memory, "whose content was changed: your code raised ConflictError"),
        (without_content, "expected 'milk' at /list.md"),
        (never_checks, "was only created: your code raised IndexError"),
        (anew, "the memory's id is gone"),
        (partial(loose, path=False), "was renamed: the memory is now 'milk' at /kitchen/list.md"),
        (partial(loose, which=-1), "changed twice: the memory is now 'milk'"),
        (partial(loose, empty=False), "was empty before: the memory is now 'bread'"),
        (
            partial(loose, redacted=False),
            "it is as it should be, but undo returned True",
        ),
        (partial(loose, guard=False), "number 2, and it is lost: the memory is 'milk'"),
        (late_hash, "number 2, and it is lost: the memory is 'milk'"),
        (keeps_quiet, "undo returned False); let the ConflictError through"),
        (undoes_the_rival, "which nobody asked for"),
        (touches_another, "another memory of the store has changed, or there is one more"),
        (until_it_is_so, "after 30 requests it was still sending"),
        (lambda *ids: None if undo(*ids) else False, "undo returned None instead of True"),
        (lambda *ids: False, "changed: the memory is now 'bread'"),
    ],
)
def test_a_wrong_undo_fails(wrong, why, fails):
    fails(lesson04.undoing, wrong, why=why)
