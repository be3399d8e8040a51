"""Memory stores: created, listed, archived, attached to sessions. What is in one: `memories`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from anthropic.types.beta.memory_store_create_params import MemoryStoreCreateParams
from anthropic.types.beta.memory_store_update_params import MemoryStoreUpdateParams
from anthropic.types.beta.memory_stores.memory_create_params import MemoryCreateParams
from anthropic.types.beta.memory_stores.memory_update_params import MemoryUpdateParams

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..http.errors import ApiError
from ..http.paging import Query
from ..http.validation import Resource, body_of
from ..ids import make_id
from ..recordings.mount import Mount, Write, memory_path
from . import limits
from .collection import Clock, Collection, checked_metadata, patched_metadata
from .memories import Memories, is_full, shown

MAX_ATTACHED = 8  # stores of one session [doc]
SHA256 = re.compile("[0-9a-f]{64}")
# Who a client is: whatever key it sends, the server has one workspace and no list of keys. [ours]
CLIENT = {"type": "api_actor", "api_key_id": make_id("apikey", "replay")}


class MemoryStores(Collection):
    """The stores, each with its `Memories`."""

    kind, prefix = "Memory store", "memstore"
    least = 1  # [sdk]

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.contents: dict[str, Memories] = {}

    def create(self, body: Any) -> Resource:
        given = limits.checked(MemoryStoreCreateParams, body)
        store = {
            "id": self.new_id(),
            "type": "memory_store",
            "name": given["name"],
            "description": given.get("description", ""),
            "metadata": checked_metadata(given.get("metadata", {})),
            **self._stamps(),
        }
        self.items[store["id"]] = store
        self.contents[store["id"]] = Memories(store["id"], self.clock)
        self.tell(store, "created")
        return store

    def update(self, id: str, body: Any) -> Resource:
        given = limits.checked(MemoryStoreUpdateParams, body)
        store = self._writable(id)
        texts = {key: given[key] for key in ("name", "description") if given.get(key) is not None}
        metadata = patched_metadata(store["metadata"], given.get("metadata"))
        changed = {**store, **texts, "metadata": metadata}
        if changed != store:
            self.items[id] = {**changed, "updated_at": self.clock.tick()}
        return self.items[id]

    def delete(self, id: str) -> Resource:
        """Delete a store with its memories and versions; it can't be undone. [sdk]"""
        self.tell(self.get(id), "deleted")
        del self.items[id], self.contents[id]
        return {"id": id, "type": "memory_store_deleted"}

    def _writable(self, id: str) -> Resource:
        """An archived store can still be read, and its memories deleted and redacted; nothing else. [sdk]"""
        store = self.get(id)
        if store["archived_at"]:
            raise ApiError(
                400, f"Memory store {id} is archived, for good: it can't be changed or written to."
            )
        return store

    # -- memories and versions --------------------------------------------------------------------

    def memories(self, id: str) -> Memories:
        self.get(id)
        return self.contents[id]

    def create_memory(self, id: str, body: Any, query: Query) -> Resource:
        given, full = memory_body(MemoryCreateParams, body), is_full(query, "basic")
        self._writable(id)
        if given["content"] is None:
            raise ApiError(400, 'content: must be a text; "" makes an empty memory')
        return shown(self.contents[id].create(given["path"], given["content"], CLIENT), full)

    def memory(self, id: str, memory_id: str, query: Query) -> Resource:
        return shown(self.memories(id).get(memory_id), is_full(query, "full"))

    def update_memory(
        self, id: str, memory_id: str, body: Any, query: Query, assume: Assumptions = NOTHING_ASSUMED
    ) -> Resource:
        given, full = memory_body(MemoryUpdateParams, body, memory_store_id=id), is_full(query, "basic")
        self._writable(id)
        changes = {key: given[key] for key in ("content", "path") if given.get(key) is not None}
        if not changes and assume.of("empty-memory-update") == "refused":
            raise ApiError(400, "content, path: at least one of them is needed")
        expected = None
        if "precondition" in given:
            given_hash = given["precondition"].get("content_sha256")
            expected = checked_sha256("precondition.content_sha256", given_hash)
        return shown(self.contents[id].update(memory_id, changes, CLIENT, expected=expected), full)

    def delete_memory(self, id: str, memory_id: str, query: Query) -> Resource:
        expected = query.text("expected_content_sha256")
        if expected is not None:
            expected = checked_sha256("expected_content_sha256", expected)
        return self.memories(id).delete(memory_id, CLIENT, expected=expected)

    def version(self, id: str, version_id: str, query: Query) -> Resource:
        return shown(self.memories(id).version(version_id), is_full(query, "full"))

    def redact(self, id: str, version_id: str) -> Resource:
        return self.memories(id).redact(version_id, CLIENT)

    # -- in a session -----------------------------------------------------------------------------

    def attach(self, resources: Iterable[Resource]) -> dict[str, Resource]:
        """The memory stores among the resources of a new session as that session will show them, by store.

        Args:
            resources: all of the session's, of any type, as `sessions.create` got them.

        Raises:
            ApiError: one of the stores can't be attached.
        """
        attached: dict[str, Resource] = {}
        for number, resource in enumerate(resources):
            if resource["type"] != "memory_store":
                continue
            id, where = resource["memory_store_id"], f"resources.{number}."
            if self.get(id)["archived_at"]:  # [sdk]
                raise ApiError(400, f"{where}memory_store_id: {id} is archived and can't be attached")
            if id in attached:  # [ours]
                raise ApiError(400, f"{where}memory_store_id: {id} is attached already")
            attached[id] = self._attachment(resource, [other["mount_path"] for other in attached.values()])
        if len(attached) > MAX_ATTACHED:
            raise ApiError(400, f"resources: at most {MAX_ATTACHED} memory stores, not {len(attached)}")
        return attached

    def _attachment(self, resource: Resource, taken: Sequence[str]) -> Resource:
        """A store as a session's resource: its name and description as they are now, and no id. [sdk]"""
        store = self.get(resource["memory_store_id"])
        path = base = memory_path(store["name"])
        number = 1
        while path in taken:  # names needn't be unique [sdk]; what the path is then [ours]
            number += 1
            path = f"{base}-{number}"
        return {
            "type": "memory_store",
            "memory_store_id": store["id"],
            "access": resource.get("access") or "read_write",
            "instructions": resource.get("instructions"),
            "name": store["name"],
            "description": store["description"],
            "mount_path": path,
        }

    def mount(self, attached: Resource) -> Mount:
        """What the agent finds at an attached store's mount path now."""
        heads = self.contents[attached["memory_store_id"]].heads.values()
        start = {head["path"]: head["content"] for head in heads}
        return Mount(attached["mount_path"], attached["access"], start)

    def write(self, session_id: str, attached: Resource | None, write: Write) -> None:
        """Do what a session's agent did below a mount; the version says that it was this session. [sdk]

        Raises:
            ApiError: the hosted mount would have refused it.
        """
        if attached is None:
            raise ApiError(400, "no memory store is mounted there")
        if attached["access"] == "read_only":
            # The agent's call would fail [doc]. The recorded one succeeded; we can only say so. [ours]
            raise ApiError(400, "it is mounted read_only")
        id = self._writable(attached["memory_store_id"])["id"]
        actor = {"type": "session_actor", "session_id": session_id}
        self.contents[id].write(write.path, write.content, actor, write.created_at)


def memory_body(params: type, body: Any, **ids: str) -> Resource:
    """A memory's create or update body; the SDK's types list what belongs in path and query with it."""
    if isinstance(body, dict):
        if wrong := next((key for key in ("view", *ids) if key in body), None):
            raise ApiError(400, f"{wrong}: Extra inputs are not permitted")
        body = {**body, **ids}
    return body_of(params, body)


def checked_sha256(where: str, text: str | None) -> str:
    if text is None or not SHA256.fullmatch(text):
        raise ApiError(400, f"{where}: must be 64 lowercase hexadecimal characters, not {text!r}")
    return text
