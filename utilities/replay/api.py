"""Requests in, responses or an event stream out: the hosted API's routes, without a socket.

`Api.handle` is the whole of it. The time is an argument, so a test drives an hour of
session in a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .assumptions import NOTHING_ASSUMED, Assumptions
from .http import unserved
from .http.errors import ApiError
from .http.headers import AGENT_MEMORY
from .http.paging import Query
from .http.requests import MANAGED_AGENTS, NOTE_HEADER, RECORDING_HEADER, Call, Request, Response, Upload
from .http.sse import encoded
from .ids import later, make_id
from .recordings.library import Library
from .resources import models
from .resources.agents import Agents
from .resources.capacity import LIMITS, Capacity, Limits
from .resources.collection import Clock
from .resources.completion_stream import stream
from .resources.completions import Completions
from .resources.deployments import Deployments
from .resources.dreams import Dreams
from .resources.environments import Environments
from .resources.files import OLDER as OLDER_FILES
from .resources.files import Files, in_format
from .resources.memory_stores import MemoryStores
from .resources.sessions import Sessions
from .resources.skills import OLDER, Skills, as_before
from .resources.subscriptions import Subscription
from .resources.threads import Threads
from .resources.vaults import Vaults
from .resources.work import WorkQueue
from .session.session import Session
from .webhooks.outbox import Outbox

CREDENTIALS, CREDENTIAL = "/v1/vaults/{id}/credentials", "/v1/vaults/{id}/credentials/{other}"
DEPLOYMENT = "/v1/deployments/{id}"
SKILL, SKILL_VERSION = "/v1/skills/{id}", "/v1/skills/{id}/versions/{other}"
EVENTS = "/v1/sessions/{id}/events"
THREADS, THREAD = "/v1/sessions/{id}/threads", "/v1/sessions/{id}/threads/{other}"
RESOURCES, RESOURCE = "/v1/sessions/{id}/resources", "/v1/sessions/{id}/resources/{other}"
WORK = "/v1/environments/{id}/work"
KEPT = (  # where one more of a kind is made
    "/v1/agents", "/v1/environments", "/v1/files", "/v1/memory_stores", "/v1/vaults", "/v1/sessions",
    "/v1/skills", "/v1/deployments", "/v1/dreams",
)  # fmt: skip
LIFETIME = (3600, 90 * 86400)  # seconds for which a file can ask to be kept [sdk]
MEMORIES, VERSIONS = "/v1/memory_stores/{id}/memories", "/v1/memory_stores/{id}/memory_versions"


class Api:
    """A server's whole state.

    Args:
        library: the recordings that sessions follow.
        strict: refuse client events that no recording continues.
        speed: recorded seconds that pass in one second; 0 plays everything at once.
        assume: answers to what isn't known of the hosted API; a client's own stand before them.
        seed: what decides the ids, with what the clients do.
        limits: how much is kept.
    """

    def __init__(
        self, library: Library, *, strict: bool = False, speed: float = 0.0,
        assume: Assumptions = NOTHING_ASSUMED, seed: str = "", limits: Limits = LIMITS,
    ) -> None:  # fmt: skip
        recorded = [recording.header["recorded_at"] for recording in library.recordings]
        clock = Clock(later(min(recorded, default="2026-01-01T00:00:00Z"), -1.0), seed)
        self.skills, self.environments, self.files = Skills(clock), Environments(clock), Files(clock)
        self.agents = Agents(clock, self.skills)
        self.memory, self.vaults = MemoryStores(clock), Vaults(clock)
        collections = self.agents, self.environments, self.files, self.memory, self.vaults
        self.sessions = Sessions(clock, library, *collections, strict=strict, speed=speed)
        self.threads, self.work = Threads(self.sessions), WorkQueue(clock, self.environments)
        self.deployments = Deployments(clock, self.sessions, self.work.add)
        self.dreams = Dreams(clock, self.sessions)
        self.completions = Completions(library.exchanges, strict=strict, seed=seed)
        kept = [*collections, self.sessions, self.skills, self.deployments, self.dreams]
        self._kept = dict(zip(KEPT, kept, strict=True))
        self.capacity = Capacity(limits)
        self.requests, self._assume = 0, assume
        # Told of every request and its answer, in the server's thread: for tests that look at what happened.
        self.observer: Callable[[Request, Response | Subscription], object] = lambda request, answer: None
        # The same of requests that the adapter refuses, for their headers for example: method, path, why.
        self.on_refusal: Callable[[str, str, ApiError], object] = lambda method, path, error: None
        self._routes = [(method, _pattern(path), function) for method, path, function in self._table()]

    def handle(self, request: Request, now: float) -> Response | Subscription:
        """Answer one request.

        Args:
            request: the request.
            now: seconds, by any clock that doesn't go back.
        """
        self.requests += 1
        request_id = make_id("req", self.requests)
        headers = {"request-id": request_id}
        assume = request.assume.before(self._assume)
        self.deployments.advance(now)  # so that what its schedules have started by now is there
        try:
            answer = self._route(request, now, assume)
        except ApiError as error:
            answer = Response(error.status, error.body(request_id, assume))
        self.observer(request, answer)
        if isinstance(answer, Subscription):
            return answer
        return Response(answer.status, answer.content, {**headers, **answer.headers})

    def tell_to(self, outbox: Outbox | None) -> None:
        """Webhooks about everything here are collected there from now on; None: nowhere."""
        collections = self.agents, self.environments, self.memory, self.vaults, self.sessions
        for collection in (*collections, self.deployments, self.deployments.runs):
            collection.outbox = outbox

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every route: its method, and its path with names in braces."""
        return [(method, path) for method, path, _ in self._table()]

    def advance(self, now: float) -> float | None:
        """Play every schedule and session up to `now`; returns when something is due next, in any of them."""
        dues = [self.deployments.advance(now), self.sessions.advance(now)]
        return min((due for due in dues if due is not None), default=None)

    def _route(self, request: Request, now: float, assume: Assumptions) -> Response | Subscription:
        allowed, path = [], request.path.rstrip("/")
        for method, pattern, function in self._routes:
            if match := pattern.fullmatch(path):
                if method == request.method:
                    call = Call(request, match.groupdict(), queried(request), now, assume)
                    if method == "POST" and path in self._kept:
                        self.capacity.require_for_another(self._kept[path].items, path)
                    answer = function(call)
                    return answer if isinstance(answer, Response | Subscription) else Response(200, answer)
                allowed.append(method)
        if allowed:
            raise ApiError(405, f"{request.method} {request.path}: use {' or '.join(allowed)}")
        nowhere = f"{request.method} {request.path}: there is no such route on the replay server"
        raise ApiError(404, unserved.told(request.method, path) or nowhere)

    def _table(self) -> list[tuple[str, str, Callable[[Call], Any]]]:
        agents, environments, files, sessions = self.agents, self.environments, self.files, self.sessions
        vaults, credentials = self.vaults, self.vaults.credentials
        threads, work, resources = self.threads, self.work, self.sessions.resources
        stores, memory = self.memory, self._memory
        skills = self.skills
        deployments, runs, dreams = self.deployments, self.deployments.runs, self.dreams
        return [
            ("POST", "/v1/agents", lambda c: agents.create(c.body)),
            ("GET", "/v1/agents", lambda c: agents.list(c.query)),
            ("GET", "/v1/agents/{id}", lambda c: agents.version(c.id, _version(c))),
            ("POST", "/v1/agents/{id}", lambda c: agents.update(c.id, c.body)),
            ("POST", "/v1/agents/{id}/archive", lambda c: deployments.archive_agent(c.id, c.now)),
            ("GET", "/v1/agents/{id}/versions", lambda c: agents.list_versions(c.id, c.query)),
            ("POST", "/v1/environments", lambda c: environments.create(c.body, c.assume)),
            ("GET", "/v1/environments", lambda c: environments.list(c.query)),
            ("GET", "/v1/environments/{id}", lambda c: environments.get(c.id)),
            ("POST", "/v1/environments/{id}", lambda c: environments.update(c.id, c.body, c.assume)),
            ("DELETE", "/v1/environments/{id}", lambda c: sessions.delete_environment(c.id)),
            ("POST", "/v1/environments/{id}/archive", lambda c: environments.archive(c.id)),
            ("GET", WORK, lambda c: work.page(c.id, c.query)),
            ("GET", WORK + "/poll", lambda c: work.poll(c.id, c.query, c.now)),  # not an item's id
            ("GET", WORK + "/stats", lambda c: work.stats(c.id)),
            ("GET", WORK + "/{other}", lambda c: work.find(*c.both)),
            ("POST", WORK + "/{other}", lambda c: work.update(*c.both, c.body)),
            ("POST", WORK + "/{other}/ack", lambda c: work.acknowledge(*c.both)),
            ("POST", WORK + "/{other}/heartbeat", lambda c: work.heartbeat(*c.both, c.query)),
            ("POST", WORK + "/{other}/stop", self._stop_work),
            ("GET", "/v1/models", lambda c: models.page(c.query)),
            ("GET", "/v1/models/{id}", lambda c: models.retrieve(c.id)),
            ("POST", "/v1/messages", self._complete),
            ("POST", "/v1/files", self._upload),
            ("GET", "/v1/files", self._list_files),
            ("GET", "/v1/files/{id}", lambda c: in_format(files.get(c.id), c.request.betas)),
            ("GET", "/v1/files/{id}/content", self._download),
            ("DELETE", "/v1/files/{id}", lambda c: files.delete(c.id)),
            ("POST", "/v1/vaults", lambda c: vaults.create(c.body)),
            ("GET", "/v1/vaults", lambda c: vaults.list(c.query)),
            ("GET", "/v1/vaults/{id}", lambda c: vaults.get(c.id)),
            ("POST", "/v1/vaults/{id}", lambda c: vaults.update(c.id, c.body)),
            ("DELETE", "/v1/vaults/{id}", lambda c: vaults.delete(c.id)),
            ("POST", "/v1/vaults/{id}/archive", lambda c: vaults.archive(c.id)),
            ("POST", CREDENTIALS, lambda c: credentials(c.id).create(c.body)),
            ("GET", CREDENTIALS, lambda c: credentials(c.id).list(c.query)),
            ("GET", CREDENTIAL, lambda c: credentials(c.id).get(c.other)),
            ("POST", CREDENTIAL, lambda c: credentials(c.id).update(c.other, c.body)),
            ("DELETE", CREDENTIAL, lambda c: credentials(c.id).delete(c.other)),
            ("POST", CREDENTIAL + "/archive", lambda c: credentials(c.id).archive(c.other)),
            (
                "POST",
                CREDENTIAL + "/mcp_oauth_validate",
                lambda c: credentials(c.id).validate(c.other),
            ),
            ("POST", "/v1/sessions", self._create_session),
            ("GET", "/v1/sessions", lambda c: sessions.list_sessions(c.query, c.now)),
            ("GET", "/v1/sessions/{id}", lambda c: self._noted(c, sessions.retrieve(c.id, c.now))),
            ("POST", "/v1/sessions/{id}", lambda c: sessions.update(c.id, c.body, c.now)),
            ("DELETE", "/v1/sessions/{id}", self._delete_session),
            ("POST", "/v1/sessions/{id}/archive", lambda c: sessions.archive_session(c.id, c.now)),
            (
                "GET",
                EVENTS,
                lambda c: self._noted(c, sessions.list_events(c.id, c.query, c.now, c.assume)),
            ),
            ("POST", EVENTS, self._send),
            ("GET", EVENTS + "/stream", lambda c: sessions.subscribe(c.id, c.query, c.now)),
            ("GET", RESOURCES, lambda c: resources.page(sessions.get(c.id), c.query)),
            ("POST", RESOURCES, lambda c: resources.add(sessions.get(c.id), c.body, c.now)),
            ("GET", RESOURCE, lambda c: resources.find(sessions.get(c.id), c.other)),
            ("DELETE", RESOURCE, lambda c: resources.delete(sessions.get(c.id), c.other)),
            ("POST", RESOURCE, lambda c: resources.rotate_token(sessions.get(c.id), c.other, c.body)),
            ("GET", THREADS, lambda c: threads.list(c.id, c.query, c.now)),
            ("GET", THREAD, lambda c: threads.retrieve(*c.both, c.now)),
            ("POST", THREAD + "/archive", lambda c: threads.archive(*c.both, c.now)),
            ("GET", THREAD + "/events", lambda c: threads.events(*c.both, c.query, c.now)),
            ("GET", THREAD + "/stream", lambda c: threads.subscribe(*c.both, c.query, c.now)),
            ("POST", "/v1/deployments", lambda c: deployments.create(c.body, c.now)),
            ("GET", "/v1/deployments", lambda c: deployments.list_deployments(c.query, c.now)),
            ("GET", DEPLOYMENT, lambda c: deployments.shown(c.id, c.now)),
            ("POST", DEPLOYMENT, lambda c: deployments.update(c.id, c.body, c.now)),
            ("POST", DEPLOYMENT + "/archive", lambda c: deployments.archive_deployment(c.id, c.now)),
            ("POST", DEPLOYMENT + "/pause", lambda c: deployments.pause(c.id, c.now)),
            ("POST", DEPLOYMENT + "/unpause", lambda c: deployments.unpause(c.id, c.now)),
            ("POST", DEPLOYMENT + "/run", lambda c: deployments.run(c.id, c.now, c.request.faults)),
            ("GET", "/v1/deployment_runs", lambda c: runs.list_runs(c.query)),
            ("GET", "/v1/deployment_runs/{id}", lambda c: runs.get(c.id)),
            ("POST", "/v1/dreams", self._create_dream),
            ("GET", "/v1/dreams", lambda c: dreams.list_dreams(c.query)),
            ("GET", "/v1/dreams/{id}", lambda c: dreams.look(c.id)),
            ("POST", "/v1/dreams/{id}/cancel", lambda c: dreams.cancel(c.id)),
            ("POST", "/v1/dreams/{id}/archive", lambda c: dreams.archive(c.id)),
            ("POST", "/v1/skills", self._skill(lambda c: skills.create(self._skill_files(c), c.form.fields))),
            ("GET", "/v1/skills", self._skill(lambda c: skills.list_skills(c.query))),
            ("GET", SKILL, self._skill(lambda c: skills.get(c.id))),
            ("DELETE", SKILL, lambda c: skills.delete(c.id)),
            ("POST", SKILL + "/versions", self._skill(self._add_skill_version)),
            ("GET", SKILL + "/versions", self._skill(lambda c: skills.list_versions(c.id, c.query))),
            ("GET", SKILL_VERSION, self._skill(lambda c: skills.version(*c.both))),
            ("DELETE", SKILL_VERSION, self._delete_skill_version),
            ("GET", SKILL_VERSION + "/content", self._download_skill),
            ("POST", "/v1/memory_stores", lambda c: stores.create(c.body)),
            ("GET", "/v1/memory_stores", lambda c: stores.list(c.query)),
            ("GET", "/v1/memory_stores/{id}", lambda c: stores.get(c.id)),
            ("POST", "/v1/memory_stores/{id}", lambda c: stores.update(c.id, c.body)),
            ("DELETE", "/v1/memory_stores/{id}", lambda c: memory(c).delete(c.id)),
            ("POST", "/v1/memory_stores/{id}/archive", lambda c: memory(c).archive(c.id)),
            ("POST", MEMORIES, lambda c: memory(c).create_memory(c.id, c.body, c.query)),
            ("GET", MEMORIES, lambda c: memory(c).memories(c.id).page(c.query)),
            ("GET", MEMORIES + "/{other}", lambda c: memory(c).memory(*c.both, c.query)),
            (
                "POST",
                MEMORIES + "/{other}",
                lambda c: memory(c).update_memory(*c.both, c.body, c.query, c.assume),
            ),
            ("DELETE", MEMORIES + "/{other}", lambda c: memory(c).delete_memory(*c.both, c.query)),
            ("GET", VERSIONS, lambda c: memory(c).memories(c.id).page_of_versions(c.query)),
            ("GET", VERSIONS + "/{other}", lambda c: memory(c).version(*c.both, c.query)),
            ("POST", VERSIONS + "/{other}/redact", lambda c: memory(c).redact(*c.both)),
        ]

    def _create_session(self, call: Call) -> Any:
        size = len(call.request.body)
        self.capacity.require_for("", size)
        session = self.sessions.create(call.body, call.now, call.request.faults)
        self.capacity.take(session["id"], size, 0)
        self.work.add(session)
        return Response(200, session, headers_about(self.sessions.plays[session["id"]]))

    def _delete_session(self, call: Call) -> Any:
        deleted = self.sessions.delete(call.id, call.now)
        self.work.forget(call.id)
        self.capacity.forget(call.id)
        self.threads.archived.pop(call.id, None)
        return deleted

    def _create_dream(self, call: Call) -> Response:
        dream = self.dreams.create(call.body)
        note = f"what a dream makes of memories is in no recording: {dream['id']} changes none of them"
        return Response(200, dream, _noted(note))

    def _upload(self, call: Call) -> Any:
        form = call.request.form
        upload = form.file
        if upload is None:
            raise ApiError(400, "file: Field required, as a part of a multipart/form-data body")
        self._require_for_upload(len(upload.content))
        name = "expires_in_seconds"
        given = form.fields.get(name)
        lifetime = Query([(name, given)] if given else []).number(name, 0, *LIFETIME)
        file = self.files.add(
            upload.filename, upload.content, mime_type=upload.mime_type, lifetime=lifetime, now=call.now
        )
        return in_format(file, call.request.betas)

    def _skill_files(self, call: Call) -> Sequence[Upload]:
        """The files of a skill's form, if there is room for them beside all others."""
        self._require_for_upload(sum(len(upload.content) for upload in call.form.files))
        return call.form.files

    def _add_skill_version(self, call: Call) -> Any:
        return self.skills.add_version(call.id, self._skill_files(call))

    def _require_for_upload(self, size: int) -> None:
        self.capacity.require_for_upload(self.files.contents.values(), size + self.skills.size)

    def _list_files(self, call: Call) -> Any:
        scope, plays = call.query.text("scope_id"), self.sessions.plays
        without = scope is not None and MANAGED_AGENTS not in call.request.betas
        if without and call.assume.of("files-by-session") == "beta-needed":
            message = f"scope_id: needs the header `anthropic-beta: {MANAGED_AGENTS}`"
            raise ApiError(400, f"{message}; with the SDK, files.list(…, betas=[{MANAGED_AGENTS!r}])")
        for id in plays if scope is None else plays.keys() & {scope}:
            self.sessions.play(id, call.now, look=scope is not None)  # so that what it has written is there
        if OLDER_FILES in call.request.betas:
            return self.files.list_older(call.query)
        return self.files.list_files(call.query)

    def _memory(self, call: Call) -> MemoryStores:
        self.sessions.play_attached(call.id, call.now)  # so that what they have written by now is there
        return self.memory

    def _download(self, call: Call) -> Response:
        content, mime_type = self.files.content(call.id, call.now)
        return Response(200, content, {"content-type": mime_type})

    def _skill(self, answer: Callable[[Call], Any]) -> Callable[[Call], Any]:
        """A route about skills, which older clients get in their own words."""
        return lambda c: as_before(answer(c), self.skills) if OLDER in c.request.betas else answer(c)

    def _delete_skill_version(self, call: Call) -> Any:
        deleted = self.skills.delete_version(*call.both)
        return {**deleted, "id": call.other} if OLDER in call.request.betas else deleted

    def _download_skill(self, call: Call) -> Response:
        content, filename = self.skills.content(*call.both)
        disposition = f'attachment; filename="{filename}"'
        return Response(200, content, {"content-type": "application/zip", "content-disposition": disposition})

    def _stop_work(self, call: Call) -> Any:
        """A worker stops. A message may have come as it did: then the session is queued again. [ours]"""
        item = self.work.stop(*call.both, call.body)
        play = self.sessions.plays.get(item["data"]["id"])
        goes_on = play is not None and (play.current == "running" or bool(play.calls.waiting()))
        if goes_on and self.work.left_undone(item):
            self.work.add(self.sessions.get(item["data"]["id"]))
        return item

    def _send(self, call: Call) -> Response:
        size = len(call.request.body)
        self.capacity.require_for(call.id, size)
        accepted = self.sessions.send(call.id, call.body, call.now, call.request.faults, call.assume)
        self.capacity.take(call.id, size, len(accepted["data"]))
        self.work.go_on(self.sessions.get(call.id))
        return self._noted(call, accepted)

    def _noted(self, call: Call, answer: Any) -> Response:
        """An answer about a session, with what its client has not been told yet."""
        return Response(200, answer, headers_about(self.sessions.existing(call.id)))

    def _complete(self, call: Call) -> Response:
        message, streamed, note = self.completions.create(call.body)
        if not streamed:
            return Response(200, message, _noted(note))
        headers = {"content-type": "text/event-stream", **_noted(note)}
        return Response(200, b"".join(map(encoded, stream(message))), headers)


def headers_about(session: Session, *, notes: bool = True) -> dict[str, str]:
    """What an answer about a session says beside it: whose moves its agent makes, where it left a recording.

    Args:
        session: as it is played.
        notes: whether its client can be told something now; each note is told once.
    """
    acted = session.head.provenance()
    return {
        **({RECORDING_HEADER: _ascii(acted)} if acted else {}),
        **(_noted(" | ".join(session.fresh_notes())) if notes else {}),
    }


def _noted(note: str | None) -> dict[str, str]:
    return {NOTE_HEADER: _ascii(note)} if note else {}


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def queried(request: Request) -> Query:
    """A request's query. Cursors from before the beta of memory aren't valid with it. [doc]"""
    listed = request.path.rstrip("/")
    return Query(request.query, f"{listed} {AGENT_MEMORY}" if AGENT_MEMORY in request.betas else listed)


def _version(call: Call) -> int | None:
    return call.query.number("version", 0, 1, 10**6) or None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
