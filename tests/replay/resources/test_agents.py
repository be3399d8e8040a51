"""Agents, environments and files, without a socket: their rules and their lists."""

import pytest

from tests.kit.calling import AGENT

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
    evidence="doc",
    note="also when nothing would change; the wording is others'",
)
def test_a_stale_version_is_a_conflict(call):
    path = f"/agents/{call.post('/agents', AGENT)['id']}"
    call.post(path, {"version": 1, "name": "other"})
    assert "Concurrent modification" in call.post(path, {"version": 1, "name": "third"}, 409)
    assert "Concurrent modification" in call.post(path, {"version": 1, "name": "other"}, 409)
    assert call.get(path)["name"] == "other"
    assert call.post(path, {"name": "third"})["version"] == 3  # without a version, unconditionally


@pytest.mark.rule("an update that changes nothing makes no version", topic="agents", evidence="doc")
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
    note="the status isn't said",
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


# -- versions in a roster -----------------------------------------------------------------------------


def roster(*agents):
    return {"type": "coordinator", "agents": list(agents)}


def reference(agent, version):
    return {"type": "agent", "id": agent, "version": version}


@pytest.mark.rule(
    "a roster keeps the versions of the day it was saved, also of a bare id, until an update sends one that "
    "names others",
    topic="agents",
    evidence="doc",
    note="one page says that a bare id is pinned when the coordinator is created, another when it is created "
    "or last updated; here an update without `multiagent` leaves the roster as it is",
)
def test_a_roster_keeps_its_versions(call):
    member = call.post("/agents", AGENT)["id"]
    lead = f"/agents/{call.post('/agents', {**AGENT, 'multiagent': roster(member)})['id']}"
    call.post(f"/agents/{member}", {"system": "new"})
    assert call.get(lead)["multiagent"] == roster(reference(member, 1))
    other = call.post(lead, {"description": "something else"})
    assert (other["version"], other["multiagent"]) == (2, roster(reference(member, 1)))
    renewed = call.post(lead, {"multiagent": roster(reference(member, 2))})
    assert (renewed["version"], renewed["multiagent"]) == (3, roster(reference(member, 2)))


@pytest.mark.rule(
    "a roster that is sent once more with a bare id is looked up anew: where that id has a newer version, "
    "the coordinator gets a new version, too",
    topic="agents",
    evidence="ours",
    note="the documentation says that an update that changes nothing makes no version, and not whether a "
    "roster sent as before is one; a roster that names the version is the documented way",
)
def test_a_roster_sent_again_is_looked_up_anew(call):
    member = call.post("/agents", AGENT)["id"]
    first = call.post("/agents", {**AGENT, "multiagent": roster(member)})
    assert call.post(f"/agents/{first['id']}", {"multiagent": roster(member)}) == first
    call.post(f"/agents/{member}", {"system": "new"})
    again = call.post(f"/agents/{first['id']}", {"multiagent": roster(member)})
    assert (again["version"], again["multiagent"]) == (2, roster(reference(member, 2)))
