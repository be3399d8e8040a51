"""Agents, environments and files: everything that is plain create, read, update, delete.

Each class keeps one kind of resource as the dicts that the API answers with.
"""

from __future__ import annotations

import builtins
import mimetypes
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar

from anthropic.types.beta.agent_create_params import AgentCreateParams
from anthropic.types.beta.agent_update_params import AgentUpdateParams
from anthropic.types.beta.environment_create_params import EnvironmentCreateParams
from anthropic.types.beta.environment_update_params import EnvironmentUpdateParams

from . import multiagent
from .errors import ApiError, not_found
from .ids import later, make_id
from .paging import Query, page_of
from .validation import validate

Resource = dict[str, Any]
NOT_IN_BODY = ("betas", "workspace_id")  # header parameters that the SDK's types carry along


@dataclass
class Clock:
    """Creation times: each a millisecond after the one before, so that every run has the same."""

    now: str

    def tick(self) -> str:
        self.now = later(self.now, 0.001)
        return self.now


@dataclass
class Collection:
    """Resources of one kind by id, in the order of their creation."""

    clock: Clock
    items: dict[str, Resource] = field(default_factory=dict)
    made: int = 0
    kind: ClassVar[str]
    prefix: ClassVar[str]
    least: ClassVar[int] = 0  # the smallest `limit` of its list

    def new_id(self) -> str:
        self.made += 1
        return make_id(self.prefix, self.made)

    def get(self, id: str) -> Resource:
        try:
            return self.items[id]
        except KeyError:
            raise not_found(self.kind, id) from None

    def list(self, query: Query, *, default: int = 20, most: int = 100) -> dict[str, Any]:
        """Newest first, archived ones only on request."""
        archived = query.flag("include_archived")
        rows = [item for item in self.items.values() if archived or not item.get("archived_at")]
        if within := query.within("created_at"):
            rows = [item for item in rows if within(item["created_at"])]
        return page_of(rows, query, default=default, most=most, least=self.least, order="desc")

    def archive(self, id: str) -> Resource:
        item = self.get(id)
        if not item["archived_at"]:
            item["archived_at"] = item["updated_at"] = self.clock.tick()
        return item

    def _stamps(self) -> Resource:
        now = self.clock.tick()
        return {"created_at": now, "updated_at": now, "archived_at": None}


def patched_metadata(metadata: dict[str, str], patch: dict[str, str | None] | None) -> dict[str, str]:
    """Metadata after a patch, in which null deletes a key. [sdk]"""
    merged = {**metadata, **(patch or {})}
    return checked_metadata({key: value for key, value in merged.items() if value is not None})


def checked_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """At most 16 pairs, keys up to 64 characters, values up to 512. [sdk]"""
    if len(metadata) > 16 or any(len(key) > 64 or len(value) > 512 for key, value in metadata.items()):
        raise ApiError(400, "metadata: at most 16 pairs, keys up to 64 characters, values up to 512")
    return metadata


def body_of(params: type, body: Any, *, in_path: tuple[str, ...] = ()) -> Resource:
    """A body as the SDK's `params` describe it, less the headers and path parameters they carry."""
    elsewhere = (*NOT_IN_BODY, *in_path)
    if isinstance(body, dict) and (stray := next((key for key in elsewhere if key in body), None)):
        raise ApiError(400, f"{stray}: Extra inputs are not permitted")
    if not in_path or not isinstance(body, dict):
        return validate(params, body)
    given = validate(params, {**body, **dict.fromkeys(in_path, "")})
    return {key: value for key, value in given.items() if key not in in_path}


# -- agents ---------------------------------------------------------------------------------


def resolved_model(model: Any) -> Resource:
    given = {"id": model} if isinstance(model, str) else dict(model)
    effort = given.get("effort") or "high"  # the per-model default isn't published [ours]
    given["effort"] = {"type": effort} if isinstance(effort, str) else effort
    given["speed"] = given.get("speed") or "standard"
    return given


def resolved_tool(tool: Resource) -> Resource:
    """A tool as the API answers with it: every default written out."""
    if tool["type"] == "custom":
        return tool
    ask = "always_ask" if tool["type"] == "mcp_toolset" else "always_allow"
    default = {"enabled": True, "permission_policy": {"type": ask}}
    default |= {key: value for key, value in (tool.get("default_config") or {}).items() if value is not None}
    configs = []
    for config in tool.get("configs") or ():
        given = {key: value for key, value in config.items() if value is not None}
        named = {"type": config["name"]} if tool["type"] != "mcp_toolset" else {}
        configs.append({**named, **default, **given})
    return {**tool, "default_config": default, "configs": configs}


def resolved_agent(given: Resource) -> Resource:
    """The fields of an agent that create, update and a session's overrides share, defaults written out."""
    resolved = dict(given)
    for key in ("description", "system"):
        if key in given:
            resolved[key] = given[key] or None  # an empty text clears [sdk]
    if "model" in given:
        resolved["model"] = resolved_model(given["model"])
    for key in ("tools", "mcp_servers", "skills"):
        if key in given:
            resolved[key] = list(given[key] or ())
    if "tools" in resolved:
        resolved["tools"] = [resolved_tool(tool) for tool in resolved["tools"]]
    if "execution_identity" in given:
        resolved["execution_identity"] = given["execution_identity"] or {"type": "service_account"}
    return resolved


class Agents(Collection):
    """Agents with their versions. There is no delete. [sdk]"""

    kind, prefix = "Agent", "agent"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.versions: dict[str, list[Resource]] = {}

    def create(self, body: Any) -> Resource:
        given = body_of(AgentCreateParams, body)
        if not given["name"].strip():
            raise ApiError(400, "name: must not be empty")
        defaults: Resource = {"tools": [], "mcp_servers": [], "skills": [], "execution_identity": None}
        agent = {
            "id": self.new_id(),
            "type": "agent",
            "version": 1,
            "description": None,
            "system": None,
            "multiagent": None,
            **resolved_agent({**defaults, **given}),
            "metadata": checked_metadata(given.get("metadata") or {}),
            **self._stamps(),
        }
        agent["multiagent"] = multiagent.resolved(
            given.get("multiagent"), {**agent, "multiagent": None}, self.version
        )
        self.items[agent["id"]] = agent
        self.versions[agent["id"]] = [agent]
        return agent

    def version(self, id: str, version: int | None) -> Resource:
        """One version of an agent, the newest if none is asked for."""
        newest = self.get(id)
        if version is None:
            return newest
        if not 1 <= version <= newest["version"]:
            raise not_found("Agent version", f"{id} version {version}")
        return {**self.versions[id][version - 1], "archived_at": newest["archived_at"]}

    def update(self, id: str, body: Any) -> Resource:
        given = body_of(AgentUpdateParams, body)
        agent = self.get(id)
        expected = given.pop("version", None)
        if expected is not None and expected != agent["version"]:
            raise ApiError(
                409,
                f"Concurrent modification detected: agent {id} is at version {agent['version']}, you "
                f"sent {expected}. Retrieve it again and repeat your change on what you get.",
            )
        if agent["archived_at"]:
            raise ApiError(400, f"Agent {id} is archived and can't be changed.")
        if given.get("name") is not None and not given["name"].strip():
            raise ApiError(400, "name: must not be empty")
        changed = {**agent, **resolved_agent(given)}
        changed["metadata"] = patched_metadata(agent["metadata"], given.get("metadata"))
        if "multiagent" in given:
            changed["multiagent"] = multiagent.resolved(given["multiagent"], agent, self.version)
        if changed != agent:
            changed |= {"version": agent["version"] + 1, "updated_at": self.clock.tick()}
            self.items[id] = changed
            self.versions[id].append(changed)
        return changed

    def list_versions(self, id: str, query: Query) -> dict[str, Any]:
        self.get(id)
        return page_of(self.versions[id], query, default=20, most=100, order="desc")


# -- environments ---------------------------------------------------------------------------


def resolved_config(given: Resource | None, before: Resource | None = None) -> Resource:
    """A cloud or self-hosted configuration with every default written out; null keeps what was. [sdk]"""
    given = {key: value for key, value in (given or {"type": "cloud"}).items() if value is not None}
    if given["type"] != "cloud":
        return given
    before = before if before and before["type"] == "cloud" else {}
    networking = given.get("networking") or before.get("networking") or {"type": "unrestricted"}
    if networking["type"] == "limited":
        # Limited means: no host, no package manager, no MCP server, unless allowed. [doc]
        closed = {"allowed_hosts": [], "allow_mcp_servers": False, "allow_package_managers": False}
        had = before.get("networking") or {}
        kept = had if had.get("type") == "limited" else {}
        wanted = {key: value for key, value in networking.items() if value is not None}
        networking = {**closed, **kept, **wanted}
    packages: Resource = {manager: [] for manager in ("apt", "cargo", "gem", "go", "npm", "pip")}
    packages |= before.get("packages") or {}
    packages |= {key: value for key, value in (given.get("packages") or {}).items() if value is not None}
    if networking["type"] == "limited" and not networking["allow_package_managers"]:
        for manager, names in packages.items():
            if names and manager != "type":
                needs = "needs `networking.allow_package_managers: true` under limited networking"
                raise ApiError(400, f"config.packages.{manager}: {needs}")
    return {"type": "cloud", "networking": networking, "packages": packages}


class Environments(Collection):
    """Container templates."""

    kind, prefix = "Environment", "env"

    def create(self, body: Any) -> Resource:
        given = body_of(EnvironmentCreateParams, body)
        environment = {
            "id": self.new_id(),
            "type": "environment",
            "name": given["name"],
            "description": given.get("description"),
            "config": resolved_config(given.get("config")),
            "metadata": checked_metadata(given.get("metadata") or {}),
            "scope": given.get("scope") or "organization",
            **self._stamps(),
        }
        self.items[environment["id"]] = environment
        return environment

    def update(self, id: str, body: Any) -> Resource:
        given = body_of(EnvironmentUpdateParams, body)
        environment = self.get(id)
        if environment["archived_at"]:
            message = f"Environment {id} is archived and can't be changed."
            raise ApiError(400, message, code="environment_archived")
        if given.get("config") is not None:
            environment["config"] = resolved_config(given["config"], environment["config"])
        if "description" in given:
            environment["description"] = given["description"]
        for key in ("name", "scope"):
            environment[key] = given.get(key) or environment[key]
        patch = {key: value or None for key, value in (given.get("metadata") or {}).items()}
        environment["metadata"] = patched_metadata(environment["metadata"], patch)
        environment["updated_at"] = self.clock.tick()
        return environment

    def delete(self, id: str) -> Resource:
        self.get(id)
        del self.items[id]
        return {"id": id, "type": "environment_deleted"}


# -- files ------------------------------------------------------------------------------------


class Files(Collection):
    """Uploads, the copies that sessions mount, and what sessions leave behind."""

    kind, prefix = "File", "file"
    least = 1  # [sdk]

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.contents: dict[str, bytes] = {}

    def add(
        self,
        filename: str,
        content: bytes,
        *,
        mime_type: str | None = None,
        session_id: str | None = None,
        downloadable: bool = False,
        created_at: str | None = None,
        lifetime: int = 0,
    ) -> Resource:
        """Keep a file, for so many seconds if any. Only what an agent made can be downloaded again. [doc]"""
        name = PurePosixPath(filename.replace("\\", "/")).name  # only the last part is kept [sdk]
        mime_type = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        file: Resource = {
            "id": self.new_id(),
            "type": "file",
            "filename": name or "unnamed" + (mimetypes.guess_extension(mime_type) or ""),
            "mime_type": mime_type,
            "size_bytes": len(content),
            "created_at": (created_at := created_at or self.clock.tick()),
            "downloadable": downloadable,
            "expires_at": later(created_at, lifetime) if lifetime else None,
            "scope": {"type": "session", "id": session_id} if session_id else None,
        }
        self.items[file["id"]] = file
        self.contents[file["id"]] = content
        return file

    def mounted(self, id: str, session_id: str) -> Resource:
        """The copy of an upload that one session gets, under an id of its own. [doc]"""
        file = self.get(id)
        content = self.contents[id]
        return self.add(file["filename"], content, mime_type=file["mime_type"], session_id=session_id)

    def content(self, id: str) -> tuple[bytes, str]:
        """A file's bytes and its MIME type."""
        file = self.get(id)
        if not file["downloadable"]:
            message = (
                f"File {id} ({file['filename']}) can't be downloaded: only what an agent or a tool made can."
            )
            raise ApiError(400, message, code="file_not_downloadable")
        return self.contents[id], file["mime_type"]

    def list_files(self, query: Query) -> dict[str, Any]:
        rows = list(self.items.values())
        if ids := query.texts("ids"):
            if query.text("page") or query.text("limit"):
                raise ApiError(400, "ids: can't be combined with page or limit")
            return {"data": [file for file in rows[::-1] if file["id"] in ids][:100], "next_page": None}
        if scope := query.text("scope_id"):
            rows = self.of_session(scope)
        return page_of(rows, query, default=20, most=1000, least=self.least, order="desc")

    def of_session(self, session_id: str) -> builtins.list[Resource]:
        """What a session has mounted and what it has made, oldest first."""
        files = self.items.values()
        return [file for file in files if file["scope"] and file["scope"]["id"] == session_id]

    def delete(self, id: str) -> Resource:
        self.get(id)
        del self.items[id], self.contents[id]
        return {"id": id, "type": "file_deleted"}
