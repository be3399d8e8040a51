"""Whether to try again what failed, and when."""

from __future__ import annotations

import math
from contextlib import suppress

import anthropic
import httpx2

__all__ = ["StreamEnded", "is_passing", "is_refusal", "retry_after", "wait_before"]

MAX_BACKOFF = 10.0  # seconds
MAX_ASKED = 300.0  # seconds: a service that asks for days is asked again all the same
REFUSED = (400, 413, 422)  # what was sent can't be taken as it is


class StreamEnded(Exception):
    """The stream ended although the turn has not."""


def is_passing(error: Exception) -> bool:
    """Whether trying again can help: the connection broke or the service is busy, rather than said no.

    The SDK's stream raises httpx2's own errors, and an `APIStatusError` with status 200 for an error event.
    A redirect that leads nowhere is a gateway's.
    """
    if isinstance(error, anthropic.APIStatusError):
        status = error.status_code
        return status < 400 or status in (408, 409, 425, 429) or status >= 500
    return isinstance(error, StreamEnded | httpx2.TransportError | anthropic.APIConnectionError)


def is_refusal(error: Exception) -> bool:
    """Whether what was asked for was not done: the service said no, or it could not even be sent. After
    anything else it may have been done."""
    if isinstance(error, anthropic.APIStatusError):
        return 400 <= error.status_code < 500 and error.status_code != 408
    return not is_passing(error)


def wait_before(error: Exception, failures: int) -> float:
    """Seconds before the next attempt: what the service asks for, else longer each time.

    A connection that broke is opened again at once. A service that asks for no time, or for hardly any, is
    not asked a thousand times a second.
    """
    asked = retry_after(error)
    if asked is not None:
        floor = min(1.0, 0.05 * 2.0 ** min(failures, 10))
        return max(asked, floor)
    if failures == 1 and not isinstance(error, anthropic.APIStatusError):
        return 0.0
    return min(MAX_BACKOFF, 0.25 * 2.0 ** min(failures, 10))


def retry_after(error: object) -> float | None:
    """Seconds that the service asks to wait; None if it says nothing, a date, or no finite number."""
    if isinstance(error, anthropic.APIStatusError):
        with suppress(KeyError, ValueError):
            asked = float(error.response.headers["retry-after"])
            return max(0.0, asked) if math.isfinite(asked) else None
    return None
