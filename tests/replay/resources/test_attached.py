"""What is mounted into a session: files, repositories, memory stores."""

import functools

import pytest
from anthropic.types.beta.sessions import BetaManagedAgentsMemoryStoreResource

from tests.kit.calling import AGENT, Caller, new_session, serving, strict
from tests.kit.memory import NOTES, Memory, attach
from tests.kit.scripts import going

rule = functools.partial(pytest.mark.rule, topic="memory")

UPLOADS = "/mnt/session/uploads"


@pytest.mark.rule(
    "a file is mounted below `/mnt/session/uploads`, wherever its `mount_path` points",
    topic="files",
    evidence="doc",
    source="and the seed tutorial",
)
@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("calc.py", f"{UPLOADS}/calc.py"),
        ("/src/./calc.py", f"{UPLOADS}/src/calc.py"),
        (f"{UPLOADS}/calc.py", f"{UPLOADS}/calc.py"),
        (None, f"{UPLOADS}/FILE"),
        ("/etc/passwd", f"{UPLOADS}/etc/passwd"),
        ("//x", f"{UPLOADS}/x"),
    ],
)
def test_a_file_is_mounted_below_the_uploads(call, wanted, path):
    file = call.upload()["id"]
    resource = {"type": "file", "file_id": file, **({"mount_path": wanted} if wanted else {})}
    assert call.session(resources=[resource])["resources"][0]["mount_path"] == path.replace("FILE", file)


@pytest.mark.rule("a mount path that escapes is 400, and nothing is mounted", topic="files", evidence="ours")
@pytest.mark.parametrize("wanted", ["../x", "a/../../x", f"{UPLOADS}/../x", "/", "a\0b"])
def test_a_mount_path_that_escapes_is_refused(call, wanted):
    file = call.upload()["id"]
    good, bad = ({"type": "file", "file_id": file, "mount_path": path} for path in ("ok", wanted))
    assert "resources.1.mount_path: " in call.session(400, resources=[good, bad])
    session = call.session()["id"]
    assert call.post(f"/sessions/{session}/resources", bad, 400).startswith("mount_path: ")
    assert len(call.get("/files")["data"]) == 1  # nothing was mounted


@pytest.mark.rule(
    "a session's resources can be listed and read, its files added and taken away",
    topic="files",
    evidence="sdk",
    source="the routes",
)
@pytest.mark.rule("two resources can't have one mount path (400)", topic="files", evidence="ours")
def test_resources_of_a_session(call):
    file = call.upload()["id"]
    resource = {"type": "file", "file_id": file, "mount_path": "a.py"}
    assert "resources.1.mount_path" in call.session(400, resources=[resource, resource])
    assert file[:-1] in call.session(404, resources=[{**resource, "file_id": file[:-1]}])
    session = call.session(resources=[resource])
    path = f"/sessions/{session['id']}/resources"
    assert "taken" in call.post(path, resource, 400)
    added = call.post(path, {**resource, "mount_path": "b.py"})
    assert call.get(path)["data"] == [*session["resources"], added]
    assert call.get(f"{path}/{added['id']}") == added
    assert call.delete(f"{path}/{added['id']}") == {"id": added["id"], "type": "session_resource_deleted"}
    call.get(f"{path}/{added['id']}", 404)
    assert call.post(path, {**resource, "mount_path": "b.py"})["id"] != added["id"]


def test_a_deleted_resource_takes_its_copy_of_the_file_along():
    call = Caller(going())
    session = call.session(resources=[{"type": "file", "file_id": call.upload()["id"]}])
    (resource,) = session["resources"]
    assert len(call.get("/files", scope_id=session["id"])["data"]) == 1
    call.delete(f"/sessions/{session['id']}/resources/{resource['id']}")
    assert call.get("/files", scope_id=session["id"])["data"] == []
    call.get(f"/files/{resource['file_id']}", 404)


def test_the_token_of_a_repository_is_not_kept_either():
    repository = {"type": "github_repository", "url": "https://github.com/a/tool"}
    with serving() as server, strict(server) as client:
        resource = {**repository, "authorization_token": "secret-6"}
        session = client.beta.sessions.retrieve(new_session(client, resources=[resource]))
        (mounted,) = session.resources
        assert mounted.mount_path == "/workspace/tool"
        rotated = client.beta.sessions.resources.update(
            mounted.id, session_id=session.id, authorization_token="secret-7"
        )
        assert "secret-" not in session.to_json() + rotated.to_json()
        assert rotated.updated_at > mounted.updated_at


@pytest.mark.rule(
    "a repository needs no `authorization_token`",
    topic="files", evidence="sdk",
    note="it is optional for public ones; by the documentation of August 2026 it is always required",
)  # fmt: skip
def test_a_public_repository_needs_no_token(call):
    (mounted,) = call.session(resources=[{"type": "github_repository", "url": "https://github.com/a/tool"}])[
        "resources"
    ]
    assert mounted["mount_path"] == "/workspace/tool" and "authorization_token" not in mounted


@pytest.mark.rule(
    "a repository's `url` is https://github.com/<owner>/<repo> without .git, its `mount_path` in /workspace",
    topic="files",
    evidence="doc",
)
@pytest.mark.parametrize(
    "repository",
    [
        {"url": "https://github.com"},
        {"url": "https://github.com/a"},
        {"url": "https://github.com/a/tool.git"},
        {"url": "https://github.com/a/tool/tree/main"},
        {"url": "http://github.com/a/tool"},
        {"url": "git@github.com:a/tool.git"},
        {"url": "https://gitlab.com/a/tool"},
        {"url": "http://["},
        {"mount_path": "/workspace/../x"},
        {"mount_path": "/workspace"},
        {"mount_path": "/home/tool"},
        {"mount_path": "x"},
    ],
)
def test_a_repository_needs_a_name_and_a_place(call, repository):
    wanted = {"type": "github_repository", "url": "https://github.com/a/tool", **repository}
    assert "resources.0." in call.session(400, resources=[wanted])


@pytest.mark.rule(
    "a repository stays for the session's lifetime; only its token can be changed",
    topic="files",
    evidence="doc",
)
def test_a_repository_stays(call):
    wanted = {"type": "github_repository", "url": "https://github.com/a/tool", "mount_path": "/workspace/b/c"}
    session = call.session(resources=[wanted])
    (mounted,) = session["resources"]
    assert mounted["mount_path"] == "/workspace/b/c"
    path = f"/sessions/{session['id']}/resources"
    assert "can't be removed" in call.delete(f"{path}/{mounted['id']}", 400)
    assert call.get(path)["data"] == [mounted]


@pytest.mark.rule(
    "a session of a self-hosted environment gets memory stores only; a file or a repository is 400",
    topic="environments",
    evidence="doc",
    source="the hosted words",
)
def test_a_self_hosted_environment_gets_no_files(call):
    agent = call.post("/agents", AGENT)["id"]
    hosted = call.post("/environments", {"name": "own", "config": {"type": "self_hosted"}})["id"]
    file = {"type": "file", "file_id": call.upload()["id"]}
    repository = {"type": "github_repository", "url": "https://github.com/a/tool"}
    made = {"agent": agent, "environment_id": hosted}
    told = (
        f"Environment {hosted} is a self-hosted environment. "
        "`resources` are not supported with self-hosted environments."
    )
    assert call.post("/sessions", {**made, "resources": [file]}, 400) == told
    assert call.post("/sessions", {**made, "resources": [repository]}, 400) == told
    store = call.post("/memory_stores", {"name": "s"})["id"]
    memory = {"type": "memory_store", "memory_store_id": store}
    session = call.post("/sessions", {**made, "resources": [memory]})
    assert call.post(f"/sessions/{session['id']}/resources", file, 400) == told


@pytest.mark.rule("a session has at most 500 files", topic="files", evidence="doc")
def test_at_most_500_files(call):
    file = call.upload()["id"]
    many = [{"type": "file", "file_id": file, "mount_path": f"f{n}"} for n in range(501)]
    assert "resources: at most 500 files" in call.session(400, resources=many)
    session = call.session(resources=many[:500])["id"]
    assert "at most 500 files" in call.post(f"/sessions/{session}/resources", many[500], 400)


def test_only_a_repository_has_a_token(call):
    file = call.upload()["id"]
    session = call.session(resources=[{"type": "file", "file_id": file}])
    path = f"/sessions/{session['id']}/resources/{session['resources'][0]['id']}"
    assert "github_repository" in call.post(path, {"authorization_token": "x"}, 400)


# -- memory stores -----------------------------------------------------------------------------------


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
