"""Memory stores that a session has mounted, and recordings of agents that write there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from anthropic import APIStatusError

from tests.kit.calling import Caller
from tests.kit.recordings import Script
from tests.kit.sessions import message
from utilities.replay.http.requests import NOTE_HEADER, Request

NOTES = "/mnt/memory/notes"


def remembering(
    *writes: tuple[str, str | None], start: dict[str, str] | None = None, access: str = "read_write",
    name: str = "remembering", text: str = "go",
) -> Script:  # fmt: skip
    """A turn of ten seconds with the store "Notes" mounted; a write is (path, content), one a second."""
    script = Script(name)
    script.message(text)
    at = []
    for _ in writes:
        script.say("hm", after=1.0)
        at.append(script.now)
    script.say("done", after=10.0 - len(writes))
    script.idle()
    rows = [{"path": p, "content": c, "created_at": t} for (p, c), t in zip(writes, at, strict=True)]
    script.memory.append({"mount_path": NOTES, "access": access, "start": start or {}, "writes": rows})
    return script


class Memory(Caller):
    """A caller with a memory store, and with sessions that have it."""

    def __init__(self, *scripts: Script, start: dict[str, str] | None = None, **options: Any) -> None:
        super().__init__(*scripts, **options)
        self.store = self.post("/memory_stores", {"name": "Notes"})["id"]
        for path, content in (start or {}).items():
            self.remember(path, content)

    def remember(self, path: str, content: str) -> Any:
        return self.post(f"/memory_stores/{self.store}/memories", {"path": path, "content": content})

    def begin(self, access: str = "read_write", **fields: Any) -> str:
        """The id of a new session; it has the store, unless it is given other resources."""
        id: str = self.session(**{"resources": [attach(self.store, access=access)], **fields})["id"]
        return id

    def go(self, session: str, text: str = "go") -> str | None:
        """Send the message, and look; returns the notes that came with the two answers."""
        body, path = json.dumps({"events": [message(text)]}).encode(), f"/v1/sessions/{session}/events"
        answers: list[Any] = [
            self.api.handle(Request("POST", path, (), body), self.now),
            self.api.handle(Request("GET", path, ()), self.now),
        ]
        assert [answer.status for answer in answers] == [200, 200], answers[0].content
        return " | ".join(filter(None, (answer.headers.get(NOTE_HEADER) for answer in answers))) or None

    def versions(self, **query: Any) -> list[tuple[str, str, str | None]]:
        """Operation, path and content of each version, the oldest first."""
        rows = self.get(f"/memory_stores/{self.store}/memory_versions", view="full", **query)["data"]
        return [(row["operation"], row["path"], row["content"]) for row in rows[::-1]]

    def contents(self) -> dict[str, str]:
        rows = self.get(f"/memory_stores/{self.store}/memories", view="full")["data"]
        return {row["path"]: row["content"] for row in rows}


def attach(store: str, **fields: Any) -> dict[str, Any]:
    """A session's resource: this memory store."""
    return {"type": "memory_store", "memory_store_id": store, **fields}


# -- through the client ------------------------------------------------------------------------------


def refused(status: int, call: Callable[..., object], *args: Any, **fields: Any) -> Any:
    """The error of a call that must fail so, and no other way."""
    with pytest.raises(APIStatusError) as caught:
        call(*args, **fields)
    assert caught.value.status_code == status, caught.value
    body: Any = caught.value.body
    return body["error"]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def operations(api: Any, store: str, **filters: Any) -> list[str]:
    """What happened in a store, the newest first."""
    return [version.operation for version in api.memory_versions.list(store, **filters)]
