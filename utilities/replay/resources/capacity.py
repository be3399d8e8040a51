"""How much a server keeps for its clients: none of them may fill the memory of all. [ours]

What a limit is, and what frees room again, stands in the message of the refusal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sized
from dataclasses import dataclass

from ..http.errors import ApiError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What is kept at most.

    Args:
        of_a_kind: agents, environments and so on, archived ones too.
        sessions: each of them plays on its own.
        files: each file of a session is one.
        uploaded: bytes of all files together; the hosted limit is 1 TB. [doc]
        sent: bytes of what one session was sent.
        sent_to_all: bytes of what all sessions were sent.
        events: that one session was sent.
    """

    of_a_kind: int = 10_000
    sessions: int = 5_000
    files: int = 100_000
    uploaded: int = 1024 * MIB
    sent: int = 64 * MIB
    sent_to_all: int = 1024 * MIB
    events: int = 20_000


LIMITS = Limits()


class Capacity:
    """What was sent to the sessions of a server, and how much more it takes of that and of all else."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
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
        limits = self.limits
        if self._bytes[session_id] + size > limits.sent:
            raise ApiError(
                400, f"a session takes {limits.sent // MIB} MiB of events on this server; use another"
            )
        if self._events[session_id] >= limits.events:
            raise ApiError(400, f"a session takes {limits.events:,} events on this server; use another")
        if self._bytes.total() + size > limits.sent_to_all:
            full = f"all sessions together take {limits.sent_to_all // MIB:,} MiB on this server"
            raise ApiError(400, f"{full}: delete sessions, or start it anew")

    def take(self, session_id: str, size: int, events: int) -> None:
        """So much was sent to this session."""
        self._bytes[session_id] += size
        self._events[session_id] += events

    def forget(self, session_id: str) -> None:
        """The session was deleted."""
        self._bytes.pop(session_id, None)
        self._events.pop(session_id, None)

    def require_for_another(self, kept: Sized, path: str) -> None:
        """Refuse to keep another of a kind.

        Args:
            kept: those that there are.
            path: of the route that makes one, `/v1/agents`.

        Raises:
            ApiError: 400, saying how many there can be.
        """
        kind = path.removeprefix("/v1/")
        own = {"sessions": self.limits.sessions, "files": self.limits.files}
        most = own.get(kind, self.limits.of_a_kind)
        if len(kept) >= most:
            raise ApiError(400, f"this server keeps {most:,} {kind} at most: delete some, or start it anew")

    def require_for_upload(self, contents: Collection[bytes], size: int) -> None:
        """Refuse a file for which there is no room; what sessions have mounted is there once.

        Raises:
            ApiError: 400, saying how much there can be.
        """
        kept = sum({id(content): len(content) for content in contents}.values())
        if kept + size > self.limits.uploaded:
            full = f"this server keeps {self.limits.uploaded // MIB:,} MiB of files"
            raise ApiError(400, f"file: storage limit exceeded, {full}: delete some, or start it anew")
