"""A replay server in which the things that the SDK's tests name are always there.

Those tests say `sesn_011CZk…` without having created it, and archive and delete what the next one reads.
So each request gets a world of its own, made just before by ordinary calls to the API; in the request,
the tests' stand-ins for what only a server can give out (ids, hashes, a cursor), and for a skill's files,
are replaced with this world's. Everything else arrives as it was sent, and the answer goes out as it is.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from tests.kit.recordings import Script
from utilities.replay.api import Api, queried
from utilities.replay.http.requests import Form, Request, Response, Upload
from utilities.replay.recordings.library import Library
from utilities.replay.resources.sessions import Subscription

OLDEST_FIRST = ("events", "resources", "threads", "work")  # lists that are so unless told otherwise
AGENT = {"name": "seeded", "model": "claude-sonnet-4-6"}
SERVER = "https://mcp.example.com/sse"
DATA = b"Example data"  # what the tests upload, also where it must be a skill
SKILL = Upload("seeded/SKILL.md", b"---\nname: seeded\ndescription: A skill.\n---\n", None)
HELPER, ENVIRONMENT = "agent_011CZkYqphY8vELVzwCUpqiQ", "env_of_a_session"
HELLO, ORDER = "What can you do?", "Where is my order #1234?"


def _recording(name: str, *messages: str) -> Script:
    """A turn for each message: the agent uses a tool, and has a helper whose thread comes and goes."""
    script = Script(name, AGENT["name"])
    for message in messages:
        script.message(message)
        script.event("agent.thinking")
        call = script.builtin("bash", command="ls")
        script.builtin_result(call)
        helper = {"session_thread_id": "sthr_helper", "agent_name": "helper"}
        script.event("session.thread_created", **helper)
        script.event("session.thread_status_running", **helper)
        script.event("session.thread_status_idle", **helper, stop_reason={"type": "end_turn"})
        script.say("Done.")
        script.idle()
    return script


# A session can be in its second turn, or begin with that message.
RECORDINGS = Library([_recording("hello", HELLO, ORDER).recording(), _recording("order", ORDER).recording()])


def _with_ids(request: Request) -> Request:
    """A request whose agent and environment can be told from its other texts: SDK 2.11 says `string`, `x`."""
    body = json.loads(request.body) if request.body else {}
    ids = {"agent": ("string", HELPER), "environment_id": ("x", ENVIRONMENT)}
    placed = {key: ours for key, (theirs, ours) in ids.items() if body.get(key) == theirs}
    return dataclasses.replace(request, body=json.dumps({**body, **placed}).encode()) if placed else request


class SeededApi:
    """Answers each request in a new world."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.requests = 0

    def handle(self, request: Request, now: float) -> Response | Subscription:
        self.requests += 1
        world = World(Api(self.library, strict=True), now)
        return world.api.handle(world.placed(request), now)


class World:
    """An API with one of everything; `names` has what is here for each of the tests' stand-ins."""

    def __init__(self, api: Api, now: float) -> None:
        self.api, self.now = api, now
        self.names: dict[str, str] = {}
        self.names_to_delete: dict[str, str] = {}  # where others stand in, for what is in use or stays
        self.names_for_sessions: dict[str, str] = {}
        self._seed()

    def placed(self, request: Request) -> Request:
        """The request, about this world's things: those with which it can succeed."""
        if request.method == "DELETE":
            self.names |= self.names_to_delete
        elif request.method == "POST" and (
            request.path == "/v1/sessions" or request.path.startswith("/v1/deployments")
        ):
            self.names |= self.names_for_sessions
            request = _with_ids(request)
        path = "/".join(self._placed(part) for part in request.path.split("/"))
        oldest_first = ("order", "asc") in request.query or path.rpartition("/")[2] in OLDEST_FIRST
        cursor = queried(dataclasses.replace(request, path=path)).cursor(
            "asc:1" if oldest_first else "desc:1"
        )
        self.names["page"] = cursor
        query = [(key, self._placed(value)) for key, value in request.query]
        body = json.dumps(self._placed(json.loads(request.body))).encode() if request.body else b""
        files = tuple(SKILL if file.content == DATA else file for file in request.form.files)
        form = dataclasses.replace(request.form, files=files)
        return dataclasses.replace(request, path=path, query=query, body=body, form=form)

    def _placed(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, list):
            return [self._placed(item) for item in value]
        if isinstance(value, dict):
            return {key: self._placed(item) for key, item in value.items()}
        return value

    def _seed(self) -> None:
        other = self._post("agents", {**AGENT, "name": "helper"})["id"]
        agent = self._post("agents", {**AGENT, "multiagent": {"type": "coordinator", "agents": [other]}})[
            "id"
        ]
        hosted = {"name": "seeded", "config": {"type": "self_hosted"}}
        environment = self._post("environments", hosted)["id"]
        file = self._call(Request("POST", "/v1/files", form=Form(Upload("a.txt", b"a", "text/plain"))))["id"]
        vault = self._post("vaults", {"display_name": "seeded"})["id"]
        store = self._post("memory_stores", {"name": "seeded"})["id"]
        memory = self._post(f"memory_stores/{store}/memories", {"path": "/seeded.md", "content": "x"})
        # The version that the tests redact is one that the memory no longer is.
        changed = self._post(f"memory_stores/{store}/memories/{memory['id']}", {"content": "y"})
        cloud = self._post("environments", {"name": "cloud"})["id"]
        session = self._session(agent, cloud, file)
        skill = self._call(Request("POST", "/v1/skills", form=Form(files=(SKILL,))))
        self._call(Request("POST", f"/v1/skills/{skill['id']}/versions", form=Form(files=(SKILL,))))
        begin = {"agent": agent, "environment_id": cloud, "initial_events": [said(HELLO)]}
        deployment = self._post("deployments", {"name": "seeded", **begin})["id"]
        self._post("sessions", {"agent": agent, "environment_id": environment})  # work for a worker
        work, heartbeat = self._work(environment)
        self._post("sessions", {"agent": agent, "environment_id": environment})  # work that waits
        self.names |= {
            "agent_011CZkYpogX7uDKUyvBTophP": agent,
            HELPER: other,
            "env_011CZkZ9X2dpNyB7HsEFoRfW": environment,
            "file_011CNha8iCJcU1wXNR6q4V8w": file,
            "file_id": file,
            "vlt_011CZkZDLs7fYzm1hXNPeRjv": vault,
            "string": vault,  # so do `vault_ids`; as metadata it is as good as any
            "vcrd_011CZkZEMt8gZan2iYPQfSkw": self._post(f"vaults/{vault}/credentials", {"auth": OAUTH})["id"],
            "sesn_011CZkZAtmR3yMPDzynEDxu7": session["id"],
            "sesrsc_011CZkZBJq5dWxk9fVLNcPht": session["resources"][0]["id"],
            "sthr_011CZkZVWa6oJjw1rgXZpnBt": self._get(f"sessions/{session['id']}/threads")["data"][1]["id"],
            "memory_store_id": store,
            "memory_id": memory["id"],
            "memory_version_id": memory["memory_version_id"],
            "expected_content_sha256": changed["content_sha256"],
            "210b9798eb53baa4e69d31c1071cf03d212b8ad0ca30cf321e0ea82e120aac26": changed["content_sha256"],
            "skill_id": skill["id"],
            "version": skill["latest_version_id"],  # one of two: it can be deleted
            "depl_011CZkZcDH3vPqd7xnEfwTai": deployment,
            "deployment_run_id": self._post(f"deployments/{deployment}/run", {})["id"],
            "dream_id": self._dream(store, session["id"]),
            **dict.fromkeys(("model_id", "after_id", "before_id"), AGENT["model"]),
            "work_id": work,
            "expected_last_heartbeat": heartbeat,
        }
        self.names_for_sessions = {"env_011CZkZ9X2dpNyB7HsEFoRfW": cloud, ENVIRONMENT: cloud}
        self.names_to_delete = {
            "env_011CZkZ9X2dpNyB7HsEFoRfW": self._post("environments", {"name": "unused"})["id"],
            "sesrsc_011CZkZBJq5dWxk9fVLNcPht": session["resources"][1]["id"],
        }

    def _session(self, agent: str, environment: str, file: str) -> Any:
        """A session that has had a turn and settled; it has a repository and a file."""
        repository = {"type": "github_repository", "url": "https://github.com/example/seeded"}
        budget = {"type": "limit", "max_list_cost": {"amount": "1000", "currency": "USD"}}
        resources = [repository, {"type": "file", "file_id": file, "mount_path": "seeded.txt"}]
        wanted = {"agent": agent, "environment_id": environment, "resources": resources, "budget": budget}
        session = self._post("sessions", wanted)
        self._post(f"sessions/{session['id']}/events", {"events": [said(HELLO)]})
        while self._get(f"sessions/{session['id']}")["status"] != "idle":
            pass  # the status follows the idle event after a few looks
        return session

    def _dream(self, store: str, session: str) -> str:
        """One that has ended: it can be archived, and canceled, which changes nothing any more."""
        of_store = {"type": "memory_store", "memory_store_id": store}
        inputs = [of_store, {"type": "sessions", "session_ids": [session]}]
        id: str = self._post("dreams", {"inputs": inputs, "model": AGENT["model"]})["id"]
        self._post(f"dreams/{id}/cancel", {})
        return id

    def _work(self, environment: str) -> tuple[str, str]:
        """The session's item, which a worker has begun with, and the worker's last heartbeat."""
        queue = f"environments/{environment}/work"
        item = self._get(f"{queue}/poll")["id"]
        self._post(f"{queue}/{item}/ack", {})
        return item, self._post(f"{queue}/{item}/heartbeat", {})["last_heartbeat"]

    def _post(self, path: str, body: Any) -> Any:
        return self._call(Request("POST", f"/v1/{path}", body=json.dumps(body).encode()))

    def _get(self, path: str, **query: str) -> Any:
        return self._call(Request("GET", f"/v1/{path}", list(query.items())))

    def _call(self, request: Request) -> Any:
        answer = self.api.handle(request, self.now)
        if not isinstance(answer, Response) or answer.status != 200:
            raise AssertionError(f"the world can't be seeded: {request} got {answer}")
        return answer.content


def said(text: str) -> Any:
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


OAUTH = {
    "type": "mcp_oauth",
    "mcp_server_url": SERVER,
    "access_token": "secret",
    "refresh": {
        "client_id": "client",
        "refresh_token": "secret",
        "token_endpoint": "https://auth.example.com/token",
        "token_endpoint_auth": {"type": "client_secret_basic", "client_secret": "secret"},
    },
}
