"""Whether to try again what failed, and when."""

from __future__ import annotations

from contextlib import suppress

import anthropic
import httpx2

__all__ = ["StreamEnded", "is_passing", "retry_after", "wait_before"]

MAX_BACKOFF = 10.0  # seconds


class StreamEnded(Exception):
    """The stream ended although the turn has not."""


def is_passing(error: Exception) -> bool:
    """Whether trying again can help: the connection broke or the service is busy, rather than said no.

    The SDK's stream raises httpx2's own errors, and an `APIStatusError` with status 200 for an error event.
    """
    if isinstance(error, anthropic.APIStatusError):
        return error.status_code in (200, 408, 409, 429) or error.status_code >= 500
    return isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)


def wait_before(error: Exception, failures: int) -> float:
    """Seconds before the next attempt: what the service asks for, else longer each time.

    A connection that broke is opened again at once.
    """
    asked = retry_after(error)
    if asked is not None:
        return asked
    if failures == 1 and not isinstance(error, anthropic.APIStatusError):
        return 0.0
    return min(MAX_BACKOFF, 0.25 * 2.0 ** min(failures, 10))


def retry_after(error: object) -> float | None:
    """Seconds that the service asks to wait; None if it says nothing, or a date."""
    if isinstance(error, anthropic.APIStatusError):
        with suppress(KeyError, ValueError):
            return max(0.0, float(error.response.headers["retry-after"]))
    return None
