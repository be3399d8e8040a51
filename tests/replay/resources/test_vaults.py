"""Vaults and credentials: what is kept of them, what is never said again, and who may use them."""

import functools

import pytest

from tests.kit.calling import serving, strict

rule = functools.partial(pytest.mark.rule, topic="vaults")

SERVER = "https://mcp.example.com/sse"
BEARER = {"type": "static_bearer", "mcp_server_url": SERVER, "token": "secret-1"}
REFRESH = {
    "client_id": "me",
    "refresh_token": "secret-2",
    "token_endpoint": "https://auth.example.com/token",
    "token_endpoint_auth": {"type": "client_secret_post", "client_secret": "secret-3"},
    "scope": "read",
}
OAUTH = {"type": "mcp_oauth", "mcp_server_url": SERVER, "access_token": "secret-4", "refresh": REFRESH}
VARIABLE = {
    "type": "environment_variable",
    "secret_name": "API_KEY",
    "secret_value": "secret-5",
    "networking": {"type": "limited", "allowed_hosts": ["api.example.com"]},
}


@pytest.fixture
def vault(call):
    return f"/vaults/{call.post('/vaults', {'display_name': 'Alice'})['id']}"


@pytest.fixture
def credentials(vault):
    return f"{vault}/credentials"


@rule("tokens, client secrets and secret values are never in an answer", evidence="sdk")
@pytest.mark.parametrize("auth", [BEARER, OAUTH, VARIABLE], ids=lambda auth: auth["type"])
def test_no_answer_has_a_secret_and_nothing_keeps_one(auth):
    """[sdk] On a socket, with the client that validates every field."""
    with serving() as server, strict(server) as client:
        vault = client.beta.vaults.create(display_name="Alice")
        made = client.beta.vaults.credentials.create(vault.id, auth=auth)
        read = client.beta.vaults.credentials.retrieve(made.id, vault_id=vault.id)
        (listed,) = client.beta.vaults.credentials.list(vault.id)
        renamed = client.beta.vaults.credentials.update(made.id, vault_id=vault.id, display_name="x")
        archived = client.beta.vaults.credentials.archive(made.id, vault_id=vault.id)
        for answer in (made, read, listed, renamed, archived):
            assert answer.auth.type == auth["type"]
            assert "secret-" not in answer.to_json()
        assert "secret-" not in repr(server.api.vaults.credentials(vault.id).items)


def test_a_credential_is_shown_with_its_defaults(call, credentials):
    oauth = call.post(credentials, {"auth": {**OAUTH, "refresh": None}})["auth"]
    assert oauth == {"type": "mcp_oauth", "mcp_server_url": SERVER, "expires_at": None, "refresh": None}
    variable = call.post(credentials, {"auth": VARIABLE})["auth"]
    assert variable["injection_location"] == {"body": True, "header": True}


@rule(
    "a second active credential for the same `mcp_server_url` or `secret_name` in a vault is 409",
    evidence="doc",
)
@pytest.mark.parametrize(
    ("auth", "other"),
    [(BEARER, OAUTH), (VARIABLE, {**VARIABLE, "secret_value": "another"})],
    ids=["server", "variable"],
)
def test_one_active_credential_for_a_server_or_a_variable(call, credentials, auth, other):
    first = call.post(credentials, {"auth": auth})["id"]
    assert first in call.post(credentials, {"auth": other}, 409)
    call.post(f"{credentials}/{first}/archive")
    call.post(credentials, {"auth": other})


@rule("a vault holds at most 20 credentials", evidence="doc")
def test_a_vault_holds_twenty_credentials(call, credentials):
    for number in range(20):
        call.post(credentials, {"auth": {**BEARER, "mcp_server_url": f"{SERVER}/{number}"}})
    assert "at most 20" in call.post(credentials, {"auth": BEARER}, 400)


@rule("what an update of a credential leaves out stays; an empty `scope` clears", evidence="sdk")
def test_what_an_update_leaves_out_stays(call, credentials):
    made = call.post(credentials, {"auth": {**OAUTH, "expires_at": "2099-01-01T00:00:00Z"}})
    path = f"{credentials}/{made['id']}"
    rotated = call.post(path, {"auth": {"type": "mcp_oauth", "access_token": "secret-9"}})
    assert rotated["auth"] == made["auth"]
    cleared = call.post(
        path, {"auth": {"type": "mcp_oauth", "refresh": {"scope": ""}}, "metadata": {"a": "b"}}
    )
    assert cleared["auth"]["refresh"] == {**made["auth"]["refresh"], "scope": None}
    assert (cleared["metadata"], cleared["created_at"]) == ({"a": "b"}, made["created_at"])
    assert cleared["updated_at"] > made["updated_at"]


@rule(
    "a token endpoint keeps its way of authentication, whatever type a new secret comes with", evidence="sdk"
)
def test_the_way_of_a_token_endpoint_stays_whatever_type_comes_with_a_new_secret(call, credentials):
    made = call.post(credentials, {"auth": OAUTH})
    basic = {"type": "client_secret_basic", "client_secret": "new"}
    change = {"type": "mcp_oauth", "refresh": {"token_endpoint_auth": basic}}
    changed = call.post(f"{credentials}/{made['id']}", {"auth": change})
    assert changed["auth"]["refresh"]["token_endpoint_auth"] == {"type": "client_secret_post"}


@rule(
    "a credential's type and server can't be changed, and `expires_at` must be in the future", evidence="sdk"
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "static_bearer", "token": "x"}, "auth.type"),
        ({"type": "mcp_oauth", "mcp_server_url": "https://other"}, "mcp_server_url"),
        ({"type": "mcp_oauth", "expires_at": "2001-01-01T00:00:00Z"}, "future"),
        ({"type": "mcp_oauth", "expires_at": "soon"}, "RFC 3339"),
    ],
)
def test_what_can_not_be_changed_is_refused(call, credentials, change, message):
    made = call.post(credentials, {"auth": OAUTH})
    path = f"{credentials}/{made['id']}"
    assert message in call.post(path, {"auth": change}, 400)
    assert "vault_id" in call.post(path, {"vault_id": "vlt_other"}, 400)
    assert call.get(path) == made


def test_a_credential_without_a_refresh_gets_none_later(call, credentials):
    made = call.post(credentials, {"auth": {**OAUTH, "refresh": None}})
    change = {"type": "mcp_oauth", "refresh": {"refresh_token": "x"}}
    assert "refresh" in call.post(f"{credentials}/{made['id']}", {"auth": change}, 400)


@rule(
    "`allowed_hosts` of a credential are bare names, IPv4 addresses or `*.` wildcards",
    evidence="sdk",
)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("api.example.com", 200), ("*.example.com", 200), ("192.0.2.1", 200)),
        *(("https://example.com", 400), ("example.com:443", 400), ("example.com/x", 400)),
        *(("[::1]", 400), ("*", 400), ("", 400)),
    ],
)
def test_hosts_are_bare_names(call, credentials, host, status):
    networking = {"type": "limited", "allowed_hosts": [host]}
    call.post(credentials, {"auth": {**VARIABLE, "networking": networking}}, status)


@rule(
    "`injection_location` left out is header and body; what is left out in a given one is off; null is 400",
    evidence="doc",
)
@pytest.mark.parametrize(
    ("given", "shown"),
    [({"header": True}, {"body": False, "header": True}), ({"body": True}, {"body": True, "header": False})],
)
def test_what_is_left_out_of_an_injection_location_is_off(call, credentials, given, shown):
    for wrong in (None, {"header": None}, {}, {"body": False}):
        told = call.post(credentials, {"auth": {**VARIABLE, "injection_location": wrong}}, 400)
        assert "auth.injection_location" in told
    made = call.post(credentials, {"auth": {**VARIABLE, "injection_location": given}})
    assert made["auth"]["injection_location"] == shown


@rule("after an update at least one injection location must be enabled", evidence="doc")
def test_a_secret_goes_somewhere(call, credentials):
    """[sdk] After a change at least one location must be enabled."""
    made = call.post(credentials, {"auth": VARIABLE})
    path = f"{credentials}/{made['id']}"
    off = {"type": "environment_variable", "injection_location": {"header": False, "body": False}}
    assert "at least one" in call.post(path, {"auth": off}, 400)
    moved = {"type": "environment_variable", "injection_location": {"header": False, "body": True}}
    assert call.post(path, {"auth": moved})["auth"]["injection_location"] == {"body": True, "header": False}


@rule(
    "`mcp_oauth_validate` answers `unknown` and a probe without a response: nothing leaves the server",
    evidence="ours",
)
def test_validating_says_that_nobody_was_reached(call, credentials):
    made = call.post(credentials, {"auth": OAUTH})
    verdict = call.post(f"{credentials}/{made['id']}/mcp_oauth_validate")
    assert (verdict["status"], verdict["has_refresh_token"]) == ("unknown", True)
    assert verdict["mcp_probe"] == {"method": "initialize", "http_response": None}
    other = call.post(credentials, {"auth": VARIABLE})
    assert "mcp_oauth" in call.post(f"{credentials}/{other['id']}/mcp_oauth_validate", status=400)


@rule("archiving a vault archives its credentials", evidence="doc")
def test_archiving_a_vault_archives_what_is_in_it(call, vault, credentials):
    made = call.post(credentials, {"auth": BEARER})
    assert call.post(f"{vault}/archive")["archived_at"]
    assert call.get(f"{credentials}/{made['id']}")["archived_at"]
    assert call.get(credentials)["data"] == call.get("/vaults")["data"] == []
    assert len(call.get(credentials, include_archived="true")["data"]) == 1
    for path, body in ((vault, {}), (credentials, {"auth": VARIABLE}), (f"{credentials}/{made['id']}", {})):
        assert "archived" in call.post(path, body, 400)


def test_deleting_a_vault_takes_its_credentials_along(call, vault, credentials):
    made = call.post(credentials, {"auth": BEARER})
    assert call.delete(vault)["type"] == "vault_deleted"
    call.get(f"{credentials}/{made['id']}", 404)
    call.get(vault, 404)


def test_a_credential_is_found_in_its_own_vault_only(call, credentials):
    made = call.post(credentials, {"auth": BEARER})["id"]
    other = call.post("/vaults", {"display_name": "Bob"})["id"]
    call.get(f"/vaults/{other}/credentials/{made}", 404)
    assert call.delete(f"{credentials}/{made}") == {"id": made, "type": "vault_credential_deleted"}
    call.get(f"{credentials}/{made}", 404)


@rule("a vault's display name has 1 to 255 characters", evidence="sdk")
@pytest.mark.parametrize(("name", "status"), [("", 400), ("x" * 255, 200), ("x" * 256, 400)])
def test_names_have_limits(call, vault, name, status):
    call.post("/vaults", {"display_name": name}, status)
    call.post(vault, {"display_name": name}, status)


@rule(
    "a credential's display name has up to 255 characters, at an update 1 to 255",
    evidence="sdk", source="the docstrings of `display_name`",
)  # fmt: skip
def test_names_of_credentials_have_limits(call, credentials):
    for name, status in (("", 200), ("x" * 255, 200), ("x" * 256, 400)):
        call.post(
            credentials,
            {
                "auth": {**BEARER, "mcp_server_url": f"https://{len(name)}.example.com/mcp"},
                "display_name": name,
            },
            status,
        )
    (made, *_) = call.get(credentials)["data"]
    for name, status in (("", 400), ("x" * 255, 200), ("x" * 256, 400)):
        call.post(f"{credentials}/{made['id']}", {"display_name": name}, status)


@rule(
    "`vault_ids` of a new session that are unknown are 404, archived ones 400",
    evidence="ours",
    note="documented is that a session with an archived one fails, not with which status",
)
def test_a_session_gets_vaults_that_are_there(call, vault):
    id = vault.removeprefix("/vaults/")
    assert call.session(vault_ids=[id])["vault_ids"] == [id]
    assert "vlt_none" in call.session(404, vault_ids=["vlt_none"])
    call.post(f"{vault}/archive")
    assert "archived" in call.session(400, vault_ids=[id])


@rule("a credential has at most 16 `allowed_hosts`", evidence="sdk")
def test_at_most_sixteen_hosts(call, credentials):
    for number, status in ((17, 400), (16, 200)):
        networking = {"type": "limited", "allowed_hosts": [f"h{n}.example.com" for n in range(number)]}
        call.post(credentials, {"auth": {**VARIABLE, "networking": networking}}, status)
