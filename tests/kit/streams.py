"""An open stream, read in a thread of its own."""

import threading
from typing import Any

import httpx2


def followed(client: Any, session: str, into: list[Any]) -> threading.Thread:
    """Open a stream, and collect from it in a thread until it ends, its error at last; returns the thread."""
    stream = client.beta.sessions.events.stream(session)

    def collect() -> None:
        try:
            into.extend(stream)
        except httpx2.HTTPError as error:
            into.append(error)

    thread = threading.Thread(target=collect)
    thread.start()
    return thread
