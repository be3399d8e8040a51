"""Memory stores in sessions: attached, found and written as recorded; in recordings, scenarios and exports.

A test's `rule` says what it proves, and where that is from.
"""

import asyncio
import functools
import json
from pathlib import Path

import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.lib.tools._memories import SessionMemoryStores
from anthropic.types.beta.sessions import BetaManagedAgentsMemoryStoreResource

from tests.kit.calling import SAY_GO, Caller, new_session, serving, strict
from tests.kit.recordings import Script
from utilities.replay import Library, Recording, RecordingError, ReplayServer
from utilities.replay.export import export
from utilities.replay.http.requests import NOTE_HEADER, Request
from utilities.replay.recordings.mount import Mount, memory_path
from utilities.replay.scenario import main

rule = functools.partial(pytest.mark.rule, topic="memory")

NOTES = "/mnt/memory/notes"


def remembering(*writes, start=None, access="read_write", name="remembering", message="go"):
    """A turn of ten seconds with the store "Notes" mounted; a write is (path, content), one a second."""
    script = Script(name)
    script.message(message)
    at = []
    for _ in writes:
        script.say("hm", after=1.0)
        at.append(script.now)
    script.say("done", after=10.0 - len(writes))
    script.idle()
    rows = [{"path": p, "content": c, "created_at": t} for (p, c), t in zip(writes, at, strict=True)]
    script.memory.append({"mount_path": NOTES, "access": access, "start": start or {}, "writes": rows})
    return script


class Memory(Caller):
    """A caller with a memory store, and with sessions that have it."""

    def __init__(self, *scripts, start=None, **options):
        super().__init__(*scripts, **options)
        self.store = self.post("/memory_stores", {"name": "Notes"})["id"]
        for path, content in (start or {}).items():
            self.remember(path, content)

    def remember(self, path, content):
        return self.post(f"/memory_stores/{self.store}/memories", {"path": path, "content": content})

    def begin(self, status=200, access="read_write", **fields):
        resource = {"type": "memory_store", "memory_store_id": self.store, "access": access}
        return self.session(status, **{"resources": [resource], **fields})["id"]

    def go(self, session, text="go"):
        """Send the message; returns the note that came with the answer."""
        event = {"type": "user.message", "content": [{"type": "text", "text": text}]}
        body = json.dumps({"events": [event]}).encode()
        answer = self.api.handle(Request("POST", f"/v1/sessions/{session}/events", (), body), self.now)
        assert answer.status == 200, answer.content
        return answer.headers.get(NOTE_HEADER)

    def versions(self, **query):
        rows = self.get(f"/memory_stores/{self.store}/memory_versions", view="full", **query)["data"]
        return [(row["operation"], row["path"], row["content"]) for row in rows[::-1]]

    def contents(self):
        rows = self.get(f"/memory_stores/{self.store}/memories", view="full")["data"]
        return {row["path"]: row["content"] for row in rows}


# -- attached -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    with serving() as server:
        yield strict(server)


def attach(store, **fields):
    return {"type": "memory_store", "memory_store_id": store, **fields}


@rule(
    "an attached store is a resource with its name and description of that moment, and without an id",
    evidence="sdk",
)
@rule("the resource routes find an attached store by the store's id", evidence="ours")
def test_an_attached_store_is_a_resource_of_its_session(client):
    store = client.beta.memory_stores.create(name="Team Notes", description="shared").id
    session = new_session(client, resources=[attach(store, instructions="Read first.")])
    (resource,) = client.beta.sessions.retrieve(session).resources
    assert isinstance(resource, BetaManagedAgentsMemoryStoreResource)
    assert resource.to_dict() == {
        "type": "memory_store",
        "memory_store_id": store,
        "access": "read_write",
        "instructions": "Read first.",
        "name": "Team Notes",
        "description": "shared",
        "mount_path": "/mnt/memory/team-notes",
    }
    client.beta.memory_stores.update(store, name="Other", description="")
    assert list(client.beta.sessions.resources.list(session)) == [resource]
    assert client.beta.sessions.resources.retrieve(store, session_id=session) == resource
    later = new_session(client, resources=[attach(store, access="read_only")])
    (resource,) = client.beta.sessions.retrieve(later).resources
    assert (resource.mount_path, resource.access) == ("/mnt/memory/other", "read_only")
    assert (resource.description, resource.instructions) == ("", None)


@rule(
    "a store is mounted at `/mnt/memory/` and its name, lowercased, every run of other characters "
    "than ASCII letters and digits one hyphen",
    evidence="sdk",
    note="whether hyphens at the ends are cut off isn't said; they are kept here",
)
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("User Preferences", "user-preferences"),
        ("a--b__c", "a-b-c"),
        ("Notes (2026)!", "notes-2026-"),
        ("Über", "-ber"),
        ("日本", "-"),
        ("../../etc", "-etc"),
    ],
)
def test_the_mount_path_comes_from_the_name(name, path):
    assert memory_path(name) == f"/mnt/memory/{path}"


@rule("stores of the same name in one session are mounted at `…`, `…-2`, `…-3`", evidence="ours")
def test_stores_of_the_same_name_get_paths_of_their_own():
    call = Caller()
    stores = [call.post("/memory_stores", {"name": name})["id"] for name in ("Notes", "notes", "NOTES")]
    resources = call.session(resources=[attach(store) for store in stores])["resources"]
    assert [resource["mount_path"] for resource in resources] == [NOTES, f"{NOTES}-2", f"{NOTES}-3"]
    assert [resource["memory_store_id"] for resource in resources] == stores


@rule("a session's resources keep the order they were given in", evidence="ours")
def test_resources_keep_the_order_they_were_given_in():
    call = Memory()
    files = [{"type": "file", "file_id": call.upload(f"{n}.py")["id"]} for n in range(2)]
    session = call.session(resources=[files[0], attach(call.store), files[1]])
    assert [resource["type"] for resource in session["resources"]] == ["file", "memory_store", "file"]
    path = f"/sessions/{session['id']}/resources/{session['resources'][2]['id']}"
    assert call.get(path) == session["resources"][2]
    call.delete(path)
    assert call.get(f"/sessions/{session['id']}")["resources"] == session["resources"][:2]


@rule("a memory store is attached when a session is created, never later, and stays (400)", evidence="doc")
def test_a_store_neither_comes_nor_goes_later():
    call = Memory()
    plain, session = call.begin(resources=[]), call.begin()
    assert "when a session is created" in call.post(f"/sessions/{plain}/resources", attach(call.store), 400)
    path = f"/sessions/{session}/resources/{call.store}"
    assert call.store in call.delete(path, 400)
    assert call.get(path)["memory_store_id"] == call.store


@rule(
    "an archived store can't be attached (400), an unknown one is 404; instructions have at most "
    "4,096 characters",
    evidence="sdk",
)
@rule("a session has at most 8 memory stores", evidence="doc")
@rule("a store is attached once to a session", evidence="ours")
@pytest.mark.parametrize(
    ("resources", "status", "told"),
    [
        (lambda stores: [attach("memstore_x")], 404, "memstore_x"),
        (lambda stores: [attach(stores["archived"])], 400, "is archived"),
        (lambda stores: [attach(stores[0]), attach(stores[0])], 400, "resources.1.memory_store_id"),
        (lambda stores: [attach(stores[n]) for n in range(9)], 400, "at most 8"),
        (lambda stores: [attach(stores[0], instructions="i" * 4097)], 400, "resources.0.instructions"),
        (lambda stores: [attach(stores[0], access="write")], 400, "resources.0.access"),
        (lambda stores: [attach(stores[0], mount_path="/mnt/x")], 400, "resources.0.mount_path"),
    ],
)
def test_what_cannot_be_attached(resources, status, told):
    call = Caller()
    stores = {n: call.post("/memory_stores", {"name": str(n)})["id"] for n in (*range(9), "archived")}
    call.post(f"/memory_stores/{stores['archived']}/archive")
    assert told in call.session(status, resources=resources(stores))
    assert call.get("/sessions")["data"] == []
    call.session(resources=[attach(stores[n], instructions="i" * 4096) for n in range(8)])


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
    call.post(f"/sessions/{session}/events", {"events": [{"type": "user.interrupt"}]})
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


@rule("an agent that writes what is there already makes no version", evidence="doc")
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
    second = remembering(("/a", "3"), ("/b", "x"), start={"/a": "2"}, name="second", message="again")
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
    call = Memory(script, start=start)
    session = call.begin(**fields)
    assert told in call.go(session)
    assert call.go(session) is None


def test_a_store_that_the_recording_had_not_is_told():
    script = Script("plain")
    script.message("go")
    script.idle()
    call = Memory(script)
    note = call.go(call.begin())
    assert note == f"the memory is not what plain began with: {NOTES} is mounted now and was not then"


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
    call = Memory(remembering(("/a", "1")))
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


# -- in a recording -------------------------------------------------------------------------------------


def test_memory_comes_back_as_it_was_saved(tmp_path):
    script = remembering(("/a", "1"), ("/b", None), start={"/b": "2"})
    recording = Recording.load(script.save(tmp_path))
    (mount,) = recording.mounts
    assert [mount.to_dict()] == script.memory
    assert mount.end() == {"/a": "1"}
    places = {index: [write.path for _, write in writes] for index, writes in recording.memory_writes.items()}
    assert places == {3: ["/a"], 4: ["/b"]}


GOOD = {"path": "/a", "content": "1", "created_at": "2026-11-21T09:00:01Z"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mount_path": "/mnt/user/x"}, "mount_path"),
        ({"mount_path": "/mnt/memory/../x"}, "mount_path"),
        ({"access": "write"}, "access"),
        ({"access": "read_only"}, "read_only and was written to"),
        ({"start": {"a": ""}}, "'a' must start with /"),
        ({"start": {"/a": 1}}, "encode"),
        ({"start": []}, "items"),
        ({"writes": [{**GOOD, "path": "/../a"}]}, "empty, `.` or `..`"),
        ({"writes": [{**GOOD, "content": "x" * 102_401}]}, "102,401 bytes"),
        ({"writes": [{**GOOD, "created_at": "soon"}]}, "soon"),
        ({"writes": [{"path": "/a"}]}, "created_at"),
        ({"writes": [{**GOOD, "operation": "created"}]}, "operation"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_damaged_memory_is_refused_with_file_line_and_reason(tmp_path, changes, told):
    script = remembering(("/a", "1"))
    script.memory[0] |= changes
    path = script.save(tmp_path)
    with pytest.raises(RecordingError) as caught:
        Recording.load(path)
    assert str(caught.value).startswith(f"{path}, line 1: the header is damaged: ")
    assert told in caught.value.reason


@pytest.mark.parametrize("memory", [{}, "x", ["x"], None, 1])
def test_memory_that_is_no_list_of_objects_is_refused(tmp_path, memory):
    script = remembering()
    script.memory = memory or [None]
    with pytest.raises(RecordingError):
        Recording.load(script.save(tmp_path))


def test_two_stores_at_one_path_are_refused(tmp_path):
    script = remembering()
    script.memory *= 2
    with pytest.raises(RecordingError, match="the same mount_path"):
        Recording.load(script.save(tmp_path))


# -- made from a scenario -------------------------------------------------------------------------------

SCENARIO = """
name = "small"
start = "2026-11-21T09:00:00Z"
agent = { name = "small", model = "claude-sonnet-4-6", system = "", tools = [] }
environment = { name = "small" }

[[memory]]
name = "Notes"
memories = [{ path = "/style.md", content = "short\\n" }, { path = "/old/plan.md", source = "plan.md" }]

[[memory]]
name = "House rules"
access = "read_only"
memories = [{ path = "/rules.md", content = "be kind\\n" }]

[[turns]]
user = "remember"
[[turns.requests]]
seconds = 1.0
[[turns.requests.calls]]
tool = "bash"
seconds = 0.5
input.command = "cat /mnt/memory/*/*.md; cd memory/notes; ls; rm -r old && echo later > old"
[[turns.requests.calls]]
tool = "edit"
seconds = 0.5
input.file_path = "/mnt/memory/notes/style.md"
input.old_string = "short"
input.new_string = "long"
[[turns.requests.calls]]
tool = "write"
seconds = 0.5
input.file_path = "/mnt/memory/house-rules/rules.md"
input.content = "be rude"
"""


@pytest.fixture
def folder(tmp_path):
    """A scenario with two memory stores, and the recording made from it."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (tmp_path / "plan.md").write_text("plan\n")
    (scenarios / "small.toml").write_text(SCENARIO)
    assert main([str(scenarios), "--write"]) == 0
    return scenarios


def made(folder, name="small"):
    return folder.parent / "recordings" / f"{name}.jsonl"


def results(recording):
    return [event for event in recording.events if event["type"] == "agent.tool_result"]


def test_memory_is_mounted_and_what_tool_calls_write_is_recorded(folder):
    recording = Recording.load(made(folder))
    bash, edit, write = results(recording)
    assert bash["content"][0]["text"].split() == ["be", "kind", "short", "old", "style.md"]
    assert not edit["is_error"]
    assert write["is_error"] and "read-only" in write["content"][0]["text"]
    notes, rules = recording.mounts
    assert notes.start == {"/style.md": "short\n", "/old/plan.md": "plan\n"}
    assert [(w.path, w.content, w.created_at) for w in notes.writes] == [
        ("/old/plan.md", None, bash["processed_at"]),  # first: it is in the way of the next
        ("/old", "later\n", bash["processed_at"]),
        ("/style.md", "long\n", edit["processed_at"]),
    ]
    rules_now = Mount("/mnt/memory/house-rules", "read_only", {"/rules.md": "be kind\n"})
    assert rules == rules_now


def test_a_scenarios_memory_plays(folder):
    recording = Recording.load(made(folder))
    with ReplayServer(Library([recording]), strict=True) as server:
        client = strict(server)
        api = client.beta.memory_stores
        stores = [api.create(name=name).id for name in ("Notes", "House rules")]
        api.memories.create(stores[0], path="/style.md", content="short\n")
        api.memories.create(stores[0], path="/old/plan.md", content="plan\n")
        api.memories.create(stores[1], path="/rules.md", content="be kind\n")
        resources = [attach(stores[0]), attach(stores[1], access="read_only")]
        session = new_session(client, resources=resources)
        event = {"type": "user.message", "content": [{"type": "text", "text": "remember"}]}
        send = client.beta.sessions.events.with_raw_response.send
        assert NOTE_HEADER not in send(session, events=[event]).headers
        rows = api.memories.list(stores[0], view="full")
        assert [(row.path, row.content) for row in rows] == [("/old", "later\n"), ("/style.md", "long\n")]
        operations = [row.operation for row in api.memory_versions.list(stores[0], session_id=session)]
        assert operations == ["modified", "created", "deleted"]


def test_verify_compares_memory_too(folder, capsys):
    assert main([str(folder), "--verify"]) == 0
    made(folder).write_text(made(folder).read_text().replace('"later\\n"', '"sooner\\n"'))
    assert main([str(folder), "--verify"]) == 1
    assert f"DIFFERENT {made(folder)}" in capsys.readouterr().out


def test_a_scenario_can_go_on_with_what_another_has_left(folder):
    after = SCENARIO.replace('"small"', '"tiny"').replace("09:00", "10:00").partition("memories = ")[0]
    turn = SCENARIO.partition("[[turns]]")[2].partition("[[turns.requests.calls]]")[0]
    (folder / "tiny.toml").write_text(f'{after}after = "small"\n[[turns]]{turn}say = "fine"\n')
    assert main([str(folder), "--write"]) == 0
    (mount,) = Recording.load(made(folder, "tiny")).mounts
    assert mount.start == {"/style.md": "long\n", "/old": "later\n"}


def test_a_folders_files_can_be_memories(folder):
    for path, text in (("b/deep.md", "deep\n"), ("a.md", "flat\n")):
        file = folder.parent / "notes" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    text = SCENARIO.replace('"/old/plan.md", source = "plan.md"', '"/old/a.md", content = "own"')
    (folder / "small.toml").write_text(text.replace('"Notes"', '"Notes"\nfolder = "notes"', 1))
    assert main([str(folder), "--write"]) == 0
    start = Recording.load(made(folder)).mounts[0].start
    assert start == {"/a.md": "flat\n", "/b/deep.md": "deep\n", "/style.md": "short\n", "/old/a.md": "own"}


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("echo x > /mnt/memory/house-rules/x", "/mnt/memory/house-rules/x can't be written"),
        ("rm /mnt/memory/house-rules/rules.md", "/mnt/memory/house-rules/rules.md can't be written"),
        ("echo x > /mnt/memory/stray", "/mnt/memory/stray can't be written"),
        ("head -c 102401 /dev/zero > /mnt/memory/notes/big", "102,401 bytes"),
        ("printf '\\377' > /mnt/memory/notes/bin", "utf-8"),
        ("touch /mnt/memory/notes/$'a\\tb'", "control"),
    ],
)
def test_a_write_that_the_hosted_mount_refuses_is_no_recording(folder, capsys, command, told):
    """Nothing here keeps bash from it, and the recording would tell of what can't be."""
    lines = SCENARIO.splitlines()
    changed = [
        f"input.command = {json.dumps(command)}" if line.startswith("input.command") else line
        for line in lines
    ]
    (folder / "small.toml").write_text("\n".join(changed))
    before = made(folder).read_text()
    assert main([str(folder), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: ") and told in error
    assert made(folder).read_text() == before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "Notes"', "", "name"),
        ('access = "read_only"', 'access = "none"', "none"),
        ('path = "/style.md"', 'path = "style.md"', "style.md"),
        ('source = "plan.md"', 'source = "gone.md"', "gone.md"),
        ('name = "Notes"', 'name = "Notes"\nafter = "nobody"', "nobody"),
        ('name = "Notes"', 'name = "Notes"\nfolder = "empty"', "empty: no folder with files in it"),
        ('name = "Notes"', 'name = "House rules"', "house-rules"),
    ],
)
def test_a_broken_memory_in_a_scenario_is_one_clear_line(folder, capsys, old, new, told):
    (folder / "small.toml").write_text(SCENARIO.replace(old, new, 1))
    assert main([str(folder), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: ") and error.count("\n") == 1 and told in error


# -- exported -------------------------------------------------------------------------------------------


def test_an_export_has_what_the_session_found_and_wrote(tmp_path: Path):
    """And plays again to the same memory. A client's own changes are not the session's."""
    start = {"/a.md": "1", "/b.md": "2"}
    script = remembering(("/a.md", "1b"), ("/b.md", None), ("/c.md", "3"), start=start)
    with serving(script) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        api = client.beta.memory_stores
        store = api.create(name="Notes").id
        gone = api.memories.create(store, path="/old", content="x")
        moved = api.memories.create(store, path="/there", content="1")
        api.memories.update(moved.id, memory_store_id=store, path="/a.md")
        api.memories.create(store, path="/b.md", content="2")
        api.memories.delete(gone.id, memory_store_id=store)
        session = new_session(client, resources=[attach(store)])
        event = {"type": "user.message", "content": [{"type": "text", "text": "go"}]}
        client.beta.sessions.events.send(session, events=[event])
        api.memories.create(store, path="/later", content="by a client")
        for _ in range(3):
            client.beta.sessions.retrieve(session)  # its status lags
        exported = export(client, session, tmp_path / "copy.jsonl")
    assert exported.header["memory"] == script.memory
    exported.path.write_text("".join(exported.lines()), "utf-8")
    assert Recording.load(exported.path).mounts == exported.mounts


def test_an_export_of_a_session_without_memory_has_none():
    script = Script("plain")
    script.message("go")
    script.idle()
    with serving(script) as server:
        client = Anthropic(api_key="x", base_url=server.base_url)
        session = new_session(client, initial_events=SAY_GO["events"])
        for _ in range(3):
            client.beta.sessions.retrieve(session)
        assert "memory" not in export(client, session, "x.jsonl").header
