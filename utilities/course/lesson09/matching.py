"""Whose credential a session would use, by the rules that the documentation gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from anthropic import Anthropic

__all__ = ["same_server", "would_use"]

PORTS = {"https": 443, "http": 80}


def would_use(client: Anthropic, vault_ids: Iterable[str], url: str) -> Any:
    """The credential with which a session of these vaults would connect to an MCP server.

    The first vault with a match wins. In a vault there is at most one, since its active credentials have
    different addresses. The API has no answer to this question; the rules are those of the documentation.

    Args:
        client: the SDK's client.
        vault_ids: as the session is created with them.
        url: the server's address, as in the agent's `mcp_servers`.

    Returns:
        The credential; None if the connection would be tried without one.
    """
    for vault_id in vault_ids:
        for credential in client.beta.vaults.credentials.list(vault_id):
            if same_server(getattr(credential.auth, "mcp_server_url", ""), url):
                return credential
    return None


def same_server(one: str, other: str) -> bool:
    """Whether two addresses lead to one MCP server, for the service.

    Case of scheme and host, a default port and slashes at the end make no difference; a path, a subdomain or
    another port does. [doc: the page about the MCP connector]
    """
    return _normalised(one) == _normalised(other)


def _normalised(url: str) -> tuple[str, str | None, int | None, str, str]:
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query
