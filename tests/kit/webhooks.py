"""Webhooks in a test: a receiver that keeps what it got, and a server that tells it."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from anthropic import Anthropic

from tests.kit.calling import going, serving, strict
from tests.kit.recordings import Script
from utilities.replay import Endpoint

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FAST = (0.01, 0.02, 0.04)  # seconds between a server's attempts
UNUSED = Anthropic(api_key="x")  # to verify; it asks nobody


class Receiver:
    """A receiver that keeps what it got, and answers the first requests with these statuses.

    Attributes:
        url: where it listens while its `with` block runs.
        got: the status that it answered, the headers and the body, of each request.
        look: called with each body, before the answer.
    """

    def __init__(self, *statuses: int) -> None:
        self.got: list[tuple[int, dict[str, str], str]] = []
        self.statuses = list(statuses)
        self.look: Callable[[str], object] = lambda raw: None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.look(raw)
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.got.append((status, headers, raw))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def verified(self) -> list[Any]:
        """The events that it accepted, through the SDK."""
        accepted = [(headers, raw) for status, headers, raw in list(self.got) if 200 <= status < 300]
        return [UNUSED.beta.webhooks.unwrap(raw, headers=headers, key=SECRET) for headers, raw in accepted]

    def types(self) -> list[str]:
        return [event.data.type for event in self.verified()]


@contextmanager
def hooked(receiver: Receiver | str, *scripts: Script, speed: float = 0.0, **options: Any) -> Iterator[Any]:
    """A client of a server that tells this receiver (or the one at this URL) what happens.

    Args:
        receiver: a `Receiver`, or a URL.
        scripts: what the server plays; `going()` when there are none.
        speed: as of `ReplayServer`; 0 plays at once.
        options: of `Endpoint`.
    """
    hook = Endpoint(getattr(receiver, "url", receiver), SECRET, **{"retries": FAST, **options})
    with serving(*(scripts or (going(),)), speed=speed, webhook=hook) as server:
        yield strict(server)
