"""How much a server keeps for its clients: none of them may fill the memory of all. [ours]

What a limit is, and what frees room again, stands in the message of the refusal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sized

from ..http.errors import ApiError

MOST_OF_A_KIND = 10_000  # agents, environments and so on, archived ones too
MOST = {"sessions": 5_000, "files": 100_000}  # a session plays on its own; each of its files is one
MIB = 2**20
MOST_UPLOADED = 1024 * MIB  # bytes of all files together; the hosted limit is 1 TB [doc]
MOST_SENT = 64 * MIB  # bytes of what one session was sent
MOST_SENT_TO_ALL = 1024 * MIB
MOST_EVENTS = 20_000  # that one session was sent


class Room:
    """What was sent to the sessions of a server, and how much more it takes."""

    def __init__(self) -> None:
        self._bytes: Counter[str] = Counter()  # by session
        self._events: Counter[str] = Counter()

    def require_for(self, session_id: str, size: int) -> None:
        """Refuse a send that would be too much.

        Args:
            session_id: the session; empty for one that is to be made.
            size: bytes of the body.

        Raises:
            ApiError: 400, saying which limit it is.
        """
        if self._bytes[session_id] + size > MOST_SENT:
            raise ApiError(
                400, f"a session takes {MOST_SENT // MIB} MiB of events on this server; use another"
            )
        if self._events[session_id] >= MOST_EVENTS:
            raise ApiError(400, f"a session takes {MOST_EVENTS:,} events on this server; use another")
        if self._bytes.total() + size > MOST_SENT_TO_ALL:
            full = f"all sessions together take {MOST_SENT_TO_ALL // MIB:,} MiB on this server"
            raise ApiError(400, f"{full}: delete sessions, or start it anew")

    def take(self, session_id: str, size: int, events: int) -> None:
        """So much was sent to this session."""
        self._bytes[session_id] += size
        self._events[session_id] += events

    def forget(self, session_id: str) -> None:
        """The session was deleted."""
        self._bytes.pop(session_id, None)
        self._events.pop(session_id, None)


def require_for_another(kept: Sized, path: str) -> None:
    """Refuse to keep another of a kind.

    Args:
        kept: those that there are.
        path: of the route that makes one, `/v1/agents`.

    Raises:
        ApiError: 400, saying how many there can be.
    """
    kind = path.removeprefix("/v1/")
    most = MOST.get(kind, MOST_OF_A_KIND)
    if len(kept) >= most:
        raise ApiError(400, f"this server keeps {most:,} {kind} at most: delete some, or start it anew")


def require_for_upload(contents: Collection[bytes], size: int) -> None:
    """Refuse a file for which there is no room; what sessions have mounted is there once.

    Raises:
        ApiError: 400, saying how much there can be.
    """
    kept = sum({id(content): len(content) for content in contents}.values())
    if kept + size > MOST_UPLOADED:
        full = f"this server keeps {MOST_UPLOADED // MIB:,} MiB of files"
        raise ApiError(400, f"file: storage limit exceeded, {full}: delete some, or start it anew")
