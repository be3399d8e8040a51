"""Web pages: by default none may use this server, though a browser on this machine can reach it.

Any page that somebody looks at can send requests to their own machine, and would read recordings, answer
calls and set off webhooks. The browser says in `Origin` where the page is from, and in `Host` under which
name it looked for the server: a page can make a name of its own lead here. The hosted API has no such rule,
for it knows its callers by their keys. [ours]
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from ..http.errors import ApiError
from ..http.requests import NOTE_HEADER, RECORDING_HEADER, REPLAY_HEADER

# Headers that a page may see.
READABLE = f"request-id, retry-after, {NOTE_HEADER}, {RECORDING_HEADER}, {REPLAY_HEADER}"
METHODS = "GET, POST, DELETE"
KEPT = "600"  # seconds for which a browser may keep what a preflight said


class Browsers:
    """Which pages may use a server.

    Args:
        host: what it listens on.
        key: what its clients must send; a page that another name has led here doesn't know it.
        origins: the pages' origins, `https://example.org` for example.

    Raises:
        ValueError: one of them is no origin.
    """

    def __init__(self, host: str, key: str | None, origins: Collection[str] = ()) -> None:
        self._names = None if key else {host.strip("[]").lower(), "localhost"}
        self._origins = frozenset(map(_origin, origins))

    def require_welcome(self, headers: Headers) -> None:
        """Refuse what a page sends that isn't named, and what was meant for another host.

        Raises:
            ApiError: 403.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if host and self._names is not None and not self._is_here(host):
            told = "this server is not it. Use 127.0.0.1 or localhost, or start the server with a key"
            raise ApiError(403, f"Host: {host[:80]!r} was asked for, and {told}")
        if origin is not None and origin not in self._origins and origin != f"http://{host}":
            told = "may not use this server; --allow-origin names those that may"
            raise ApiError(403, f"Origin: pages of {origin[:80]!r} {told}")

    def _is_here(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in (self._names or ()):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def answer_headers(self, headers: Headers) -> dict[str, str]:
        """What lets a page that may use the server read an answer; a preflight is told what it may send."""
        origin = headers.get("origin")
        if origin is None or origin not in self._origins:
            return {}
        told = {"access-control-allow-origin": origin, "vary": "origin"}
        if "access-control-request-method" not in headers:
            return {**told, "access-control-expose-headers": READABLE}
        return {
            **told,
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": headers.get("access-control-request-headers", ""),
            "access-control-allow-private-network": "true",
            "access-control-max-age": KEPT,
        }


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks what a page may send, before it sends it."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _origin(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or f"{url.scheme}://{url.netloc}" != text:
        raise ValueError(f"--allow-origin: {text!r} is no origin; one looks like https://example.org")
    return text.lower()
