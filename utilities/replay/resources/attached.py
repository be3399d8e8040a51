"""What a session has mounted: copies of files, repositories, memory stores."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from anthropic.types.beta.sessions.resource_add_params import ResourceAddParams
from anthropic.types.beta.sessions.resource_update_params import ResourceUpdateParams

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource, body_of
from ..ids import make_id
from .collection import Clock
from .environments import Environments
from .files import Files
from .limits import MOST_FILES
from .memory_stores import MemoryStores

UPLOADS = "/mnt/session/uploads"
WORKSPACE = PurePosixPath("/workspace")
REPOSITORY = re.compile(r"https://github\.com/[A-Za-z0-9-]+/(?P<name>[A-Za-z0-9._-]+)")
LATE = "memory stores are attached when a session is created; none comes or goes later"  # [doc]


class Resources:
    """The resources of every session; each method gets the session's dict, whose list it keeps."""

    def __init__(self, clock: Clock, files: Files, memory: MemoryStores, environments: Environments) -> None:
        self.clock, self.files, self.memory, self.environments = clock, files, memory, environments

    def attachable(
        self, wanted: Sequence[Resource], environment: Resource, now: float = 0.0
    ) -> dict[str, Resource]:
        """Refuse what can't be mounted, before anything is; returns the memory stores as mounted, by id."""
        if any(resource["type"] != "memory_store" for resource in wanted):
            require_cloud(environment)
        attached = self.memory.attach(list(wanted))
        taken: set[str] = set()
        for number, resource in enumerate(wanted):
            if resource["type"] != "memory_store":
                taken.add(self._path(resource, taken, now, f"resources.{number}."))
        return attached

    def mount_all(self, session: Resource, wanted: Sequence[Resource], attached: dict[str, Resource]) -> None:
        """Mount what a new session was created with; `attached` is what `attachable` returned."""
        for resource in wanted:
            if resource["type"] == "memory_store":
                session["resources"].append(attached[resource["memory_store_id"]])
            else:
                self._mount(session, resource)

    def add(self, session: Resource, body: Any, now: float) -> Resource:
        """Mount a file or a repository in a session that exists."""
        if isinstance(body, dict) and body.get("type") == "memory_store":
            raise ApiError(400, f"type: {LATE}")
        given = body_of(ResourceAddParams, body)
        require_cloud(self.environments.get(session["environment_id"]))
        if sum(resource["type"] == "file" for resource in session["resources"]) >= MOST_FILES:
            raise ApiError(400, f"a session has at most {MOST_FILES} files")
        self._path(given, {resource["mount_path"] for resource in session["resources"]}, now)
        return self._mount(session, given)

    def find(self, session: Resource, id: str) -> Resource:
        """One of a session's resources; ApiError (404) if it has none with this id."""
        resources: list[Resource] = session["resources"]
        found = next((resource for resource in resources if handle(resource) == id), None)
        if found is None:
            raise not_found("Session resource", id)
        return found

    def page(self, session: Resource, query: Query) -> dict[str, Any]:
        """A page of a session's resources; all of them by default."""
        resources = session["resources"]
        return page_of(resources, query, default=max(1, len(resources)), most=1000)

    def delete(self, session: Resource, id: str) -> Resource:
        """Unmount a file or a repository."""
        resource = self.find(session, id)
        if resource["type"] == "memory_store":
            raise ApiError(400, f"{id}: {LATE}")
        if resource["type"] == "github_repository":
            raise ApiError(400, f"{id}: a repository stays for the session's lifetime and can't be removed")
        session["resources"].remove(resource)
        if resource.get("file_id") in self.files.items:  # the copy that only this session had
            self.files.delete(resource["file_id"])
        return {"id": id, "type": "session_resource_deleted"}

    def rotate_token(self, session: Resource, id: str, body: Any) -> Resource:
        """Take a new token for a repository. Like every secret here it is not kept."""
        body_of(ResourceUpdateParams, body, in_path=("session_id",))
        resource = self.find(session, id)
        if resource["type"] != "github_repository":
            message = f"{id} is a {resource['type']}: only a github_repository has a token."
            raise ApiError(400, message)  # [sdk]
        resource["updated_at"] = self.clock.tick()
        return resource

    def _path(self, resource: Resource, taken: set[str], now: float, where: str = "") -> str:
        """Refuse a resource that can't be mounted; returns the path it will be mounted at."""
        if resource["type"] == "github_repository":
            path = repository_path(resource, where)
        else:
            self.files.require_content(resource["file_id"], now)
            path = upload_path(resource, where)
        if path in taken:
            raise ApiError(400, f"{where}mount_path: {path} is taken by another resource")
        return path

    def _mount(self, session: Resource, resource: Resource) -> Resource:
        if resource["type"] == "github_repository":
            # Nothing is cloned: what the agent found in it is in the recording. [ours]
            what = {"url": resource["url"], "checkout": resource.get("checkout")}
            path, created_at, seed = repository_path(resource), self.clock.tick(), resource["url"]
        else:
            copy = self.files.mounted(resource["file_id"], session["id"])
            what = {"file_id": copy["id"]}
            path, created_at, seed = upload_path(resource), copy["created_at"], copy["id"]
        mounted = {
            "id": make_id("sesrsc", session["id"], len(session["resources"]), seed),
            "type": resource["type"],
            **what,
            "mount_path": path,
            "created_at": created_at,
            "updated_at": created_at,
        }
        session["resources"].append(mounted)
        return mounted


def require_cloud(environment: Resource) -> None:
    """Refuse what is mounted from outside: a sandbox of one's own gets no files and repositories. [doc]"""
    if environment["config"]["type"] == "self_hosted":
        what = f"Environment {environment['id']} is a self-hosted environment."
        message = (
            f"{what} `resources` are not supported with self-hosted environments."  # in these words [doc]
        )
        raise ApiError(400, message)


def handle(resource: Resource) -> str:
    """What the resource routes find it by: an attached memory store has no resource id [sdk]. [ours]"""
    return str(resource.get("id") or resource["memory_store_id"])


def upload_path(resource: Resource, where: str = "") -> str:
    """Where the container has a file: below the uploads folder, whatever is asked for. [doc]"""
    wanted = resource.get("mount_path") or resource["file_id"]
    parts = PurePosixPath(wanted.removeprefix(UPLOADS)).parts
    names = [part for part in parts if part.strip("/")]  # POSIX lets "//" be a root of its own
    if not names or ".." in names or "\0" in wanted:
        raise ApiError(400, f"{where}mount_path: {wanted!r} does not stay below {UPLOADS}")
    return str(PurePosixPath(UPLOADS, *names))


def repository_path(resource: Resource, where: str = "") -> str:
    """Where the container has a repository: `/workspace/<its name>` by default. [sdk]"""
    url = REPOSITORY.fullmatch(resource["url"])
    if url is None or url["name"].endswith(".git"):
        message = f"{where}url: {resource['url']!r} must be https://github.com/<owner>/<repo>, without .git"
        raise ApiError(400, message)  # [doc]
    path = PurePosixPath(resource.get("mount_path") or WORKSPACE / url["name"])
    if WORKSPACE not in path.parents or ".." in path.parts or "\0" in str(path):
        raise ApiError(400, f"{where}mount_path: {str(path)!r} is not a directory below {WORKSPACE}")  # [doc]
    return str(path)
