"""Memory stores: paths, conflicts, versions, limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.run import Run

MOST = 2_000  # memories in a store
CONFLICT = "memory_path_conflict_error"


def _memories(run: Run, what: str) -> tuple[Any, Any]:
    """A store's id, and its memory at /a/b.md."""
    store = run.store(what).id
    return store, run.client.beta.memory_stores.memories.create(store, path="/a/b.md", content="one")


@probe("a path that is taken is 409 `memory_path_conflict_error`", rule="a path that is taken")
def a_path_that_is_taken(run: Run) -> Finding:
    store, _ = _memories(run, "taken")
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/a/b.md", content="two")
    return found((got.status, got.type) == (409, CONFLICT), got)


@probe("so is a path below a memory", rule="a path that is taken, or is above or below")
def a_path_below_a_memory(run: Run) -> Finding:
    store, _ = _memories(run, "below")
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/a/b.md/c.md", content="two")
    return found((got.status, got.type) == (409, CONFLICT), got)


@probe("so is a path above a memory", rule="a path that is taken, or is above or below")
def a_path_above_a_memory(run: Run) -> Finding:
    store, _ = _memories(run, "above")
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/a", content="two")
    return found((got.status, got.type) == (409, CONFLICT), got)


@probe(
    "an update of a memory to what is stored is 200 and makes no version",
    rule="an update of a memory to what is stored is 200 and makes no version",
)
def an_update_to_what_is_stored(run: Run) -> Finding:
    store, memory = _memories(run, "same")
    got = reply(run.once.beta.memory_stores.memories.update, memory.id, memory_store_id=store, content="one")
    versions = list(run.client.beta.memory_stores.memory_versions.list(store, memory_id=memory.id))
    return found(got.status == 200 and len(versions) == 1, f"{got}, {len(versions)} versions")


@probe(
    "an update of a memory that names neither `content` nor `path` is 200",
    rule="names neither `content` nor `path` is 200",
    question="empty-memory-update",
)
def an_update_that_says_nothing(run: Run) -> Finding:
    store, memory = _memories(run, "nothing")
    got = reply(run.once.beta.memory_stores.memories.update, memory.id, memory_store_id=store)
    return found(got.status == 200, got, answer="accepted" if got.status == 200 else "refused")


@probe("too much content is 400", rule="too much content is 400")
def too_much_content(run: Run) -> Finding:
    store = run.store("large").id
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/a.md", content="x" * 102_401)
    return found(got.status == 400, got)


@probe("null isn't content for a new memory: 400", rule="too much content is 400")
def null_as_content(run: Run) -> Finding:
    store = run.store("null").id
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/a.md", content=None)
    return found(got.status == 400, got)


@probe("a hash that isn't 64 hexadecimal characters is 400", rule="a hash that isn't 64")
def a_hash_that_is_none(run: Run) -> Finding:
    store, memory = _memories(run, "hash")
    wanted = {"memory_store_id": store, "expected_content_sha256": "none"}
    got = reply(run.once.beta.memory_stores.memories.delete, memory.id, **wanted)
    return found(got.status == 400, got)


@probe(
    "a delete that expects another content is 409 `memory_precondition_failed_error`",
    rule="a delete that expects another content has the type",
)
def a_delete_that_expects_another_content(run: Run) -> Finding:
    store, memory = _memories(run, "expects")
    wanted = {"memory_store_id": store, "expected_content_sha256": "0" * 64}
    got = reply(run.once.beta.memory_stores.memories.delete, memory.id, **wanted)
    return found((got.status, got.type) == (409, "memory_precondition_failed_error"), got)


@probe("redacting a version twice changes nothing", rule="redacting twice changes nothing")
def redacting_twice(run: Run) -> Finding:
    store, memory = _memories(run, "redacted")
    run.client.beta.memory_stores.memories.update(memory.id, memory_store_id=store, content="two")
    redact = run.once.beta.memory_stores.memory_versions.redact
    first = redact(memory.memory_version_id, memory_store_id=store)
    got = reply(redact, memory.memory_version_id, memory_store_id=store)
    return found(got.status == 200 and got.result.redacted_at == first.redacted_at, got)


@probe("memories are listed in the order of their paths", rule="memories are listed in path order")
def the_order_of_memories(run: Run) -> Finding:
    store = run.store("order").id
    for path in ("/b.md", "/a/z.md", "/a.md"):
        run.client.beta.memory_stores.memories.create(store, path=path, content="x")
    paths = [memory.path for memory in run.client.beta.memory_stores.memories.list(store)]
    return found(paths == sorted(paths), paths)


@probe("a store is attached once to a session: twice is 400", rule="a store is attached once to a session")
def a_store_attached_twice(run: Run) -> Finding:
    attached = {"type": "memory_store", "memory_store_id": run.store("attached").id}
    got = reply(run.once.beta.sessions.create, **run.wanted, resources=[attached] * 2)
    return found(got.status == 400, got)


@probe("memory routes work with the managed-agents beta alone", rule="routes of memory stores take")
def memory_with_the_other_beta(run: Run) -> Finding:
    header = {"anthropic-beta": "managed-agents-2026-04-01"}
    got = reply(run.once.beta.memory_stores.list, limit=1, extra_headers=header)
    return found(got.status == 200, got)


@probe(
    "a store holds 2,000 memories; another one is refused, and those there can be changed",
    rule="a store holds 2,000 memories",
)
def two_thousand_memories(run: Run) -> Finding:
    if not run.long:
        raise NotAsked("it makes 2,001 memories, at 300 a minute: --long asks it")
    store, first = _memories(run, "full")
    memories = run.client.beta.memory_stores.memories
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: memories.create(store, path=f"/{n}.md", content="x"), range(MOST - 1)))
    got = reply(run.once.beta.memory_stores.memories.create, store, path="/one-more.md", content="x")
    changed = reply(
        run.once.beta.memory_stores.memories.update, first.id, memory_store_id=store, content="two"
    )
    return found(got.status >= 400 and changed.status == 200, f"one more: {got}; a change: {changed}")
