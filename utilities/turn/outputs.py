"""The files that a session left in /mnt/session/outputs; they can be listed some seconds after the turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from anthropic.types.beta import BetaFileMetadata

from .history import Forward
from .reading import Pages, checked, readable
from .settle import FAILED, Patience
from .timing import in_time, in_time_async

__all__ = ["outputs_of", "outputs_of_async"]

# The documentation says that the list of a session's files needs it; the SDK doesn't send it by itself.
LIST = "files.list"
BETAS = ["managed-agents-2026-04-01"]


def outputs_of(
    client: Anthropic,
    session_id: str,
    *,
    expect: Collection[str] | None = None,
    timeout: float = 10.0,
    interval: float = 0.2,
) -> list[BetaFileMetadata]:
    """The files that the agent left in /mnt/session/outputs, newest first.

    A file is in the session's list shortly after it was written, sometimes seconds after the turn's
    last event, and is complete then. So this looks again until what is expected is there.

    Args:
        client: the SDK's client.
        session_id: the session.
        expect: file names that have to be there. None: at least one file, whichever; after `timeout`
            the session has left none. `()`: what is there now, without waiting.
        timeout: seconds to wait at most.
        interval: seconds before the second look; it grows by half each time, up to two seconds.

    Returns:
        The files' metadata; `client.beta.files.download(file.id)` reads one. Copies of uploads that
        the session has mounted are in the API's list too, but can't be downloaded: they are left out.

    Raises:
        TimeoutError: an expected file was not there in time, or nobody answered; the message lists those
            that are there.
        TypeError: an async client, or `expect` is a single name.
        ValueError: a number of seconds is negative.
        anthropic.APIStatusError: the API refuses.
    """
    if isinstance(client, AsyncAnthropic):
        raise TypeError("outputs_of needs Anthropic; for AsyncAnthropic use outputs_of_async")
    looks = _Looks(session_id, expect, timeout, interval)
    files = client.with_options(max_retries=0).beta.files  # here is a deadline, the SDK has none
    while True:
        try:
            pages = Pages(LIST, Forward())
            left = looks.left()
            request: Callable[[], Any] = partial(files.list, scope_id=session_id, betas=BETAS, timeout=left)
            ends = time.monotonic() + left  # of all pages
            with readable(LIST):
                while pages.take(page := checked(LIST, in_time(ends - time.monotonic(), request))):
                    request = page.get_next_page
            pause = looks.found(pages.into.events)
        except FAILED as error:
            pause = looks.failed(error)
        if pause is None:
            return looks.outputs
        time.sleep(pause)


async def outputs_of_async(
    client: AsyncAnthropic,
    session_id: str,
    *,
    expect: Collection[str] | None = None,
    timeout: float = 10.0,
    interval: float = 0.2,
) -> list[BetaFileMetadata]:
    """`outputs_of` for `AsyncAnthropic`."""
    if isinstance(client, Anthropic):
        raise TypeError("outputs_of_async needs AsyncAnthropic; for Anthropic use outputs_of")
    looks = _Looks(session_id, expect, timeout, interval)
    files = client.with_options(max_retries=0).beta.files
    while True:
        try:
            pages = Pages(LIST, Forward())
            left = looks.left()
            request: Callable[[], Any] = partial(files.list, scope_id=session_id, betas=BETAS, timeout=left)
            ends = time.monotonic() + left  # of all pages
            with readable(LIST):
                while pages.take(
                    page := checked(LIST, await in_time_async(ends - time.monotonic(), request()))
                ):
                    request = page.get_next_page
            pause = looks.found(pages.into.events)
        except FAILED as error:
            pause = looks.failed(error)
        if pause is None:
            return looks.outputs
        await asyncio.sleep(pause)


class _Looks(Patience):
    """What was seen of a session's outputs, and whether that is all."""

    outputs: list[BetaFileMetadata]

    def __init__(self, session_id: str, expect: Any, timeout: float, interval: float) -> None:
        if isinstance(expect, str):
            raise TypeError(f"expect is a list of names, [{expect!r}], not a single one")
        super().__init__(timeout, interval)
        self.session_id, self.expect = session_id, expect

    def found(self, files: Sequence[BetaFileMetadata]) -> float | None:
        """How long to wait after a look that found these files; None: no longer."""
        self.outputs = [file for file in files if getattr(file, "downloadable", False)]
        names = {str(getattr(file, "filename", None)) for file in self.outputs}
        missing = [name for name in self.expect or () if name not in names]
        if not missing and (self.outputs or self.expect is not None):
            return None
        pause = self.pause()
        if pause is None and missing:
            raise TimeoutError(
                f"session {self.session_id} has no {', '.join(missing)} in /mnt/session/outputs after "
                f"{self.waited():.1f} s; there is: {', '.join(sorted(names)) or 'nothing'}. "
                "Look at the session's events whether the agent wrote it"
            )
        return pause

    def failed(self, error: Exception) -> float:
        """How long to wait after a look that failed."""
        pause = self.after(error)
        if pause is None:
            raise TimeoutError(
                f"the outputs of session {self.session_id} could not be listed, "
                f"in {self.waited():.1f} s of trying: {error}"
            ) from error
        return pause
