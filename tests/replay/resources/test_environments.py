"""Environments: what their networking allows, and what is gone or archived."""

import pytest

from tests.kit.calling import AGENT


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
