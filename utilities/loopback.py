"""Talking to a server on this machine, and to nobody else.

A company's proxy can't reach this machine's loopback, and a certificate file that is missing stops a client
that needs none: a client of a loopback server takes nothing from the environment.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient

__all__ = ["confining", "direct", "is_loopback", "loopback_only", "replaced", "served_here"]

HOSTS = ("127.0.0.1", "localhost", "::1")
NOBODY = "http://127.0.0.1:9"  # the port "discard", where nobody listens
NOWHERE = os.path.join(os.sep, "nonexistent")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

# Servers of this process that have no socket: what answers for a host name, in place of a connection.
served_here: dict[str, Any] = {}


def is_loopback(host: str | None) -> bool:
    """Whether a name or an address is this machine's own."""
    name = (host or "").strip("[]").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def direct(kind: type[Any], url: Any, **options: Any) -> dict[str, Any]:
    """The client option with which an SDK client reaches a loopback server whatever the environment says.

    Args:
        kind: `Anthropic` or `AsyncAnthropic`.
        url: where the client leads.
        options: for the HTTP client.

    Returns:
        `{"http_client": …}`, or nothing where the server isn't on loopback. One of `served_here` is reached
        without a connection.
    """
    try:
        host = httpx2.URL(str(url)).host
    except httpx2.InvalidURL:
        return {}  # the SDK says what is wrong with it
    if not is_loopback(host):
        return {}
    http = DefaultAsyncHttpxClient if issubclass(kind, AsyncAnthropic) else DefaultHttpxClient
    if (transport := served_here.get(host)) is not None:
        options["transport"] = transport
    return {"http_client": http(trust_env=False, **options)}


def confining(environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables with which a program reaches loopback directly, and by HTTP nobody else.

    Its clients take a proxy that isn't there for all other hosts, but those that NO_PROXY named already.
    Where a user has no home, as in some containers, the SDK is told where its settings would be: it fails
    otherwise.
    """
    given = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [host.strip() for host in given.split(",") if host.strip() not in ("", "*")]
    no_proxy = ",".join([*hosts, *(host for host in HOSTS if host not in hosts)])
    both = {**dict.fromkeys(PROXIES, NOBODY), "NO_PROXY": no_proxy}
    lower = {name.lower(): value for name, value in both.items()}
    settings = {} if os.path.isabs(os.path.expanduser("~")) else {"ANTHROPIC_CONFIG_DIR": NOWHERE}
    return {**both, **lower, **settings, **dict.fromkeys(AUTHORITIES, "")}


# -- nothing leaves ----------------------------------------------------------------------------------


@contextmanager
def loopback_only(
    refused: Callable[[str], BaseException], *, allow: Collection[str] = (), never: Collection[str] = ()
) -> Iterator[list[str]]:
    """While it lasts, this process sends no request away from this machine; yields what was stopped.

    A request by httpx2, which the SDK uses, ends with what `refused` makes of a sentence; so does one on a
    connection that is open already. Any other connection, and the look-up of a name, is an OSError.

    It sees what goes through Python: `httpx2` and whatever connects with a `socket.socket` or looks up a name
    with `socket.getaddrinfo`, asyncio's own event loops among them. It doesn't see an event loop of its own
    (uvloop), a library in C (libpq, libcurl, gRPC), datagrams without a connection, a raw system call, nor
    other processes. Those that go by HTTP and read the environment are held back by `confining`, if
    its variables are set; the others aren't.

    Args:
        refused: makes the exception. A BaseException isn't tried again by the SDK, nor caught by programs.
        allow: hosts that may be reached.
        never: addresses on loopback ("127.0.0.1:8000") that may not.
    """
    stopped: list[str] = []

    def may(host: str | None) -> bool:
        return is_loopback(host) or host in allow

    def check(request: httpx2.Request) -> None:
        url = request.url
        if not may(url.host) or f"{url.host}:{url.port}" in never:
            stopped.append(f"{request.method} {url.copy_with(query=None)}")
            raise refused(stopped[-1])

    def handle(this: Any, request: httpx2.Request) -> httpx2.Response:
        check(request)
        return sync(this, request)

    async def handle_async(this: Any, request: httpx2.Request) -> httpx2.Response:
        check(request)
        return await later(this, request)

    def checked(connect: Callable[..., Any]) -> Callable[..., Any]:
        def connecting(this: socket.socket, address: Any) -> Any:
            if this.family in (socket.AF_INET, socket.AF_INET6) and not may(str(address[0])):
                raise OSError(f"a connection to {address[0]}:{address[1]} was stopped: loopback only, here")
            return connect(this, address)

        return connecting

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not may(name) and not _is_address(name):
            raise OSError(f"the look-up of {name} was stopped: loopback only, here")
        return resolve(host, *arguments, **options)

    sync, later = httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    resolve = socket.getaddrinfo
    with (
        replaced(httpx2.HTTPTransport, "handle_request", handle),
        replaced(httpx2.AsyncHTTPTransport, "handle_async_request", handle_async),
        replaced(socket.socket, "connect", checked(socket.socket.connect)),
        replaced(socket.socket, "connect_ex", checked(socket.socket.connect_ex)),
        replaced(socket, "getaddrinfo", look_up),
    ):
        yield stopped


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


@contextmanager
def replaced(owner: Any, name: str, by: Any) -> Iterator[None]:
    """While it lasts, an attribute is another; afterwards it is as it was, inherited ones too."""
    had, before = name in vars(owner), getattr(owner, name)
    setattr(owner, name, by)
    try:
        yield
    finally:
        if had:
            setattr(owner, name, before)
        else:  # it was inherited, as the socket's are from C
            delattr(owner, name)
