"""A server for tests: without a socket, at a time that the test sets; or on one, with the strict client."""

from __future__ import annotations

import json
from typing import Any

from anthropic import Anthropic

from tests.kit.names import fresh
from tests.kit.recordings import Script
from tests.kit.scripts import going
from utilities.replay import Library, ReplayServer
from utilities.replay.api import Api
from utilities.replay.assumptions import Assumptions
from utilities.replay.http.requests import MANAGED_AGENTS, Form, Request, Upload

BETAS = frozenset({MANAGED_AGENTS})  # what the SDK sends with nearly every request
HEADERS = {"anthropic-version": "2023-06-01", "anthropic-beta": MANAGED_AGENTS}  # of requests made by hand
JSON_HEADERS = {**HEADERS, "content-type": "application/json"}
HEAD = "".join(f"{name}: {value}\r\n" for name, value in {"host": "localhost", **HEADERS}.items())
JSON_HEAD = HEAD + "content-type: application/json\r\n"
AGENT = {"name": "tester", "model": "claude-sonnet-4-6"}
SAY_GO = {"events": [{"type": "user.message", "content": [{"type": "text", "text": "go"}]}]}
TURN = [event["type"] for event in going().events]


class Caller:
    """An `Api`, and what a test says to it; every answer is checked for what all answers have.

    Args:
        scripts: the recordings that its sessions follow.
        options: of `Api`; strict unless told otherwise.

    Attributes:
        now: the time of the next request, in seconds.
    """

    def __init__(self, *scripts: Script, **options: Any) -> None:
        library = Library([script.recording() for script in scripts])
        assume = Assumptions(options.pop("assume", ""))
        self.api, self.now = Api(library, **{"strict": True, "assume": assume, **options}), 0.0

    def send(
        self, method: str, path: str, body: Any = None, status: int = 200,
        upload: Upload | None = None, form: Form | None = None, **query: Any,
    ) -> Any:  # fmt: skip
        """The content of the answer, which must have this status; of an error, its message."""
        pairs = [
            (k, v) for k, value in query.items() for v in (value if isinstance(value, list) else [value])
        ]
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer: Any = self.api.handle(
            Request(method, f"/v1{path}", pairs, raw, form or Form(upload), betas=BETAS), self.now
        )
        assert answer.status == status, answer.content
        assert answer.headers["request-id"].startswith("req_01")
        if status >= 400:
            assert answer.content["type"] == "error"
            assert answer.content["request_id"] == answer.headers["request-id"]
            return answer.content["error"]["message"]
        content = answer.content
        return content if isinstance(content, bytes) else json.loads(json.dumps(content, allow_nan=False))

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self.send("GET", path, status=status, **query)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self.send("POST", path, {} if body is None else body, status)

    def delete(self, path: str, status: int = 200) -> Any:
        return self.send("DELETE", path, status=status)

    def upload(self, name: str = "a.py", content: bytes = b"a = 1\n", mime_type: str | None = None) -> Any:
        return self.send("POST", "/files", upload=Upload(name, content, mime_type))

    def session(self, status: int = 200, **fields: Any) -> Any:
        agent = fields.pop("agent", None) or self.post("/agents", AGENT)["id"]
        config = fields.pop("environment", None)
        environment = self.post("/environments", {"name": fresh(), "config": config})["id"]
        return self.post("/sessions", {"agent": agent, "environment_id": environment, **fields}, status)

    def events(self, path: str) -> Any:
        """All events of the session at this path."""
        return self.get(f"{path}/events", limit="1000")["data"]


def serving(*scripts: Script, **options: Any) -> ReplayServer:
    """A strict server with these recordings, or with `going()`; options are those of `ReplayServer`."""
    library = Library([script.recording() for script in scripts or (going(),)])
    return ReplayServer(library, **{"strict": True, **options})


def strict(server: ReplayServer, kind: Any = Anthropic, key: str = "x") -> Any:
    """A client that checks every answer against the SDK's types, and repeats no request."""
    return kind(api_key=key, base_url=server.base_url, _strict_response_validation=True, max_retries=0)


def new_session(client: Any, **fields: Any) -> str:
    agent = client.beta.agents.create(**AGENT)
    environment = client.beta.environments.create(name=fresh(), config={"type": "cloud"})
    session: str = client.beta.sessions.create(agent=agent.id, environment_id=environment.id, **fields).id
    return session
