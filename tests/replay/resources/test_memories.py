"""Memories: their paths, contents, conflicts and lists, through the strict client."""

import functools
import re

import pytest
from anthropic import BadRequestError
from anthropic.types.beta.memory_stores import (
    BetaManagedAgentsDeletedMemory,
    BetaManagedAgentsMemory,
    BetaManagedAgentsMemoryPrefix,
)

from tests.kit.calling import serving, strict
from tests.kit.memory import operations, refused, sha256
from utilities.replay.assumptions import ASSUME_HEADER
from utilities.replay.recordings.mount import MAX_CONTENT
from utilities.replay.resources.collection import Clock
from utilities.replay.resources.memories import MAX_MEMORIES, Memories

rule = functools.partial(pytest.mark.rule, topic="memory")


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
    "an update of a memory that names neither `content` nor `path` is 200 and changes nothing; with "
    "`--assume empty-memory-update=refused` it is 400",
    evidence="unsettled",
    source="the SDK's own tests send it",
    note="the documentation speaks of `content`, `path` or both, and doesn't say what neither is",
)
@rule(
    "an update of a memory to what is stored is 200 and makes no version",
    evidence="doc",
    note="the 200 is documented; that no version is made isn't said",
)
def test_an_update_that_changes_nothing_is_no_version(api, store, memory):
    assert api.memories.update(memory.id, memory_store_id=store) == memory
    assert api.memories.update(memory.id, memory_store_id=store, content=None, path=None) == memory
    strictly = {"extra_headers": {ASSUME_HEADER: "empty-memory-update=refused"}}
    with pytest.raises(BadRequestError, match="at least one of them"):
        api.memories.update(memory.id, memory_store_id=store, **strictly)
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


@pytest.mark.slow
@rule(
    "a store holds 2,000 memories; then none can be created, but those there be changed",
    evidence="doc",
    note="the status, 400, is ours",
)
def test_a_store_holds_2000_memories():
    memories = Memories("memstore_x", Clock("2026-01-01T00:00:00Z"))
    ids = [memories.create(f"/{number}", "", {})["id"] for number in range(MAX_MEMORIES)]
    with pytest.raises(Exception, match="is full: it has 2,000 memories"):
        memories.create("/one-more", "", {})
    memories.update(ids[0], {"content": "x"}, {})
    memories.delete(ids[0], {})
    memories.create("/one-more", "", {})


@rule(
    "a path that is taken, or is above or below one that is, is 409 `memory_path_conflict_error` "
    "with the memory's id and path, for create and rename",
    evidence="doc",
    note="that a path above or below a taken one conflicts is in no page",
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
        again = client.with_options(max_retries=1).beta.memory_stores
        refused(409, again.memories.create, store, path="/x", content="")
        assert server.api.requests - before == 2


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
    "memories are listed in path order",
    evidence="ours",
    note="documented is a stable order that the server defines",
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
