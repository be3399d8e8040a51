"""Waiting until a session's status says what its events have said already.

The idle event reaches the stream before the session's `status` field changes; whoever archives or
deletes in between gets a 400.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

import httpx2
from anthropic import Anthropic, APIError, AsyncAnthropic
from anthropic.types.beta import BetaManagedAgentsSession

from .reading import checked, readable
from .retry import is_passing, retry_after
from .timing import in_time, in_time_async

__all__ = ["wait_for_idle_status", "wait_for_idle_status_async"]

SETTLED = ("idle", "terminated")
FAILED = (APIError, httpx2.TransportError)  # a look; the next may not


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
        TimeoutError: it was still running, or nobody answered; the message says for how long.
        TypeError: an async client.
        ValueError: a number of seconds is negative.
        anthropic.NotFoundError: there is no such session.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError(
            "wait_for_idle_status needs Anthropic; for AsyncAnthropic use wait_for_idle_status_async"
        )
    patience = _Looks(session_id, timeout, interval)
    sessions = client.with_options(max_retries=0).beta.sessions  # here is a deadline, the SDK has none
    while True:
        try:
            left = patience.left()
            look = partial(sessions.retrieve, session_id, timeout=left)
            with readable("retrieve"):
                session: BetaManagedAgentsSession = checked("retrieve", in_time(left, look))
            if session.status in SETTLED:
                return session
            pause = patience.running(session.status)
        except FAILED as error:
            pause = patience.failed(error)
        time.sleep(pause)


async def wait_for_idle_status_async(
    client: AsyncAnthropic, session_id: str, *, timeout: float = 30.0, interval: float = 0.1
) -> BetaManagedAgentsSession:
    """`wait_for_idle_status` for `AsyncAnthropic`."""
    if isinstance(client, Anthropic):
        raise TypeError(
            "wait_for_idle_status_async needs AsyncAnthropic; for Anthropic use wait_for_idle_status"
        )
    patience = _Looks(session_id, timeout, interval)
    sessions = client.with_options(max_retries=0).beta.sessions
    while True:
        try:
            left = patience.left()
            look = sessions.retrieve(session_id, timeout=left)
            with readable("retrieve"):
                session: BetaManagedAgentsSession = checked("retrieve", await in_time_async(left, look))
            if session.status in SETTLED:
                return session
            pause = patience.running(session.status)
        except FAILED as error:
            pause = patience.failed(error)
        await asyncio.sleep(pause)


class Patience:
    """How long to wait before the next look, until there is no time left.

    Args:
        timeout: seconds to wait at most.
        interval: seconds before the second look; it grows by half each time, up to two seconds.

    Raises:
        ValueError: a number of seconds is negative.
    """

    def __init__(self, timeout: float, interval: float) -> None:
        for name, seconds in (("timeout", timeout), ("interval", interval)):
            if not seconds >= 0:
                raise ValueError(f"{name} must be 0 seconds or more, not {seconds}")
        self.timeout, self.interval = timeout, interval
        self.start = time.monotonic()

    def waited(self) -> float:
        """How many seconds have passed."""
        return time.monotonic() - self.start

    def left(self) -> float:
        """How many seconds the next look may take; one at least, or the last would always fail."""
        return max(1.0, self.timeout - self.waited())

    def pause(self, failed: Exception | None = None) -> float | None:
        """Seconds until the next look; None if no time is left. `failed`: the error of the last one."""
        left = self.timeout - self.waited()
        if left <= 0:
            return None
        pause = max(self.interval, retry_after(failed) or 0.0)
        self.interval = min(2.0, self.interval * 1.5)
        return min(pause, left)

    def after(self, error: Exception) -> float | None:
        """The same after a look that failed.

        Raises:
            Exception: `error`, if no other look would help.
        """
        if not is_passing(error):
            raise error
        return self.pause(error)


class _Looks(Patience):
    """What was seen of a session's status."""

    def __init__(self, session_id: str, timeout: float, interval: float) -> None:
        super().__init__(timeout, interval)
        self.session_id, self.state = session_id, "could not be seen"

    def running(self, status: str) -> float:
        """How long to wait after a look that saw this status."""
        self.state = f"is still {status!r}"
        return self._or_give_up(self.pause())

    def failed(self, error: Exception) -> float:
        """How long to wait after a look that failed."""
        return self._or_give_up(self.after(error), error)

    def _or_give_up(self, pause: float | None, error: Exception | None = None) -> float:
        if pause is None:
            raise TimeoutError(
                f"session {self.session_id} {self.state} after {self.waited():.1f} s of waiting for "
                f"{' or '.join(SETTLED)}: a turn may be under way; follow it with stream_until_end_turn"
            ) from error
        return pause
