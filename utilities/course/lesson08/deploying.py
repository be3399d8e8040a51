"""The gate's server for 08b: started, killed, started again, and visited as by the internet and by people."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
from anthropic import Anthropic

from utilities.loopback import replaced
from utilities.replay.faults import FAULTS_HEADER
from utilities.replay.webhooks import sender
from utilities.replay.webhooks.outbox import Delivery
from utilities.replay.webhooks.sender import Endpoint

from ..workers import Worker
from .with_receipts import ENDED, HEADERS, service_calling, wait_until

__all__ = ["Place", "deliver", "forms_of", "results_of", "service_for", "visitor"]

LOOPBACK = "127.0.0.1"


class Place:
    """Where the gate's server runs: a port, and a folder for its files. One server at a time.

    Attributes:
        url: of the server; the same after each start.
        folder: has its files.
        server: the process; None before the first start.
    """

    def __init__(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as taken:
            self.port = taken.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="cookbook-gate-"))
        self.server: Worker | None = None

    def start(self, settings: Mapping[str, str], client: Anthropic, *, fault: str = "") -> None:
        """Start gate_app.py here, and wait until it answers.

        Args:
            settings: for its environment, beside its port, its folder, and the way to the service.
            client: leads to the service.
            fault: that the replay server does to its requests.

        Raises:
            WorkerError: it has ended.
            TimeoutError: it doesn't answer.
        """
        self.kill()
        here = {"GATE_PORT": str(self.port), "GATE_FOLDER": str(self.folder)}
        faulty = {HEADERS: f"{FAULTS_HEADER}: {fault}"} if fault else {}
        with replaced(os, "environ", {**os.environ, **settings, **here, **faulty}):
            server = self.server = Worker("gate_app.py", client=client)
        with visitor(self.url) as probe:

            def answers() -> bool:
                if server.returncode is not None:
                    server.wait_for("…")  # says why it has ended
                try:
                    return probe.get("/health").is_success
                except httpx2.TransportError:
                    return False

            wait_until(answers, "an answer of the server")

    def log(self, text: str) -> list[str]:
        """The lines with this text that the server has written to its log."""
        return [line for line in self.server.errors if text in line] if self.server else []

    def kill(self) -> None:
        """End the server as a power cut would; if there is none, nothing happens."""
        if self.server is not None:
            self.server.kill()

    def close(self) -> None:
        """Kill the server, and remove the folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def service_for(place: Place, secret: str) -> Anthropic:
    """A client of a replay server that sends webhooks there: one attempt for each, instead of three.

    Args:
        place: of the receiver.
        secret: signs them.
    """
    # It warns of each webhook that it gives up, and here some are lost on purpose.
    logging.getLogger(sender.__name__).setLevel(logging.ERROR)
    return service_calling(Endpoint(f"{place.url}/webhook", secret, events=ENDED, retries=()))


def visitor(url: str, name: str = "") -> httpx2.Client:
    """A browser, as far as the gate can tell: behind a proxy that has logged this person in, or nobody.

    Args:
        url: of the server.
        name: who it is.
    """
    headers = {"x-forwarded-user": name} if name else {}
    return httpx2.Client(base_url=url, headers=headers, trust_env=False)


def forms_of(page: str) -> list[tuple[str, dict[str, str]]]:
    """Of each form of a page the receipt, and what a browser would send, but for the button."""
    forms = []
    for form in re.findall(r"<form.*?</form>", page, re.S):
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
        [receipt] = re.findall(r"\breceipt: (\S+)", form.partition("</p>")[0])
        forms.append((receipt, {name: unescape(value) for name, value in hidden}))
    return forms


def results_of(client: Anthropic, session_id: str) -> list[str]:
    """The calls of a session that have a result, a call for each result."""
    events = client.beta.sessions.events.list(session_id)
    return [event.custom_tool_use_id for event in events if event.type == "user.custom_tool_result"]


def deliver(url: str, secret: str, session_id: str) -> int:
    """Deliver a webhook of an idle session, as the service would; returns the status of the answer.

    Args:
        url: of the endpoint.
        secret: signs it.
        session_id: what it is about.
    """
    data: dict[str, Any] = {"type": ENDED[0], "id": session_id}
    data |= {"organization_id": "org_1", "workspace_id": "wrkspc_1"}
    now, id = datetime.now(UTC), f"whe_{secrets.token_hex(8)}"
    body = json.dumps({"type": "event", "id": id, "created_at": now.isoformat(), "data": data})
    headers = Endpoint(url, secret).headers(Delivery(id, body), now)
    return httpx2.post(url, content=body, headers=headers, trust_env=False).status_code
