"""A webhook receiver in a test: what a sender sends it, signed, and a handler that can be held up."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import standardwebhooks
import uvicorn

from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET

OTHER = "whsec_" + base64.b64encode(b"somebody else's").decode()
SENDER = httpx2.Client(trust_env=False)
IDLED = "session.status_idled"


def payload(id: str = "wevt_1", session: str = "sesn_1", type: str = IDLED) -> str:
    data = {"type": type, "id": session, "organization_id": "org_1", "workspace_id": "wrkspc_1"}
    return json.dumps({"type": "event", "id": id, "created_at": "2026-11-21T09:00:00Z", "data": data})


GOOD = payload()


def signed(body: str | bytes, *, secret: str = SECRET, age: float = 0.0, **changed: Any) -> dict[str, Any]:
    """The headers of a real sender, but for what is changed; None leaves a header out."""
    id, timestamp = "wevt_1", int(time.time() - age)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    signature = standardwebhooks.Webhook(secret).sign(id, datetime.fromtimestamp(timestamp, UTC), text)
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


def post(url: str, body: str | bytes, headers: dict[str, Any] | None = None) -> httpx2.Response:
    """Deliver it, signed as it should be unless there are headers."""
    headers = signed(body) if headers is None else headers
    content = body.encode() if isinstance(body, str) else body
    return SENDER.post(url, content=content, headers=headers)


def statuses(url: str, *bodies: str) -> list[int]:
    return [post(url, body).status_code for body in bodies]


class Calls:
    """A handler that keeps its calls, and can be held up: `gate.clear()`, then `gate.set()`."""

    def __init__(self, do: Callable[[str, tuple[str, ...]], Any] = lambda session_id, types: None) -> None:
        self.all: list[tuple[str, tuple[str, ...]]] = []
        self.results: list[Any] = []
        self.do = do
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, session_id: str, types: tuple[str, ...]) -> None:
        self.all.append((session_id, types))
        assert self.gate.wait(10)
        self.results.append(self.do(session_id, types))

    @property
    def sessions(self) -> list[str]:
        return [session_id for session_id, _ in self.all]


@contextmanager
def asgi(app: Any) -> Iterator[str]:
    """The application behind uvicorn, on this machine's loopback; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
