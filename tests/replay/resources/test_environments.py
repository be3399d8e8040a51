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
    opened = config(allowed_hosts=["packages.example"])["config"]
    changed = call.post(f"/environments/{made['id']}", {"config": opened})
    assert changed["config"]["networking"]["allowed_hosts"] == ["packages.example"]


@pytest.mark.rule(
    "packages under limited networking need `allow_package_managers` (400)",
    topic="environments",
    evidence="sdk",
    source="the docstring of `allow_package_managers`: must be true",
    note="that the hosted API refuses this at once, rather than the install failing later, is not said",
)
@pytest.mark.parametrize(("allow", "status"), [({}, 400), ({"allow_package_managers": True}, 200)])
def test_packages_need_a_package_manager(call, allow, status):
    wanted = config(**allow)
    wanted["config"]["packages"] = {"pip": ["numpy"]}
    made = call.post("/environments", wanted, status)
    assert made["config"]["packages"]["pip"] == ["numpy"] if status == 200 else "config.packages.pip" in made


@pytest.mark.rule(
    "an environment that a session refers to isn't deleted (400), an archived session's neither",
    topic="environments",
    evidence="doc",
    note="the status isn't said",
)
def test_an_environment_in_use_is_not_deleted(call):
    session = call.session()
    path = f"/environments/{session['environment_id']}"
    assert session["id"] in call.delete(path, 400)
    call.post(f"/sessions/{session['id']}/archive")
    assert session["id"] in call.delete(path, 400)
    call.post(f"{path}/archive")
    call.delete(f"/sessions/{session['id']}")
    assert call.delete(path)["type"] == "environment_deleted"


@pytest.mark.rule(
    "archiving an environment again changes nothing", topic="environments", evidence="doc", source="webhooks"
)
def test_archiving_an_environment_again_changes_nothing(call):
    made = call.post("/environments", config())["id"]
    archived = call.post(f"/environments/{made}/archive")
    assert call.post(f"/environments/{made}/archive") == archived


@pytest.mark.rule(
    "the type `anthropic_cloud` of a config is taken as `cloud`",
    topic="environments",
    evidence="seen",
    source="committed outputs of hosted sessions",
    note="what the hosted API answers then is not known",
)
def test_a_cloud_by_its_other_name(call):
    made = call.post("/environments", {"name": "e", "config": {"type": "anthropic_cloud"}})
    assert made["config"]["type"] == "cloud"
    limited = {"type": "anthropic_cloud", "networking": {"type": "limited"}}
    changed = call.post(f"/environments/{made['id']}", {"config": limited})
    assert changed["config"]["networking"]["type"] == "limited"


@pytest.mark.rule(
    "`scope: account` is 400 for an API organization",
    topic="environments",
    evidence="sdk",
    source="the docstring of `scope`",
)
@pytest.mark.parametrize("path", ["/environments", "/environments/ID"])
def test_the_scope_account_is_refused(call, path):
    made = call.post("/environments", {"name": "e", "scope": "organization"})
    told = call.post(path.replace("ID", made["id"]), {"name": "f", "scope": "account"}, 400)
    assert told.startswith("scope: ") and "'account' is rejected" in told
    assert call.get("/environments")["data"] == [made]


@pytest.mark.rule(
    "`allowed_hosts` of an environment are bare names or `*.` wildcards (400)",
    topic="environments",
    evidence="ours",
    note="the documentation says how to write them, not what happens otherwise",
)
@pytest.mark.parametrize(
    "host", ["https://packages.example", "packages.example:443", "packages.example/simple", "*", "a.*.b", ""]
)
def test_hosts_of_an_environment(call, host):
    told = call.post("/environments", config(allowed_hosts=["*.packages.example", host]), 400)
    assert told.startswith("config.networking.allowed_hosts.1: ")


@pytest.mark.parametrize("name", ["", "  "])
def test_an_environment_has_a_name(call, name):
    assert "name: " in call.post("/environments", {"name": name}, 400)


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
