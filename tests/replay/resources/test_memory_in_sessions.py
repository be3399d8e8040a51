"""Memory stores in sessions: attached, found and written as recorded; in recordings, scenarios and exports.

A test's `rule` says what it proves, and where that is from.
"""

import asyncio
import functools
import json

import pytest
from anthropic import AsyncAnthropic
from anthropic.lib.tools._memories import SessionMemoryStores

from tests.kit.calling import SAY_GO, new_session, serving, strict
from tests.kit.memory import NOTES, Memory, attach, remembering
from tests.kit.recordings import Script
from tests.kit.sessions import INTERRUPT

rule = functools.partial(pytest.mark.rule, topic="memory")


# -- attached -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    with serving() as server:
        yield strict(server)


@rule("sessions are filtered by `memory_store_id`", evidence="sdk")
def test_sessions_by_memory_store():
    call = Memory()
    other = call.post("/memory_stores", {"name": "other"})["id"]
    sessions = [
        call.begin(),
        call.begin(resources=[]),
        call.begin(resources=[attach(other), attach(call.store)]),
    ]
    rows = call.get("/sessions", memory_store_id=call.store)["data"]
    assert [row["id"] for row in rows] == [sessions[2], sessions[0]]
    assert call.get("/sessions", memory_store_id="memstore_x")["data"] == []


# -- played ---------------------------------------------------------------------------------------------


@rule(
    "what a session's agent wrote below `/mnt/memory` is in the store as versions by `session_actor`",
    evidence="sdk",
)
@rule("a session's versions stay when the session is deleted", evidence="doc")
def test_what_a_session_wrote_is_in_the_store():
    start = {"/a.md": "1", "/b.md": "2"}
    call = Memory(remembering(("/a.md", "1b"), ("/b.md", None), ("/c.md", "3"), start=start), start=start)
    session = call.begin()
    assert call.go(session) is None
    assert call.contents() == {"/a.md": "1b", "/c.md": "3"}
    written = [("modified", "/a.md", "1b"), ("deleted", "/b.md", None), ("created", "/c.md", "3")]
    assert call.versions(session_id=session) == written
    rows = call.get(f"/memory_stores/{call.store}/memory_versions", session_id=session)["data"]
    assert {json.dumps(row["created_by"]) for row in rows} == {
        json.dumps({"type": "session_actor", "session_id": session})
    }
    for _ in range(3):
        call.get(f"/sessions/{session}")  # its status lags
    call.delete(f"/sessions/{session}")
    assert call.versions(session_id=session) == written


@rule("a session's write arrives when it is played, also if nobody follows the session", evidence="ours")
def test_a_write_arrives_when_it_is_played():
    call = Memory(remembering(("/a", "1"), ("/a", "2")), speed=1.0)
    session = call.begin()
    call.go(session)
    for call.now, contents in ((0.5, {}), (1.5, {"/a": "1"}), (2.5, {"/a": "2"})):
        assert call.contents() == contents
    assert [operation for operation, *_ in call.versions()] == ["created", "modified"]
    assert call.get(f"/sessions/{session}")["status"] == "running"


@rule(
    "a session's versions have the recorded times, unless the store's history has got further",
    evidence="ours",
)
def test_the_times_of_writes_are_the_recorded_ones():
    script = remembering(("/a", "1"))
    call = Memory(script)
    call.go(call.begin())
    (row,) = call.get(f"/memory_stores/{call.store}/memory_versions")["data"]
    assert row["created_at"] == script.memory[0]["writes"][0]["created_at"]


@rule("an interrupted turn writes no more", evidence="ours")
def test_a_turn_that_is_stopped_writes_no_more():
    script = remembering(("/a", "1"), ("/b", "2"))
    script.message("more")
    script.say("hm", after=1.0)
    script.memory[0]["writes"].append({"path": "/c", "content": "3", "created_at": script.now})
    script.idle()
    call = Memory(script, speed=1.0)
    session = call.begin()
    call.go(session)
    call.now = 1.5
    call.post(f"/sessions/{session}/events", {"events": [INTERRUPT]})
    call.now = 30.0
    assert call.contents() == {"/a": "1"}
    call.go(session, "more")
    call.now = 60.0
    assert call.contents() == {"/a": "1", "/c": "3"}


def test_a_write_after_the_last_event_is_not_lost():
    script = remembering()
    late = {"path": "/a", "content": "1", "created_at": "2026-11-22T00:00:00Z"}
    script.memory[0]["writes"].append(late)
    call = Memory(script)
    call.go(call.begin())
    assert call.contents() == {"/a": "1"}


def test_initial_events_write_too():
    call = Memory(remembering(("/a", "1")))
    session = call.begin(initial_events=SAY_GO["events"])
    assert call.versions(session_id=session) == [("created", "/a", "1")]


@rule("an agent that writes what is there already makes no version", evidence="ours")
def test_writing_what_is_there_already_is_no_version():
    call = Memory(
        remembering(("/a", "1"), ("/a", "1"), ("/gone", None), start={"/a": "1"}), start={"/a": "1"}
    )
    assert call.go(call.begin()) is None
    assert call.versions() == [("created", "/a", "1")]


@rule("a store is shared: a session finds what another has left", evidence="doc")
def test_one_store_over_two_sessions():
    """The second session finds what the first has left and what a client has changed meanwhile."""
    first = remembering(("/a", "1"), name="first")
    second = remembering(("/a", "3"), ("/b", "x"), start={"/a": "2"}, name="second", text="again")
    call = Memory(first, second)
    sessions = [call.begin()]
    assert call.go(sessions[0]) is None
    (memory,) = call.get(f"/memory_stores/{call.store}/memories")["data"]
    call.post(f"/memory_stores/{call.store}/memories/{memory['id']}", {"content": "2"})
    sessions.append(call.begin())
    assert call.go(sessions[1], "again") is None
    rows = call.get(f"/memory_stores/{call.store}/memory_versions")["data"][::-1]
    assert [row["created_by"].get("session_id") for row in rows] == [
        sessions[0],
        None,
        sessions[1],
        sessions[1],
    ]
    times = [row["created_at"] for row in rows]
    assert times == sorted(set(times))  # though the recordings are of the same moment
    assert call.contents() == {"/a": "3", "/b": "x"}


# -- not as it was recorded -----------------------------------------------------------------------------


@rule(
    "of recordings that agree otherwise, the one that began with the attached memory is followed",
    evidence="ours",
)
def test_the_recording_that_began_with_this_memory_is_followed():
    starts = {"a": {}, "b": {"/a": "1"}}
    scripts = [remembering(("/x", name), start=start, name=name) for name, start in starts.items()]
    for name, start in starts.items():
        call = Memory(*scripts, start=start)
        assert call.go(call.begin()) is None
        assert call.contents()["/x"] == name


@rule("other memory than the recording began with is told in a header, once", evidence="ours")
@pytest.mark.parametrize(
    ("start", "fields", "told"),
    [
        ({}, {}, f"{NOTES}/a had other content"),
        ({"/a": "2"}, {}, f"{NOTES}/a had other content"),
        ({"/a": "1", "/b": ""}, {}, f"{NOTES}/b had other content"),
        ({"/a": "1"}, {"access": "read_only"}, f"{NOTES} was read_write then and is read_only now"),
        ({"/a": "1"}, {"resources": []}, f"{NOTES} was mounted then and is not now"),
    ],
)
def test_other_memory_than_recorded_is_told_once(start, fields, told):
    script = remembering(start={"/a": "1"})
    script.message("go")
    script.idle()
    call = Memory(script, start=start, strict=False)
    session = call.begin(**fields)
    assert told in call.go(session)
    assert call.go(session) is None


def test_a_store_that_the_recording_had_not_is_told():
    script = Script("plain")
    script.message("go")
    script.idle()
    script.header = {"memory": []}
    call = Memory(script, strict=False)
    note = call.go(call.begin())
    assert note == f"this session is not as plain was recorded: {NOTES} is mounted now and was not then"


def archived(call, session):
    call.post(f"/memory_stores/{call.store}/archive")


def deleted(call, session):
    call.delete(f"/memory_stores/{call.store}")


def in_the_way(call, session):
    call.remember("/a/b", "")


@rule("a read-only mount, an archived and a deleted store take no writes of a session", evidence="doc")
@rule("a recorded write that the mount would refuse is left out, and told in a header", evidence="ours")
@pytest.mark.parametrize(
    ("before", "access", "told"),
    [
        (None, "read_only", "it is mounted read_only"),
        (archived, "read_write", "is archived"),
        (deleted, "read_write", "was not found"),
        (in_the_way, "read_write", "/a is not free"),
    ],
)
def test_a_write_that_the_mount_would_refuse_is_told_and_left_out(before, access, told):
    call = Memory(remembering(("/a", "1")), strict=False)
    session = call.begin(access=access)
    if before:
        before(call, session)
    assert told in call.go(session)
    if before is not deleted:
        assert "/a" not in call.contents()
    assert call.get(f"/sessions/{session}/events")["data"][-1]["type"] == "session.status_idle"


# -- the SDK's own worker ---------------------------------------------------------------------------------


async def synced(server, session_id, folder):
    """What a self-hosted sandbox does with a session's memory: download, work on the files, sync back."""
    async with strict(server, AsyncAnthropic) as client:
        session = await client.beta.sessions.retrieve(session_id)
        session.resources[0].mount_path = str(folder)  # not this machine's /mnt
        stores = SessionMemoryStores(client, workdir=folder.parent)
        await stores.download(session)
        found = {file.name: file.read_text() for file in folder.iterdir() if not file.name.startswith(".")}
        (folder / "changed.md").write_text("2")
        (folder / "deep").mkdir()
        (folder / "deep" / "new.md").write_text("new")
        (folder / "raced.md").write_text("mine")
        (folder / "gone.md").unlink()
        memories, id = client.beta.memory_stores.memories, session.resources[0].memory_store_id
        (raced,) = [row async for row in memories.list(id) if row.path == "/raced.md"]
        await memories.update(raced.id, memory_store_id=id, content="theirs")
        await stores.finish()
        left = (folder / "raced.md").read_text()
        await stores.dispose()
        return found, left


def test_the_sdks_worker_keeps_a_folder_and_a_store_in_step(tmp_path):
    """`anthropic.lib` as it is: preconditions, expected hashes and full pages are what it relies on."""
    with serving() as server:
        api = strict(server).beta.memory_stores
        store = api.create(name="Notes").id
        for name in ("changed", "gone", "kept", "raced"):
            api.memories.create(store, path=f"/{name}.md", content="1")
        session = new_session(strict(server), resources=[attach(store)])
        found, left = asyncio.run(synced(server, session, tmp_path / "notes"))
        rows = {row.path: row.content for row in api.memories.list(store, view="full")}
    assert found == dict.fromkeys(["changed.md", "gone.md", "kept.md", "raced.md"], "1")
    assert rows == {"/changed.md": "2", "/deep/new.md": "new", "/kept.md": "1", "/raced.md": "theirs"}
    assert left == "theirs"  # the store wins
