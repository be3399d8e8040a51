"""Memory stores, memories, versions: each rule through the real client on a socket, answers checked strictly.

A test's `rule` says what it proves, and where that is from.
"""

import functools
import itertools
import re

import pytest
from anthropic.types.beta import BetaManagedAgentsMemoryStore

from tests.kit.calling import Caller, serving, strict
from tests.kit.memory import operations, refused

rule = functools.partial(pytest.mark.rule, topic="memory")


# -- stores -------------------------------------------------------------------------------------------


@rule(
    "a memory store has every field that the SDK names; its description is an empty text when unset",
    evidence="sdk",
)
def test_a_store_is_complete(api):
    store = api.create(name="User Preferences", metadata={"user": "7"})
    assert isinstance(store, BetaManagedAgentsMemoryStore)
    assert re.fullmatch(r"memstore_01\w{22}", store.id)
    assert (store.type, store.name, store.description) == ("memory_store", "User Preferences", "")
    assert (store.metadata, store.archived_at) == ({"user": "7"}, None)
    assert api.retrieve(store.id) == store


@rule(
    "updating a store: empty clears the description, null removes a metadata key, and only a change "
    "moves `updated_at`",
    evidence="sdk",
)
def test_an_update_changes_what_it_names(api, store):
    before = api.update(store, metadata={"a": "1", "b": "2"})
    after = api.update(store, name="Other", description="", metadata={"a": None, "c": "3"})
    assert (after.name, after.description, after.metadata) == ("Other", "", {"b": "2", "c": "3"})
    assert after.updated_at > before.updated_at
    assert api.update(store, name="Other", description=None) == after == api.retrieve(store)


@rule(
    "a store's name has 1 to 255 characters, none of them control ones, its description up to "
    "1,024, its metadata 16 pairs",
    evidence="sdk",
)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"description": "d" * 1025}, "description"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": {"": "x"}}, "metadata"),
        ({"metadata": {"k" * 65: "x"}}, "metadata"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
)
def test_limits_of_a_store(api, store, fields, told):
    for call in (lambda **f: api.create(**{"name": "x", **f}), lambda **f: api.update(store, **f)):
        error = refused(400, call, **fields)
        assert error["type"] == "invalid_request_error"
        assert error["message"].startswith(told)
    api.create(name="n" * 255, description="d" * 1024, metadata={"k" * 64: "v" * 512})


@rule("stores are listed by page and by time, the archived ones on request", evidence="sdk")
@rule("stores are listed newest first", evidence="ours")
def test_stores_are_listed_without_the_archived_ones():
    with serving() as server:
        api = strict(server).beta.memory_stores
        stores = [api.create(name=str(number)) for number in range(25)]
        api.archive(stores[3].id)
        kept = [store.id for number, store in enumerate(stores) if number != 3][::-1]
        assert [store.id for store in api.list()] == kept
        assert len(api.list().data) == 20
        assert [store.id for store in api.list(limit=7)] == kept
        assert len(list(api.list(include_archived=True))) == 25
        since = api.list(created_at_gte=stores[5].created_at, created_at_lte=stores[6].created_at)
        assert [store.name for store in since] == ["6", "5"]
        for limit in (0, 101):
            refused(400, api.list, limit=limit)


@rule(
    "an archived store can't be updated, nor its memories created or updated (400); they can be "
    "read and deleted, their versions redacted; it can't be undone",
    evidence="sdk",
    source="docstring of archived_at",
    note="the documentation only calls it read-only",
)
def test_an_archived_store_can_only_be_read_and_emptied(api, store, memory):
    old = memory.memory_version_id
    memory = api.memories.update(memory.id, memory_store_id=store, content="v2")
    archived = api.archive(store)
    assert archived.archived_at and archived.updated_at == archived.archived_at
    assert api.archive(store) == archived
    for error in (
        refused(400, api.update, store, name="x"),
        refused(400, api.memories.create, store, path="/new", content=""),
        refused(400, api.memories.update, memory.id, memory_store_id=store, content="v3"),
    ):
        assert store in error["message"] and "archived" in error["message"]
    assert api.memories.retrieve(memory.id, memory_store_id=store).content == "v2"
    assert api.memory_versions.redact(old, memory_store_id=store).redacted_at
    assert api.memories.delete(memory.id, memory_store_id=store).id == memory.id
    assert operations(api, store) == ["deleted", "modified", "created"]
    assert api.delete(store).type == "memory_store_deleted"


@rule("deleting a store deletes its memories and versions", evidence="sdk")
def test_a_deleted_store_takes_everything_with_it(api, store, memory):
    deleted = api.delete(store)
    assert (deleted.id, deleted.type) == (store, "memory_store_deleted")
    for call, *args in (
        (api.retrieve, store),
        (api.delete, store),
        (api.archive, store),
        (api.memories.list, store),
        (api.memory_versions.list, store),
    ):
        assert store in refused(404, call, *args)["message"]
    refused(404, api.memories.retrieve, memory.id, memory_store_id=store)
    refused(404, api.memory_versions.retrieve, memory.memory_version_id, memory_store_id=store)


# -- the rest -------------------------------------------------------------------------------------------


def test_the_same_requests_get_the_same_bytes():
    def bytes_of():
        call = Caller()
        store = call.post("/memory_stores", {"name": "x"})["id"]
        memories = f"/memory_stores/{store}/memories"
        memory = call.post(memories, {"path": "/a", "content": "1"})["id"]
        call.post(f"{memories}/{memory}", {"content": "2"})
        return call.get(memories), call.get(f"/memory_stores/{store}/memory_versions")

    assert bytes_of() == bytes_of()


def test_every_id_is_another():
    call = Caller()
    stores = [call.post("/memory_stores", {"name": "x"})["id"] for _ in range(2)]
    rows = [
        call.post(f"/memory_stores/{store}/memories", {"path": path, "content": ""})
        for store, path in itertools.product(stores, ("/a", "/b"))
    ]
    ids = [*stores, *(row["id"] for row in rows), *(row["memory_version_id"] for row in rows)]
    assert len(set(ids)) == len(ids) == 10
