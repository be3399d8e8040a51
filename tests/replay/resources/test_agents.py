"""Agents, environments and files, without a socket: their rules and their lists."""

import pytest

from tests.kit.calling import AGENT, SAY_GO, Caller
from tests.kit.scripts import going
from utilities.replay.http.paging import Query, page_of


@pytest.fixture
def call():
    return Caller(going())


# -- agents -------------------------------------------------------------------------------------------


@pytest.mark.rule("an update makes a new version, old ones stay readable", topic="agents", evidence="doc")
def test_an_agent_has_versions(call):
    first = call.post("/agents", AGENT)
    path = f"/agents/{first['id']}"
    second = call.post(path, {"version": 1, "system": "be brief"})
    assert (first["version"], second["version"]) == (1, 2)
    assert call.get(path) == second
    assert call.get(path, version="1") == first
    assert [agent["version"] for agent in call.get(f"{path}/versions")["data"]] == [2, 1]
    call.get(path, 404, version="3")
    assert "version" in call.get(path, 400, version="zero")


@pytest.mark.rule(
    "an update with a stale `version` is 409 `Concurrent modification detected…`; without one it is taken",
    topic="agents",
    evidence="claimed",
    source="the status is the documentation's, the wording others'",
)
def test_a_stale_version_is_a_conflict(call):
    path = f"/agents/{call.post('/agents', AGENT)['id']}"
    call.post(path, {"version": 1, "name": "other"})
    assert "Concurrent modification" in call.post(path, {"version": 1, "name": "third"}, 409)
    assert call.get(path)["name"] == "other"
    assert call.post(path, {"name": "third"})["version"] == 3  # without a version, unconditionally


@pytest.mark.rule("an update that changes nothing makes no version", topic="agents", evidence="ours")
@pytest.mark.parametrize(
    "change", [{}, {"name": "tester"}, {"system": ""}, {"metadata": {"a": None}}, {"tools": []}]
)
@pytest.mark.parametrize("system", [None, ""])
def test_a_change_that_changes_nothing_is_no_version(call, change, system):
    agent = call.post("/agents", {**AGENT, "system": system})
    assert call.post(f"/agents/{agent['id']}", {"version": 1, **change}) == agent


@pytest.mark.rule(
    "an archived agent can't be used by new sessions (400); the old ones go on",
    topic="agents",
    evidence="doc",
)
def test_an_archived_agent_is_of_no_use(call):
    agent = call.post("/agents", AGENT)
    session = call.session(agent=agent["id"])
    archived = call.post(f"/agents/{agent['id']}/archive")
    assert archived["archived_at"]
    assert call.post(f"/agents/{agent['id']}/archive") == archived
    assert "archived" in call.session(400, agent=agent["id"])
    assert "archived" in call.post(f"/agents/{agent['id']}", {"name": "x"}, 400)
    assert call.get(f"/sessions/{session['id']}")["agent"]["id"] == agent["id"]
    assert call.get("/agents")["data"] == []
    assert [a["id"] for a in call.get("/agents", include_archived="true")["data"]] == [agent["id"]]


@pytest.mark.rule("a session pins the agent's version at its creation", topic="agents", evidence="doc")
def test_a_session_pins_its_agents_version(call):
    agent = call.post("/agents", AGENT)["id"]
    session = call.session(agent=agent)
    call.post(f"/agents/{agent}", {"version": 1, "system": "new"})
    assert call.get(f"/sessions/{session['id']}")["agent"]["version"] == 1
    assert call.session(agent=agent)["agent"]["system"] == "new"
    assert call.session(agent={"type": "agent", "id": agent, "version": 1})["agent"]["version"] == 1


# -- environments ---------------------------------------------------------------------------------------


def config(**networking):
    return {"name": "e", "config": {"type": "cloud", "networking": {"type": "limited", **networking}}}


@pytest.mark.rule(
    "limited networking: no hosts, no MCP servers, no package managers, unless they are allowed",
    topic="environments",
    evidence="doc",
)
def test_limited_networking_allows_nothing_by_itself(call):
    made = call.post("/environments", config())
    closed = {"allowed_hosts": [], "allow_mcp_servers": False, "allow_package_managers": False}
    assert made["config"]["networking"] == {"type": "limited", **closed}
    opened = config(allowed_hosts=["https://pypi.org"])["config"]
    changed = call.post(f"/environments/{made['id']}", {"config": opened})
    assert changed["config"]["networking"]["allowed_hosts"] == ["https://pypi.org"]


@pytest.mark.rule(
    "packages under limited networking need `allow_package_managers` (400)",
    topic="environments",
    evidence="doc",
    note="whether the hosted API refuses this at once or the install fails later is not known",
)
@pytest.mark.parametrize(("allow", "status"), [({}, 400), ({"allow_package_managers": True}, 200)])
def test_packages_need_a_package_manager(call, allow, status):
    wanted = config(**allow)
    wanted["config"]["packages"] = {"pip": ["numpy"]}
    made = call.post("/environments", wanted, status)
    assert made["config"]["packages"]["pip"] == ["numpy"] if status == 200 else "config.packages.pip" in made


@pytest.mark.rule(
    "an archived environment can't be used by new sessions or changed: 400 `environment_archived`",
    topic="environments",
    evidence="sdk",
    source="its error class",
)
def test_an_environment_that_is_gone_or_archived_is_of_no_use(call):
    agent, made = call.post("/agents", AGENT)["id"], call.post("/environments", config())["id"]
    call.post(f"/environments/{made}/archive")
    assert made in call.post("/sessions", {"agent": agent, "environment_id": made}, 400)
    call.post(f"/environments/{made}", {"name": "x"}, 400)
    assert call.delete(f"/environments/{made}")["type"] == "environment_deleted"
    call.get(f"/environments/{made}", 404)
    call.post("/sessions", {"agent": agent, "environment_id": made}, 404)


# -- files ------------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "of an upload's file name only the last part is kept",
    topic="files",
    evidence="sdk",
    source="the docstring of the file's metadata",
)
@pytest.mark.parametrize(
    ("given", "kept"),
    [("a.py", "a.py"), ("/etc/x/a.py", "a.py"), ("C:\\x\\a.py", "a.py"), ("", "unnamed.txt")],
)
def test_only_the_last_part_of_a_file_name_is_kept(call, given, kept):
    assert call.upload(given, mime_type="text/plain")["filename"] == kept


@pytest.mark.rule(
    "an upload can't be downloaded again: 400 `file_not_downloadable`", topic="files", evidence="doc"
)
def test_an_upload_is_kept_but_not_downloadable(call):
    file = call.upload(content=b"\0\xff")
    assert (file["size_bytes"], file["downloadable"], file["scope"]) == (2, False, None)
    assert file["id"] in call.get(f"/files/{file['id']}/content", 400)
    assert call.delete(f"/files/{file['id']}") == {"id": file["id"], "type": "file_deleted"}
    call.get(f"/files/{file['id']}", 404)
    assert "file: Field required" in call.post("/files", {}, 400)


@pytest.mark.rule(
    "a list is `{data, next_page}`, and the next page is asked for with `page=`",
    topic="lists",
    evidence="sdk",
)
@pytest.mark.rule(
    "a mounted file is a copy with an id of its own, in the session's scope", topic="files", evidence="doc"
)
def test_files_by_scope_by_ids_and_by_page(call):
    files = [call.upload(f"{number}.py") for number in range(5)]
    ids = [file["id"] for file in files]
    session = call.session(resources=[{"type": "file", "file_id": ids[0]}])
    (mounted,) = call.get("/files", scope_id=session["id"])["data"]
    assert mounted["filename"] == "0.py"
    assert mounted["id"] == session["resources"][0]["file_id"] != ids[0]
    assert [f["id"] for f in call.get("/files", **{"ids[]": [ids[1], "file_gone", ids[3]]})["data"]] == [
        ids[3],
        ids[1],
    ]
    assert "ids" in call.get("/files", 400, **{"ids[]": ids[1], "limit": "1"})
    page = call.get("/files", limit="4")
    rest = call.get("/files", limit="4", page=page["next_page"])
    assert [f["id"] for f in page["data"] + rest["data"]] == [mounted["id"], *ids[::-1]]
    assert rest["next_page"] is None


@pytest.mark.rule(
    "what the agent leaves in `/mnt/session/outputs` is in `files.list(scope_id=…)`, to be downloaded",
    topic="files",
    evidence="doc",
)
def test_what_a_session_writes_appears_when_it_is_written():
    call = Caller(going(), speed=1.0)
    session = call.session()["id"]
    call.post(f"/sessions/{session}/events", SAY_GO)
    call.now = 4.9
    assert call.get("/files", scope_id=session)["data"] == call.get("/files")["data"] == []
    call.now = 5.1
    (file,) = call.get("/files")["data"]  # also if nobody has asked for the session in between
    assert call.get("/files", scope_id=session)["data"] == [file]
    assert (file["filename"], file["downloadable"], file["scope"]["id"]) == ("out.py", True, session)
    assert call.get(f"/files/{file['id']}/content") == b"x = 1\n"
    call.now = 60.0
    assert len(call.get("/files", scope_id=session)["data"]) == 1


@pytest.mark.rule(
    "pages don't move while rows are added",
    topic="lists",
    evidence="ours",
    note="what a hosted cursor points at is not known",
)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_do_not_move_while_rows_are_added(order):
    rows = list(range(10))
    first = page_of(rows, Query([("limit", "4")]), default=4, most=100, order=order, back=True)
    rows += [10, 11]
    second = page_of(
        rows,
        Query([("limit", "4"), ("page", first["next_page"])]),
        default=4,
        most=100,
        order=order,
        back=True,
    )
    assert first["data"] + second["data"] == (list(range(8)) if order == "asc" else list(range(9, 1, -1)))
    again = page_of(
        rows,
        Query([("limit", "4"), ("page", second["prev_page"])]),
        default=4,
        most=100,
        order=order,
        back=True,
    )
    assert again["data"] == first["data"]
