"""Vaults and credentials."""

from __future__ import annotations

from typing import Any

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run


def _secret(**injection: Any) -> dict[str, Any]:
    """An environment variable that is worth nothing."""
    networking = {"type": "limited", "allowed_hosts": ["api.example.com"]}
    auth = {"type": "environment_variable", "secret_name": "CONFIRM_LIVE", "secret_value": "nothing"}
    return {**auth, "networking": networking, **injection}


@probe("archiving a vault archives its credentials", rule="archiving a vault archives its credentials")
def archiving_a_vault(run: Run) -> Finding:
    vault = run.vault("archived").id
    credential = run.client.beta.vaults.credentials.create(vault, auth=_secret())
    run.client.beta.vaults.archive(vault)
    after = run.client.beta.vaults.credentials.retrieve(credential.id, vault_id=vault)
    return found(after.archived_at is not None, f"archived_at {after.archived_at}")


@probe("a session with an unknown vault is 404", rule="`vault_ids` of a new session that are unknown are 404")
def an_unknown_vault(run: Run) -> Finding:
    return _session_with(run, "vlt_01AAAAAAAAAAAAAAAAAAAAAA", 404)


@probe("a session with an archived vault is 400", rule="`vault_ids` of a new session that are unknown")
def an_archived_vault(run: Run) -> Finding:
    vault = run.vault("unusable").id
    run.client.beta.vaults.archive(vault)
    return _session_with(run, vault, 400)


def _session_with(run: Run, vault: str, status: int) -> Finding:
    got = reply(run.once.beta.sessions.create, **run.wanted, vault_ids=[vault])
    return found(got.status == status, got)


@probe(
    "without `injection_location` a variable goes into header and body",
    rule="`injection_location` left out is header and body",
)
def the_default_injection(run: Run) -> Finding:
    vault = run.vault("injection").id
    made = run.client.beta.vaults.credentials.create(vault, auth=_secret())
    location = made.auth.injection_location
    return found((location.header, location.body) == (True, True), location)


@probe("`injection_location: null` is 400", rule="`injection_location` left out is header and body")
def no_injection(run: Run) -> Finding:
    vault = run.vault("no-injection").id
    got = reply(run.once.beta.vaults.credentials.create, vault, auth=_secret(injection_location=None))
    return found(got.status == 400, got)


@probe(
    "a second active credential for a `secret_name` in a vault is 409",
    rule="a second active credential for the same `mcp_server_url` or `secret_name`",
)
def a_secret_name_twice(run: Run) -> Finding:
    vault = run.vault("twice").id
    run.client.beta.vaults.credentials.create(vault, auth=_secret())
    got = reply(run.once.beta.vaults.credentials.create, vault, auth=_secret())
    return found(got.status == 409, got)
