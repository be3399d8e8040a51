"""Memory stores, memories, versions: each rule through the real client on a socket, answers checked strictly.

A test's `rule` says what it proves, and where that is from.
"""

import functools
import hashlib
import itertools
import re

import pytest
from anthropic import APIStatusError, AsyncAnthropic
from anthropic.types.beta import BetaManagedAgentsMemoryStore
from anthropic.types.beta.memory_stores import (
    BetaManagedAgentsDeletedMemory,
    BetaManagedAgentsMemory,
    BetaManagedAgentsMemoryPrefix,
    BetaManagedAgentsMemoryVersion,
)

from tests.kit.calling import Caller, serving, strict
from utilities.replay.recordings.mount import MAX_CONTENT
from utilities.replay.resources.collection import Clock
from utilities.replay.resources.memories import MAX_MEMORIES, Memories

rule = functools.partial(pytest.mark.rule, topic="memory")


@pytest.fixture(scope="module")
def client():
    with serving() as server:
        yield strict(server)


@pytest.fixture
def api(client):
    return client.beta.memory_stores


@pytest.fixture
def store(api):
    return api.create(name="Notes", description="what we know").id


@pytest.fixture
def memory(api, store):
    return api.memories.create(store, path="/notes/todo.md", content="milk ✓")


def refused(status, call, *args, **fields):
    """The error of a call that must fail so, and no other way."""
    with pytest.raises(APIStatusError) as caught:
        call(*args, **fields)
    assert caught.value.status_code == status, caught.value
    return caught.value.body["error"]


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def operations(api, store, **filters):
    return [version.operation for version in api.memory_versions.list(store, **filters)]


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


# -- memories -----------------------------------------------------------------------------------------


@rule(
    "a memory has the size and SHA-256 of its UTF-8 bytes, also where it is shown without its content",
    evidence="sdk",
)
def test_a_memory_is_complete(api, store, memory):
    assert isinstance(memory, BetaManagedAgentsMemory)
    assert re.fullmatch(r"mem_01\w{22}", memory.id)
    assert re.fullmatch(r"memver_01\w{22}", memory.memory_version_id)
    assert (memory.type, memory.memory_store_id, memory.path) == ("memory", store, "/notes/todo.md")
    assert (memory.content, memory.content_size_bytes) == (None, 8)
    assert memory.content_sha256 == sha256("milk ✓")
    assert memory.created_at == memory.updated_at


@rule(
    "`view` is `full` by default when one is retrieved, `basic` for create, update and lists", evidence="sdk"
)
def test_the_view_decides_about_content(api, store, memory):
    ids, full = {"memory_store_id": store}, {"view": "full"}
    assert api.memories.retrieve(memory.id, **ids).content == "milk ✓"
    assert api.memories.retrieve(memory.id, **ids, view="basic").content is None
    assert api.memories.create(store, path="/b", content="b", **full).content == "b"
    assert api.memories.update(memory.id, **ids, content="c").content is None
    assert api.memories.update(memory.id, **ids, content="d", **full).content == "d"
    assert [row.content for row in api.memories.list(store)] == [None, None]
    assert [row.content for row in api.memories.list(store, **full)] == ["b", "d"]
    version = api.memories.retrieve(memory.id, **ids).memory_version_id
    assert api.memory_versions.retrieve(version, **ids).content == "d"
    assert api.memory_versions.retrieve(version, **ids, view="basic").content is None
    assert {row.content for row in api.memory_versions.list(store)} == {None}
    assert [row.content for row in api.memory_versions.list(store, **full)] == ["d", "c", "b", "milk ✓"]
    assert "view" in refused(400, api.memories.list, store, view="all")["message"]


@rule("a memory keeps its id when its path changes; changing one doesn't update its store", evidence="sdk")
def test_changing_a_memory_leaves_its_address_alone(api, store, memory):
    before = api.retrieve(store).updated_at
    moved = api.memories.update(memory.id, memory_store_id=store, path="/done.md", view="full")
    assert (moved.id, moved.path, moved.content) == (memory.id, "/done.md", "milk ✓")
    assert moved.updated_at > moved.created_at == memory.created_at
    changed = api.memories.update(memory.id, memory_store_id=store, content="", view="full")
    assert (changed.path, changed.content, changed.content_size_bytes) == ("/done.md", "", 0)
    assert [row.id for row in api.memories.list(store)] == [memory.id]
    assert api.retrieve(store).updated_at == before


@rule(
    "an update of a memory that names neither `content` nor `path` is 200 and changes nothing",
    evidence="unsettled",
    source="the SDK's own tests send it",
    note="the documentation says that at least one of them must be there",
)
@rule("an update of a memory to what is stored is 200 and makes no version", evidence="doc")
def test_an_update_that_changes_nothing_is_no_version(api, store, memory):
    assert api.memories.update(memory.id, memory_store_id=store) == memory
    assert api.memories.update(memory.id, memory_store_id=store, content=None, path=None) == memory
    same = api.memories.update(memory.id, memory_store_id=store, content="milk ✓", path=memory.path)
    assert same == memory
    assert operations(api, store) == ["created"]


PATHS = {
    "relative": "notes.md",
    "empty": "",
    "root": "/",
    "empty segment": "/a//b",
    "trailing slash": "/a/",
    "dot": "/a/./b",
    "dots": "/../b",
    "21 segments": "/a" * 21,
    "1,025 bytes": "/" + "é" * 512,
    "control": "/a\tb",
    "format": "/a\u200bb",
    "line separator": "/a\u2028b",
    "paragraph separator": "/a\u2029b",
    "not NFC": "/cafe\u0301",
}


@rule(
    "a memory's path starts with `/`, has 1 to 20 segments, none empty, `.` or `..`, at most 1,024 "
    "bytes, is NFC and printable (400)",
    evidence="sdk",
)
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_paths_that_a_memory_cannot_have(api, store, memory, path):
    for call, first in (
        (api.memories.create, {"content": "x"}),
        (api.memories.update, {"memory_id": memory.id}),
    ):
        id = {"memory_store_id": store}
        assert refused(400, call, path=path, **first, **id)["message"].startswith("path: ")


@rule("a memory's path is case-sensitive and of any script", evidence="sdk")
def test_paths_that_a_memory_can_have(api, store):
    paths = [
        "/a" * 20,
        "/" + "é" * 511 + "x",
        "/.hidden",
        "/caf\u00e9",
        "/a b/…",
        "/README",
        "/readme",
        "/日本/ノート",
    ]
    for path in paths:
        assert api.memories.create(store, path=path, content="").path == path
    assert {row.path for row in api.memories.list(store)} == set(paths)


@rule("a memory holds at most 102,400 bytes of UTF-8; more is refused", evidence="sdk")
@rule("too much content is 400, and so is null for a new memory", evidence="ours")
def test_content_is_limited_in_bytes(api, store, memory):
    api.memories.create(store, path="/full", content="é" * (MAX_CONTENT // 2))
    too_much = "é" * (MAX_CONTENT // 2) + "x"
    for error in (
        refused(400, api.memories.create, store, path="/more", content=too_much),
        refused(400, api.memories.update, memory.id, memory_store_id=store, content=too_much),
    ):
        assert error["message"].startswith("content: 102,401 bytes")
    assert '""' in refused(400, api.memories.create, store, path="/null", content=None)["message"]


@rule(
    "`view` is read from the query, in a body it is unknown (400)",
    evidence="sdk",
    source="memories.create sends it so",
)
def test_what_belongs_in_the_query_is_no_field_of_the_body(api, store, memory):
    for field in ({"view": "full"}, {"memory_store_id": store}, {"betas": []}):
        error = refused(
            400, api.memories.update, memory.id, memory_store_id=store, content="x", extra_body=field
        )
        assert error["message"] == f"{next(iter(field))}: Extra inputs are not permitted"
    refused(400, api.memories.create, store, path="/x", content="x", extra_body={"view": "full"})


@rule(
    "a store holds 2,000 memories; then none can be created, but those there be changed",
    evidence="unsettled",
    source="a comment in the SDK's worker",
    note="2,000 in the SDK, 10,000 in later copies of the documentation; the status, 400, is ours",
)
def test_a_store_holds_2000_memories():
    memories = Memories("memstore_x", Clock("2026-01-01T00:00:00Z"))
    ids = [memories.create(f"/{number}", "", {})["id"] for number in range(MAX_MEMORIES)]
    with pytest.raises(Exception, match="is full: it has 2,000 memories"):
        memories.create("/one-more", "", {})
    memories.update(ids[0], {"content": "x"}, {})
    memories.delete(ids[0], {})
    memories.create("/one-more", "", {})


# -- conflicts ----------------------------------------------------------------------------------------


@rule(
    "a path that is taken, or is above or below one that is, is 409 `memory_path_conflict_error` "
    "with the memory's id and path, for create and rename",
    evidence="doc",
)
@pytest.mark.parametrize("path", ["/notes/todo.md", "/notes", "/notes/todo.md/deeper"])
def test_a_path_that_is_taken_is_a_conflict(api, store, memory, path):
    other = api.memories.create(store, path="/other", content="x")
    for error in (
        refused(409, api.memories.create, store, path=path, content="x"),
        refused(409, api.memories.update, other.id, memory_store_id=store, path=path),
    ):
        assert error["type"] == "memory_path_conflict_error"
        assert (error["conflicting_memory_id"], error["conflicting_path"]) == (memory.id, memory.path)
    assert api.memories.retrieve(other.id, memory_store_id=store).path == "/other"


@rule("a path is taken by whole segments, and a memory isn't in its own way", evidence="doc")
def test_a_path_beside_another_is_free(api, store, memory):
    for path in ("/notes/todo.md2", "/note", "/notes/todo"):
        api.memories.create(store, path=path, content="")
    deeper = api.memories.update(memory.id, memory_store_id=store, path="/notes/todo.md/deeper")
    assert deeper.path == "/notes/todo.md/deeper"
    api.memories.delete(memory.id, memory_store_id=store)
    assert api.memories.create(store, path="/notes/todo.md", content="").id != memory.id


def is_now(text):
    return {"type": "content_sha256", "content_sha256": sha256(text)}


@rule(
    "an update whose `precondition` is not the memory's content is 409 "
    "`memory_precondition_failed_error`; the path plays no part",
    evidence="sdk",
)
def test_an_update_with_a_precondition(api, store, memory):
    update, ids = api.memories.update, {"memory_store_id": store}
    second = update(memory.id, **ids, content="v2", precondition=is_now("milk ✓"))
    error = refused(409, update, memory.id, **ids, content="v3", precondition=is_now("milk ✓"))
    assert error["type"] == "memory_precondition_failed_error"
    assert second.content_sha256 in error["message"]
    refused(409, update, memory.id, **ids, path="/x", precondition=is_now("milk ✓"))
    update(memory.id, **ids, path="/x", precondition=is_now("v2"))
    update(memory.id, **ids, content="v3", precondition=is_now("v2"))
    assert operations(api, store) == ["modified", "modified", "modified", "created"]


@rule("an update that asks for what is stored is 200 although its precondition fails", evidence="doc")
def test_a_repeated_update_succeeds_although_its_precondition_fails(api, store, memory):
    asked = {"content": "v2", "path": "/v2", "precondition": is_now("milk ✓"), "memory_store_id": store}
    assert api.memories.update(memory.id, **asked) == api.memories.update(memory.id, **asked)
    assert operations(api, store) == ["modified", "created"]
    refused(409, api.memories.update, memory.id, **{**asked, "path": "/v3"})


@rule("a delete with another `expected_content_sha256` is 409, and nothing is deleted", evidence="sdk")
@rule(
    "a delete that expects another content has the type `memory_precondition_failed_error`", evidence="ours"
)
def test_a_delete_that_expects_a_content(api, store, memory):
    ids = {"memory_store_id": store}
    wrong = {"expected_content_sha256": sha256("other")}
    assert (
        refused(409, api.memories.delete, memory.id, **ids, **wrong)["type"]
        == "memory_precondition_failed_error"
    )
    assert api.memories.retrieve(memory.id, **ids).content == "milk ✓"
    deleted = api.memories.delete(memory.id, **ids, expected_content_sha256=memory.content_sha256)
    assert isinstance(deleted, BetaManagedAgentsDeletedMemory)
    assert (deleted.id, deleted.type) == (memory.id, "memory_deleted")
    assert memory.id in refused(404, api.memories.delete, memory.id, **ids)["message"]


@rule("a hash that isn't 64 lowercase hexadecimal characters is 400", evidence="ours")
@pytest.mark.parametrize("hash", ["", "abc", sha256("x").upper(), sha256("x") + "0"])
def test_a_hash_that_is_none_is_refused(api, store, memory, hash):
    ids = {"memory_store_id": store}
    precondition = {"type": "content_sha256", "content_sha256": hash}
    refused(400, api.memories.update, memory.id, **ids, content="x", precondition=precondition)
    refused(400, api.memories.update, memory.id, **ids, content="x", precondition={"type": "content_sha256"})
    refused(400, api.memories.delete, memory.id, **ids, expected_content_sha256=hash)


@rule(
    "the client sends again what got a 409: compare-and-swap needs `max_retries=0`",
    evidence="sdk",
    source="run against the client",
)
def test_the_client_repeats_a_conflict_unless_told_not_to():
    with serving() as server:
        client = strict(server)
        store = client.beta.memory_stores.create(name="x").id
        client.beta.memory_stores.memories.create(store, path="/x", content="")
        before = server.api.requests
        again = client.with_options(max_retries=2).beta.memory_stores
        refused(409, again.memories.create, store, path="/x", content="")
        assert server.api.requests - before == 3


# -- lists of memories ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree(client):
    api = client.beta.memory_stores
    store = api.create(name="tree").id
    for path in (
        "/z",
        "/notes/todo.md",
        "/notes-archive/a",
        "/notes/2026/11/21.md",
        "/notes/2026/x",
        "/é",
        "/A",
    ):
        api.memories.create(store, path=path, content=path)
    return store


WHOLE = ["/A", "/notes-archive/a", "/notes/2026/11/21.md", "/notes/2026/x", "/notes/todo.md", "/z", "/é"]


@rule(
    "memories are listed by `path_prefix`, in whole segments; `depth=1` groups what is further down "
    "as `memory_prefix`",
    evidence="sdk",
)
@rule(
    "memories are listed in path order", evidence="doc", note="by bytes, here; the documentation doesn't say"
)
@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({}, WHOLE),
        ({"depth": 0}, WHOLE),
        ({"path_prefix": "/"}, WHOLE),
        ({"path_prefix": "/notes/"}, WHOLE[2:5]),
        ({"path_prefix": "/nowhere/"}, []),
        ({"depth": 1}, ["/A", "/notes-archive/", "/notes/", "/z", "/é"]),
        ({"depth": 1, "path_prefix": "/notes/"}, ["/notes/2026/", "/notes/todo.md"]),
        ({"depth": 1, "path_prefix": "/notes/2026/"}, ["/notes/2026/11/", "/notes/2026/x"]),
    ],
)
def test_lists_by_prefix_and_depth(client, tree, fields, paths):
    api = client.beta.memory_stores.memories
    rows = list(api.list(tree, **fields))
    assert [row.path for row in rows] == paths
    for row in rows:
        kind = BetaManagedAgentsMemoryPrefix if row.path.endswith("/") else BetaManagedAgentsMemory
        assert isinstance(row, kind)
    for limit in (1, 2, 3):  # the same, by pages; prefixes count [sdk]
        assert [row.path for row in api.list(tree, **fields, limit=limit)] == paths


@rule(
    "a prefix that doesn't end with `/`, a depth other than 0 and 1 and a limit beyond 100 are 400",
    evidence="sdk",
    source="the docstrings; the status is ours",
)
@pytest.mark.parametrize(
    "fields",
    [
        {"path_prefix": "/notes"},
        {"path_prefix": "notes/"},
        {"depth": 2},
        {"depth": -1},
        {"limit": 0},
        {"limit": 101},
        {"page": "page_é"},
        {"page": "page_A"},
    ],
    ids=str,
)
def test_a_list_that_cannot_be(client, tree, fields):
    error = refused(400, client.beta.memory_stores.memories.list, tree, **fields)
    assert error["message"].startswith(next(iter(fields)))


@rule("with `view=full` a page holds 20 memories or versions, whatever `limit` says", evidence="sdk")
def test_a_page_with_contents_holds_twenty(api, store):
    for number in range(25):
        api.memories.create(store, path=f"/{number:02}", content=str(number))
    for resource in (api.memories, api.memory_versions):
        assert len(resource.list(store).data) == 20
        assert len(resource.list(store, limit=100).data) == 25
        full = resource.list(store, limit=100, view="full")
        assert len(full.data) == 20
        assert sorted(int(row.content) for row in full) == list(range(25))


@rule("pages of memories don't move while memories come and go", evidence="ours")
def test_pages_do_not_move_while_memories_come_and_go(api, store):
    ids = {p: api.memories.create(store, path=f"/{p}", content="").id for p in "bdfh"}
    first = api.memories.list(store, limit=2)
    api.memories.create(store, path="/a", content="")
    api.memories.delete(ids["d"], memory_store_id=store)
    api.memories.create(store, path="/e", content="")
    assert [row.path for row in first.data] == ["/b", "/d"]
    assert [row.path for row in first.get_next_page()] == ["/e", "/f", "/h"]


# -- versions -------------------------------------------------------------------------------------------


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


# -- the rest -------------------------------------------------------------------------------------------


async def _everything(client):
    api = client.beta.memory_stores
    store = (await api.create(name="async")).id
    memory = await api.memories.create(store, path="/a/b", content="1")
    await api.memories.update(memory.id, memory_store_id=store, content="2")
    async for version in api.memory_versions.list(store, operation="created"):
        await api.memory_versions.redact(version.id, memory_store_id=store)
    rows = [row.path async for row in api.memories.list(store, depth=1)]
    await api.memories.delete(memory.id, memory_store_id=store)
    await api.archive(store)
    return rows, (await api.delete(store)).id == store


def test_the_async_client_sees_the_same():
    import asyncio

    async def run():
        async with strict(server, AsyncAnthropic) as client:
            return await _everything(client)

    with serving() as server:
        assert asyncio.run(run()) == (["/a/"], True)


def test_the_same_requests_get_the_same_bytes():
    def bytes_of():
        call = Caller()
        store = call.post("/memory_stores", {"name": "x"})["id"]
        memories = f"/memory_stores/{store}/memories"
        memory = call.post(memories, {"path": "/a", "content": "1"})["id"]
        call.post(f"{memories}/{memory}", {"content": "2"})
        return call.get(memories), call.get(f"/memory_stores/{store}/memory_versions")

    assert bytes_of() == bytes_of()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", b"{"),
        ("/memories", b"[]"),
        ("/memories/mem_x", b'{"precondition": []}'),
        ("/memories", b'{"path": 1}'),
    ],
)
def test_a_body_that_is_none_is_refused(path, body):
    call = Caller()
    store = call.post("/memory_stores", {"name": "x"})["id"]
    call.send("POST", f"/memory_stores/{store}{path}", body, 400)


def test_every_id_is_another():
    call = Caller()
    stores = [call.post("/memory_stores", {"name": "x"})["id"] for _ in range(2)]
    rows = [
        call.post(f"/memory_stores/{store}/memories", {"path": path, "content": ""})
        for store, path in itertools.product(stores, ("/a", "/b"))
    ]
    ids = [*stores, *(row["id"] for row in rows), *(row["memory_version_id"] for row in rows)]
    assert len(set(ids)) == len(ids) == 10
