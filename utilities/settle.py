"""Waiting until a session's status says what its events have said already.

The idle event reaches the stream before the session's `status` field changes; whoever archives or
deletes in between gets a 400. Copy this file alone; it needs nothing else.
"""

from __future__ import annotations

import asyncio
import time

from anthropic import Anthropic, AsyncAnthropic
from anthropic.types.beta import BetaManagedAgentsSession

__all__ = ["wait_for_idle_status", "wait_for_idle_status_async"]

SETTLED = ("idle", "terminated")


def wait_for_idle_status(
    client: Anthropic, session_id: str, *, timeout: float = 30.0, interval: float = 0.1
) -> BetaManagedAgentsSession:
    """Wait until the session is idle, or terminated, which can be archived as well.

    Args:
        client: the SDK's client.
        session_id: the session.
        timeout: seconds to wait at most.
        interval: seconds before the second look; it grows by half each time, up to two seconds.

    Returns:
        The settled session.

    Raises:
        TimeoutError: it was still running; the message says for how long.
        anthropic.NotFoundError: there is no such session.
    """
    patience = _Patience(session_id, timeout, interval)
    while (session := client.beta.sessions.retrieve(session_id)).status not in SETTLED:
        time.sleep(patience.pause(session.status))
    return session


async def wait_for_idle_status_async(
    client: AsyncAnthropic, session_id: str, *, timeout: float = 30.0, interval: float = 0.1
) -> BetaManagedAgentsSession:
    """`wait_for_idle_status` for `AsyncAnthropic`."""
    patience = _Patience(session_id, timeout, interval)
    while (session := await client.beta.sessions.retrieve(session_id)).status not in SETTLED:
        await asyncio.sleep(patience.pause(session.status))
    return session


class _Patience:
    """How long to wait before the next look, until there is no time left."""

    def __init__(self, session_id: str, timeout: float, interval: float) -> None:
        self.session_id, self.timeout, self.interval = session_id, timeout, interval
        self.start = time.monotonic()

    def pause(self, status: str) -> float:
        waited = time.monotonic() - self.start
        if waited >= self.timeout:
            raise TimeoutError(
                f"session {self.session_id} is still {status!r} after {waited:.1f} s of waiting for "
                f"{' or '.join(SETTLED)}: a turn may be under way; follow it with stream_until_end_turn"
            )
        pause = min(self.interval, self.timeout - waited)
        self.interval = min(2.0, self.interval * 1.5)
        return pause
