"""The tripwire: a process that imports this can't reach anything but loopback.

An audit hook, because it sees every socket of the process, whatever library opened it and
before anything is sent, and because nothing can take it out again. (Code that opens sockets
without Python's socket module, in Rust say, is not seen.)
"""

from __future__ import annotations

import ipaddress
import socket
import sys


class NetworkBlocked(RuntimeError):
    """A test or a notebook tried to leave this machine."""

    def __init__(self, what: str, host: object) -> None:
        super().__init__(f"{what} {host!r}: tests and offline notebooks stay on loopback (tests/kit/offline)")


def _is_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse(event: str, args: tuple) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        sock, address = args
        if sock.family != socket.AF_UNIX and address is not None and not _is_here(address[0]):
            raise NetworkBlocked("connection to", address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_here(args[0]):
        raise NetworkBlocked("look-up of", args[0])


sys.addaudithook(_refuse)
