"""Versions of memories: what every change leaves, by whom, and what is redacted."""

import functools

import pytest
from anthropic.types.beta.memory_stores import (
    BetaManagedAgentsMemoryVersion,
)

from tests.kit.memory import operations, refused

rule = functools.partial(pytest.mark.rule, topic="memory")


@pytest.fixture
def history(api, store, memory):
    """A memory that was created, modified and deleted: its versions, the oldest first."""
    api.memories.update(memory.id, memory_store_id=store, content="v2", path="/v2")
    api.memories.delete(memory.id, memory_store_id=store)
    return list(api.memory_versions.list(store, view="full"))[::-1]


@rule("every change to a memory is a version, and the memory names the one that it has now", evidence="sdk")
def test_every_change_is_a_version(history, store, memory):
    created, modified, deleted = history
    assert all(isinstance(version, BetaManagedAgentsMemoryVersion) for version in history)
    assert [version.operation for version in history] == ["created", "modified", "deleted"]
    assert {(version.memory_id, version.memory_store_id) for version in history} == {(memory.id, store)}
    assert memory.memory_version_id == created.id
    assert (created.content, created.path) == ("milk ✓", "/notes/todo.md")
    assert (modified.content, modified.path, modified.content_size_bytes) == ("v2", "/v2", 2)
    assert created.created_at < modified.created_at < deleted.created_at
    assert {(version.redacted_at, version.redacted_by) for version in history} == {(None, None)}


@rule("a version that records a deletion has a path, but no content, hash or size", evidence="sdk")
def test_a_deletion_has_a_path_but_no_content(api, store, history):
    deleted = history[-1]
    assert deleted == api.memory_versions.retrieve(deleted.id, memory_store_id=store)
    assert (deleted.content, deleted.content_sha256, deleted.content_size_bytes) == (None, None, None)
    assert deleted.path == "/v2"


@rule("a client's version is by `api_actor`", evidence="sdk")
@rule("every client's key has the same id", evidence="ours")
def test_the_author_is_the_key_that_a_client_uses(history):
    assert {version.created_by.type for version in history} == {"api_actor"}
    (key,) = {version.created_by.api_key_id for version in history}
    assert key.startswith("apikey_")


@rule("versions are filtered by memory, also a deleted one, by operation, author and time", evidence="sdk")
@rule("versions are listed newest first", evidence="doc")
def test_versions_by_memory_operation_author_and_time(api, store, history):
    other = api.memories.create(store, path="/other", content="")
    key = history[0].created_by.api_key_id
    own = ["deleted", "modified", "created"]
    assert operations(api, store) == ["created", *own]
    assert operations(api, store, memory_id=history[0].memory_id) == own
    assert operations(api, store, memory_id=other.id) == ["created"]
    assert operations(api, store, operation="created") == ["created", "created"]
    assert operations(api, store, api_key_id=key) == ["created", *own]
    for nobody in ({"api_key_id": "apikey_x"}, {"session_id": "sesn_x"}, {"service_account_id": "svac_x"}):
        assert operations(api, store, **nobody) == []
    first, second = history[0].created_at, history[1].created_at
    assert operations(api, store, created_at_gte=first, created_at_lte=second) == ["modified", "created"]
    assert operations(api, store, limit=1) == ["created", *own]
    assert "operation" in refused(400, api.memory_versions.list, store, operation="read")["message"]
    for limit in (0, 101):
        refused(400, api.memory_versions.list, store, limit=limit)


@rule(
    "redacting a version clears content, hash, size and path; what happened, when and by whom stays",
    evidence="sdk",
)
@rule("redacting twice changes nothing", evidence="ours")
def test_redacting_takes_everything_that_was_said(api, store, history):
    old = history[0]
    redacted = api.memory_versions.redact(old.id, memory_store_id=store)
    assert redacted.redacted_at > history[-1].created_at
    assert redacted.redacted_by == old.created_by
    gone = {"content": None, "content_sha256": None, "content_size_bytes": None, "path": None}
    done = {"redacted_at": redacted.redacted_at, "redacted_by": redacted.redacted_by}
    assert redacted == old.model_copy(update={**gone, **done})
    assert api.memory_versions.retrieve(old.id, memory_store_id=store) == redacted
    assert api.memory_versions.redact(old.id, memory_store_id=store) == redacted
    kept = list(api.memory_versions.list(store, view="full"))
    assert [version.content for version in kept] == [None, "v2", None]


@rule(
    "the version that a memory holds now can't be redacted",
    evidence="doc",
    note="the status isn't said; it is 400 here",
)
def test_what_a_memory_holds_now_cannot_be_redacted(api, store, memory):
    ids = {"memory_store_id": store}
    current = memory.memory_version_id
    assert memory.id in refused(400, api.memory_versions.redact, current, **ids)["message"]
    assert api.memories.retrieve(memory.id, **ids).content == "milk ✓"
    api.memories.delete(memory.id, **ids)
    assert api.memory_versions.redact(current, **ids).path is None


@rule("a memory or version is found only in its own store (404)", evidence="ours")
def test_ids_of_another_store_are_unknown(api, store, memory):
    ids = {"memory_store_id": api.create(name="other").id}
    for call, id in (
        (api.memories.retrieve, memory.id),
        (api.memories.delete, memory.id),
        (api.memory_versions.retrieve, memory.memory_version_id),
        (api.memory_versions.redact, memory.memory_version_id),
    ):
        assert id in refused(404, call, id, **ids)["message"]
    refused(404, api.memories.update, memory.id, **ids, content="x")
