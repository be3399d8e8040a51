"""What every kind of resource shares: ids, creation times, lists, archiving, metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..http.errors import ApiError, not_found
from ..http.paging import Query, page_of
from ..http.validation import Resource
from ..ids import later, make_id, seconds_between
from ..webhooks.outbox import Outbox


@dataclass
class Clock:
    """Creation times: each a millisecond after the one before, so that every run has the same.

    And what decides the server's ids: with no `seed` they too are the same in every run.
    """

    now: str
    seed: str = ""

    def tick(self) -> str:
        self.now = later(self.now, 0.001)
        return self.now

    def reach(self, moment: str) -> None:
        """What is created from here on isn't older than this moment."""
        if seconds_between(self.now, moment) > 0:
            self.now = moment


@dataclass
class Collection:
    """Resources of one kind by id, in the order of their creation.

    A kind adds how one is created and changed, and what may be done to one that is archived.
    """

    kind: ClassVar[str]  # in messages: "Memory store"
    prefix: ClassVar[str]  # of ids: "memstore"
    least: ClassVar[int] = 0  # the smallest `limit` of its list

    clock: Clock
    items: dict[str, Resource] = field(default_factory=dict)
    made: int = 0  # how many ids were given; those of deleted ones are not given again
    outbox: Outbox | None = None  # where webhooks are collected, if anybody wants them

    def new_id(self) -> str:
        """An id for the next one."""
        self.made += 1
        return make_id(self.prefix, *filter(None, [self.clock.seed]), self.made)

    def get(self, id: str) -> Resource:
        """The one with this id; ApiError (404) if there is none."""
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
        """Keep it, but for reading only. A second time changes nothing."""
        item = self.get(id)
        if not item["archived_at"]:
            item["archived_at"] = item["updated_at"] = self.clock.tick()
            self.tell(item, "archived")
        return item

    def tell(self, item: Resource, what: str, **more: str) -> None:
        """Webhooks say what has been done to this one: "created", for example."""
        if self.outbox is not None:
            self.outbox.tell(item["id"], f"{item['type']}.{what}", self.clock.now, **more)

    def _stamps(self) -> Resource:
        """The three times of a new one."""
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
