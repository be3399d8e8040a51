"""The memories of one memory store, and the versions that every change to them leaves behind.

Clients come here through `memory_stores`, agents through what their session has mounted; both by the same
rules, told apart in the versions by who did it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import replace
from typing import Any

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource
from ..ids import TICK, later, make_id
from ..recordings.mount import checked_content, checked_path
from .collection import Clock

MAX_MEMORIES = 2_000  # in a store [doc]
FULL_PAGE = 20  # items with content on one page, whatever `limit` says [sdk]
OPERATIONS = ("created", "modified", "deleted")
# A version's columns that are null when it records a deletion; redaction takes the path too. [sdk]
CONTENT = ("content", "content_sha256", "content_size_bytes")


class MemoryConflict(ApiError):
    """A 409 of an error type of its own, with what else the hosted error carries. [sdk, doc]"""

    def __init__(self, type: str, message: str, **details: str) -> None:
        super().__init__(409, message)
        self.type, self.details = type, details

    def body(self, request_id: str, assume: Assumptions = NOTHING_ASSUMED) -> dict[str, Any]:
        body = super().body(request_id, assume)
        body["error"] |= {"type": self.type, **self.details}
        return body


class Memories:
    """What one store holds: `heads`, the memories as they are now, and `versions`, their whole history.

    Args:
        store_id: the store.
        clock: for changes that bring no time of their own.
    """

    def __init__(self, store_id: str, clock: Clock) -> None:
        self.store_id, self.clock = store_id, clock
        self.heads: dict[str, Resource] = {}  # by id, content included
        self.versions: dict[str, Resource] = {}  # by id, oldest first
        self.now = ""
        self.made = 0

    def get(self, id: str) -> Resource:
        try:
            return self.heads[id]
        except KeyError:
            raise not_found("Memory", id) from None

    def version(self, id: str) -> Resource:
        try:
            return self.versions[id]
        except KeyError:
            raise not_found("Memory version", id) from None

    # -- changes ----------------------------------------------------------------------------------

    def create(self, path: str, content: str, actor: Resource, at: str | None = None) -> Resource:
        """A new memory; there must be none at its path, above it or below it. [doc]"""
        legal(path, content)
        self._require_free(path)
        if len(self.heads) >= MAX_MEMORIES:
            raise ApiError(400, f"memory store {self.store_id} is full: it has {MAX_MEMORIES:,} memories")
        self.made += 1
        head = {
            "id": make_id("mem", self.store_id, self.made),
            "type": "memory",
            "memory_store_id": self.store_id,
            "path": path,
            "content": content,
        }
        return self._put(head, "created", actor, at)

    def update(
        self, id: str, changes: dict[str, str], actor: Resource,
        *, expected: str | None = None, at: str | None = None,
    ) -> Resource:  # fmt: skip
        """Change a memory's `content`, its `path` (it keeps its id), or both.

        Args:
            id: the memory.
            changes: the new `content` and `path`, or one of them.
            actor: who does it.
            expected: the hash that the content must have now.
            at: when, if not now.
        """
        head = self.get(id)
        legal(**changes)
        if all(head[key] == value for key, value in changes.items()):
            return head  # no version, and no 409 if `expected` is wrong: the request may be a repeat [doc]
        self._require_content(head, expected)
        if "path" in changes:
            self._require_free(changes["path"], but=id)  # a rename never overwrites [doc]
        return self._put({**head, **changes}, "modified", actor, at)

    def delete(
        self, id: str, actor: Resource, *, expected: str | None = None, at: str | None = None
    ) -> Resource:
        """Delete a memory; its versions stay, with one more that records the deletion. [sdk]"""
        head = self.get(id)
        self._require_content(head, expected)
        self._add_version({**head, **dict.fromkeys(CONTENT)}, "deleted", actor, self._moment(at))
        del self.heads[id]
        return {"id": id, "type": "memory_deleted"}

    def write(self, path: str, content: str | None, actor: Resource, at: str) -> None:
        """What an agent's file tools do to a mounted memory; `content` None deletes it."""
        head = next((head for head in self.heads.values() if head["path"] == path), None)
        if head is None and content is not None:
            self.create(path, content, actor, at)
        elif head is not None and content is not None:
            self.update(head["id"], {"content": content}, actor, at=at)
        elif head is not None:
            self.delete(head["id"], actor, at=at)

    def redact(self, id: str, actor: Resource) -> Resource:
        """Take content, hash, size and path out of a version for good; who wrote it and when stays. [sdk]"""
        version = self.version(id)
        head = self.heads.get(version["memory_id"])
        if head is not None and head["memory_version_id"] == id:
            # The rule is [doc], its status [ours].
            reason = f"it is what memory {head['id']} holds now; update or delete the memory first"
            raise ApiError(400, f"Memory version {id} can't be redacted: {reason}.")
        if version["redacted_at"] is None:
            nothing = dict.fromkeys((*CONTENT, "path"))
            version |= {**nothing, "redacted_at": self._moment(), "redacted_by": actor}
        return version

    def _put(self, head: Resource, operation: str, actor: Resource, at: str | None) -> Resource:
        raw, moment = head["content"].encode(), self._moment(at)
        head |= {"content_sha256": hashlib.sha256(raw).hexdigest(), "content_size_bytes": len(raw)}
        head |= {"created_at": head.get("created_at", moment), "updated_at": moment}
        head["memory_version_id"] = self._add_version(head, operation, actor, moment)
        self.heads[head["id"]] = head
        return head

    def _add_version(self, head: Resource, operation: str, actor: Resource, moment: str) -> str:
        id = make_id("memver", self.store_id, len(self.versions))
        self.versions[id] = {
            "id": id,
            "type": "memory_version",
            "memory_id": head["id"],
            "memory_store_id": self.store_id,
            "operation": operation,
            **{key: head[key] for key in (*CONTENT, "path")},
            "created_at": moment,
            "created_by": actor,
            "redacted_at": None,
            "redacted_by": None,
        }
        return id

    def _moment(self, at: str | None = None) -> str:
        """The time of a change. Recorded times and the server's meet here, and history never goes back."""
        moment = later(at or self.clock.tick(), 0.0)
        self.now = moment if moment > self.now else later(self.now, TICK)
        return self.now

    def _require_free(self, path: str, but: str | None = None) -> None:
        for id, taken in ((head["id"], head["path"]) for head in self.heads.values() if head["id"] != but):
            if f"{path}/".startswith(f"{taken}/") or f"{taken}/".startswith(f"{path}/"):
                raise MemoryConflict(
                    "memory_path_conflict_error",
                    f"{path} is not free: memory {id} is at {taken}. Update that one or take another path.",
                    conflicting_memory_id=id,
                    conflicting_path=taken,
                )

    @staticmethod
    def _require_content(head: Resource, expected: str | None) -> None:
        if expected is not None and expected != head["content_sha256"]:
            raise MemoryConflict(
                "memory_precondition_failed_error",
                f"memory {head['id']} has content_sha256 {head['content_sha256']}, not {expected}. "
                "Retrieve it again and repeat your change on what you get.",
            )

    # -- lists ------------------------------------------------------------------------------------

    def page(self, query: Query) -> dict[str, Any]:
        """Memories by path; with `depth=1`, those further down as one `memory_prefix` a folder. [sdk]

        A cursor is the last path of its page, so what is added or deleted meanwhile moves no page.
        """
        prefix, deep = query.text("path_prefix") or "/", query.number("depth", 0, 0, 1) == 0
        if not (prefix.startswith("/") and prefix.endswith("/")):
            raise ApiError(400, f"path_prefix: must start and end with /, not {prefix!r}")
        full = is_full(query, "basic")
        rows: dict[str, Resource] = {}
        for head in self.heads.values():
            path = head["path"]
            if path.startswith(prefix):
                folder, below, _ = path.removeprefix(prefix).partition("/")
                row = shown(head, full)
                if below and not deep:
                    row = {"type": "memory_prefix", "path": f"{prefix}{folder}/"}
                rows[row["path"]] = row
        paths, limit = sorted(rows), page_size(query, full)
        start = bisect_right(paths, query.place() or "")
        on_page = paths[start : start + limit]
        more = start + limit < len(paths)
        return {
            "data": [rows[path] for path in on_page],
            "next_page": query.cursor(on_page[-1]) if more else None,
        }

    def page_of_versions(self, query: Query) -> dict[str, Any]:
        """Versions, the newest first [doc], by memory, operation, author or time. [sdk]"""
        full, operation = is_full(query, "basic"), query.text("operation")
        if operation not in (None, *OPERATIONS):
            raise ApiError(400, f"operation: must be {', '.join(OPERATIONS)}, not {operation!r}")
        rows = list(self.versions.values())
        for key in ("memory_id", "operation"):
            if wanted := query.text(key):
                rows = [row for row in rows if row[key] == wanted]
        for key in ("session_id", "api_key_id", "service_account_id"):
            if wanted := query.text(key):
                rows = [row for row in rows if row["created_by"].get(key) == wanted]
        if within := query.within("created_at"):
            rows = [row for row in rows if within(row["created_at"])]
        rows = [shown(row, full) for row in rows]
        sized = replace(query, pairs=[("limit", str(page_size(query, full))), *query.pairs])
        return page_of(rows, sized, default=20, most=100, order="desc")


def legal(path: str = "/-", content: str = "") -> None:
    """Refuse a path or content that a memory can't have, naming the field."""
    for name, check, value in (("path", checked_path, path), ("content", checked_content, content)):
        try:
            check(value)
        except ValueError as error:
            raise ApiError(400, f"{name}: {error}") from error


def is_full(query: Query, default: str) -> bool:
    """Whether `view` asks for contents."""
    view = query.text("view") or default
    if view not in ("basic", "full"):
        raise ApiError(400, f"view: must be basic or full, not {view!r}")
    return view == "full"


def shown(row: Resource, full: bool) -> Resource:
    """A memory or a version as its view has it: `basic` has no content, but its hash and its size. [sdk]"""
    return row if full else {**row, "content": None}


def page_size(query: Query, full: bool) -> int:
    """How many rows a page may hold: `limit`, but with contents no more than 20. [sdk]"""
    limit = query.number("limit", 20, 1, 100)
    return min(limit, FULL_PAGE) if full else limit
