"""Sessions of lesson 08: each with the policy and the receipts, at the service or where it sends webhooks."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from anthropic import Anthropic

from utilities import Made, WebhookReceiver, serving
from utilities.client import is_set
from utilities.loopback import direct
from utilities.replay import Library, ReplayServer
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.webhooks.sender import Endpoint

from .. import new_sessions
from ..places import DATA, RECORDINGS

__all__ = [
    "calling_service",
    "folder_of",
    "lost_response",
    "service_calling",
    "sessions_with",
    "wait_until",
]

MOUNTED = ("policy.md", "receipts.json")
ENDED = ("session.status_idled",)  # as webhooks name it
HEADERS = "ANTHROPIC_CUSTOM_HEADERS"  # of the environment: the SDK sends them with each request
PATIENCE = 60.0  # seconds for what takes one or two; a busy machine needs many

_open = ExitStack()  # the servers go on with the kernel, as the one of `connect` does


def sessions_with(made: Made) -> Callable[[Any, str], Any]:
    """A function that makes sessions which have the policy and the receipts in their uploads.

    Args:
        made: remembers what is made, and ends it.

    Returns:
        `new_session(agent, title)`; after the clean-up it makes anew what is needed.
    """
    new_session, uploads = new_sessions.sessions_with(made), list[Any]()

    def mounted() -> list[Any]:
        if not uploads:
            files = [(name, made.client.beta.files.upload(file=DATA / "expenses" / name)) for name in MOUNTED]
            uploads.extend(
                {"type": "file", "file_id": made(file).id, "mount_path": f"/{name}"} for name, file in files
            )
            made.also(uploads.clear)
        return uploads

    return lambda agent, title: new_session(agent, title, resources=mounted())


def folder_of(made: Made) -> Path:
    """A new empty folder, which the clean-up removes."""
    folder = Path(tempfile.mkdtemp(prefix="cookbook-expenses-"))
    made.also(shutil.rmtree, folder, True)
    return folder


def calling_service(receiver: WebhookReceiver, secret: str) -> Anthropic:
    """A client of a replay server that tells this receiver, twice each time, when a session is idle.

    The hosted service can't reach a laptop, so this is one with a key, too. It runs until the kernel ends.

    Args:
        receiver: gets the webhooks.
        secret: signs them.
    """
    url = _open.enter_context(serving(receiver))
    return service_calling(Endpoint(url, secret, twice=True, events=ENDED))


def service_calling(endpoint: Endpoint) -> Anthropic:
    """A client of a replay server that sends webhooks to this endpoint."""
    strict = is_set("COOKBOOK_STRICT")
    server = ReplayServer(Library.load(RECORDINGS), strict=strict, webhook=endpoint).start()
    return Anthropic(api_key="recorded", base_url=server.base_url, **direct(Anthropic, server.base_url))


@contextmanager
def lost_response() -> Iterator[None]:
    """Programs that are started meanwhile never get the response to the first events that they send.

    The events arrive. It is a fault of the replay server, asked for by a header.
    """
    before = os.environ.get(HEADERS)
    os.environ[HEADERS] = f"{FAULTS_HEADER}: lose,on=POST/events"
    try:
        yield
    finally:
        if before is None:
            del os.environ[HEADERS]
        else:
            os.environ[HEADERS] = before


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that another thread brings about.

    Args:
        true: whether it has happened.
        what: it is.

    Raises:
        TimeoutError: it hasn't in time.
    """
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{PATIENCE:.0f} s have passed without {what}")
        time.sleep(0.01)
