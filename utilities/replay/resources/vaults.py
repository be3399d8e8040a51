"""Vaults and the credentials in them.

What is write-only is dropped as it comes in: a replay server needs no secret, so it keeps none and
cannot give one away. [sdk: "never returned in responses"]
"""

from __future__ import annotations

import re
from typing import Any

from anthropic.types.beta.vault_create_params import VaultCreateParams
from anthropic.types.beta.vault_update_params import VaultUpdateParams
from anthropic.types.beta.vaults.credential_create_params import CredentialCreateParams
from anthropic.types.beta.vaults.credential_update_params import CredentialUpdateParams

from ..http.errors import ApiError
from ..http.validation import Resource
from ..ids import make_id, parse_time
from ..webhooks.outbox import Outbox
from . import limits
from .collection import Clock, Collection, checked_metadata, patched_metadata

SECRETS = ("token", "access_token", "refresh_token", "client_secret", "secret_value")
KEYS = {
    "mcp_oauth": "mcp_server_url",
    "static_bearer": "mcp_server_url",
    "environment_variable": "secret_name",
}
MOST_CREDENTIALS = 20  # in a vault [doc]
MOST_HOSTS = 16  # in `allowed_hosts` [sdk]
HOST = re.compile(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Vaults(Collection):
    """The collections of credentials that a session can be given."""

    kind, prefix = "Vault", "vlt"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._credentials: dict[str, Credentials] = {}

    def create(self, body: Any) -> Resource:
        given = limits.checked(VaultCreateParams, body)
        vault = {
            "id": self.new_id(),
            "type": "vault",
            "display_name": given["display_name"],
            "metadata": checked_metadata(given.get("metadata") or {}),
            **self._stamps(),
        }
        self.items[vault["id"]] = vault
        self._credentials[vault["id"]] = Credentials(self.clock, vault, self.outbox)
        self.tell(vault, "created")
        return vault

    def update(self, id: str, body: Any) -> Resource:
        given = limits.checked(VaultUpdateParams, body)
        vault = self.get(id)
        require_active(self.kind, vault)
        if given.get("display_name") is not None:
            vault["display_name"] = given["display_name"]
        vault["metadata"] = patched_metadata(vault["metadata"], given.get("metadata"))
        vault["updated_at"] = self.clock.tick()
        return vault

    def archive(self, id: str) -> Resource:
        """Put a vault away, its credentials with it. [doc]"""
        vault = super().archive(id)
        credentials = self.credentials(id)
        for credential in credentials.items:
            credentials.archive(credential)
        return vault

    def delete(self, id: str) -> Resource:
        vault, credentials = self.get(id), self.credentials(id)
        for credential in list(credentials.items):
            credentials.delete(credential)
        del self.items[id], self._credentials[id]
        self.tell(vault, "deleted")
        return {"id": id, "type": "vault_deleted"}

    def credentials(self, id: str) -> Credentials:
        """What is in a vault."""
        self.get(id)
        return self._credentials[id]

    def require_usable(self, ids: list[str]) -> None:
        """Refuse what a new session can't be given: a vault that isn't there, or is archived. [ours]"""
        for id in ids:
            require_active(self.kind, self.get(id))


class Credentials(Collection):
    """The credentials of one vault."""

    kind, prefix = "Credential", "vcrd"

    def __init__(self, clock: Clock, vault: Resource, outbox: Outbox | None) -> None:
        super().__init__(clock, outbox=outbox)
        self.vault = vault

    def tell(self, item: Resource, what: str, **more: str) -> None:
        super().tell(item, what, vault_id=self.vault["id"], **more)  # [sdk]

    def new_id(self) -> str:
        self.made += 1
        return make_id(self.prefix, self.vault["id"], self.made)

    def create(self, body: Any) -> Resource:
        given = limits.checked(CredentialCreateParams, body)
        require_active("Vault", self.vault)
        self._require_future(given["auth"].get("expires_at"))
        auth = checked_auth(public(given["auth"]))
        if len(self.items) >= MOST_CREDENTIALS:
            message = f"Vault {self.vault['id']} is full: at most {MOST_CREDENTIALS} credentials; delete one."
            raise ApiError(400, message)
        self._require_unique(auth)
        credential = {
            "id": self.new_id(),
            "type": "vault_credential",
            "vault_id": self.vault["id"],
            "display_name": given.get("display_name"),
            "auth": auth,
            "metadata": checked_metadata(given.get("metadata") or {}),
            **self._stamps(),
        }
        self.items[credential["id"]] = credential
        self.tell(credential, "created")
        return credential

    def update(self, id: str, body: Any) -> Resource:
        given = limits.checked(CredentialUpdateParams, body, in_path=("vault_id",))
        credential = self.get(id)
        require_active(self.kind, credential)
        auth = given.get("auth")
        if auth is not None:
            if auth["type"] != credential["auth"]["type"]:
                raise ApiError(400, f"auth.type: it is {credential['auth']['type']}, and can't be changed")
            self._require_future(auth.get("expires_at"))
            credential["auth"] = checked_auth(changed_auth(credential["auth"], auth))
        if given.get("display_name") is not None:
            credential["display_name"] = given["display_name"]
        credential["metadata"] = patched_metadata(credential["metadata"], given.get("metadata"))
        credential["updated_at"] = self.clock.tick()
        return credential

    def delete(self, id: str) -> Resource:
        self.tell(self.get(id), "deleted")
        del self.items[id]
        return {"id": id, "type": "vault_credential_deleted"}

    def validate(self, id: str) -> Resource:
        """Probe an OAuth credential. Nothing leaves a replay server, so the MCP server is never reached.

        That is what the answer says: the first step failed, without a response, and nobody knows.
        """
        credential = self.get(id)
        require_active(self.kind, credential)
        auth = credential["auth"]
        if auth["type"] != "mcp_oauth":
            raise ApiError(400, f"Credential {id} is {auth['type']}: only mcp_oauth can be validated.")
        return {
            "type": "vault_credential_validation",
            "credential_id": id,
            "vault_id": self.vault["id"],
            "status": "unknown",
            "has_refresh_token": auth["refresh"] is not None,
            "mcp_probe": {"method": "initialize", "http_response": None},
            "refresh": None,
            "validated_at": self.clock.tick(),
        }

    def _require_future(self, expires_at: Any) -> None:
        """[sdk] On the server's own clock, which is the recordings'."""
        if expires_at is None:
            return
        try:
            passed = parse_time(str(expires_at)) <= parse_time(self.clock.now)
        except ValueError as error:
            raise ApiError(400, f"auth.expires_at: {expires_at!r} is not an RFC 3339 time") from error
        if passed:
            raise ApiError(400, f"auth.expires_at: {expires_at} is not in the future")

    def _require_unique(self, auth: Resource) -> None:
        """One active credential for a server or a variable. [doc]"""
        key = KEYS[auth["type"]]
        for other in self.items.values():
            if not other["archived_at"] and other["auth"].get(key) == auth[key]:
                message = (
                    f"{key} {auth[key]!r} has a credential already, {other['id']}: archive that one first"
                )
                raise ApiError(409, message)


def public(auth: Resource) -> Resource:
    """An `auth` without what is write-only, at any depth."""
    return {
        key: public(value) if isinstance(value, dict) else value
        for key, value in auth.items()
        if key not in SECRETS
    }


def checked_auth(auth: Resource) -> Resource:
    """An `auth` with its defaults written out."""
    if auth["type"] == "mcp_oauth":
        return {"expires_at": None, "refresh": None, **auth}
    if auth["type"] == "environment_variable":
        # Left out: both. Given: what is left out in it is off. [doc]
        wanted = auth.get("injection_location", {"body": True, "header": True})
        locations = {"body": False, "header": False, **wanted}
        if not any(locations.values()):
            raise ApiError(400, "auth.injection_location: at least one location must be enabled")  # [sdk]
        check_hosts(auth["networking"])
        return {**auth, "injection_location": locations}
    return auth


def changed_auth(stored: Resource, given: Resource) -> Resource:
    """A stored `auth` after an update; what is left out stays as it was. [sdk]"""
    changes = {key: value for key, value in public(given).items() if value is not None}
    if changes.get("injection_location"):
        changes["injection_location"] = {**stored["injection_location"], **changes["injection_location"]}
    if changes.get("refresh") is not None:
        changes["refresh"] = changed_refresh(stored["refresh"], given["refresh"])
    return {**stored, **changes}


def changed_refresh(stored: Resource | None, given: Resource) -> Resource:
    if stored is None:
        raise ApiError(400, "auth.refresh: the credential was created without one, and can't get one now")
    if "token_endpoint_auth" in given and stored["token_endpoint_auth"]["type"] == "none":
        raise ApiError(
            400, "auth.refresh.token_endpoint_auth: this credential's endpoint needs no secret"
        )  # [sdk]
    if given.get("scope") is None:
        return stored
    return {**stored, "scope": given["scope"] or None}  # an empty text clears [sdk]


def check_hosts(networking: Resource) -> None:
    """Bare names, IPv4 addresses or `*.` wildcards. [sdk]"""
    hosts = networking.get("allowed_hosts") or []
    if len(hosts) > MOST_HOSTS:
        raise ApiError(400, f"auth.networking.allowed_hosts: at most {MOST_HOSTS}")
    for host in hosts:
        if not HOST.fullmatch(host):
            raise ApiError(400, f"auth.networking.allowed_hosts: {host!r} is not a bare host name")


def require_active(kind: str, item: Resource) -> None:
    if item["archived_at"]:
        raise ApiError(400, f"{kind} {item['id']} is archived and can't be changed or used.")
