"""Files: uploads, the copies that sessions mount, and what sessions leave behind."""

from __future__ import annotations

import builtins
import math
import mimetypes
import re
from collections.abc import Container, Iterable
from pathlib import PurePosixPath
from typing import Any

from ..http.errors import ApiError
from ..http.paging import Query, page_by_id, page_of
from ..http.validation import Resource
from ..ids import later
from ..recordings.recording import Event
from .collection import Clock, Collection

LONGEST_NAME = 255  # characters [doc]
MOST_IDS = 100  # in one list of files by their ids [sdk]
OLDER = "files-api-2025-04-14"  # the beta until general availability; with it answers are as before [doc]
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')  # in a file's name [doc]


class Files(Collection):
    """The files of a server, with their contents."""

    kind, prefix = "File", "file"
    least = 1  # [sdk]

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.contents: dict[str, bytes] = {}
        self._ends: dict[str, float] = {}  # when the content of a file is gone, by the callers' clock

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
        now: float = 0.0,
    ) -> Resource:
        """Keep a file, for so many seconds if any. Only what an agent made can be downloaded again. [doc]"""
        name = PurePosixPath(filename.replace("\\", "/")).name  # only the last part is kept [sdk]
        if FORBIDDEN.search(name) or len(name) > LONGEST_NAME:
            told = f'1 to {LONGEST_NAME} characters, none of < > : " | ? * or control characters'
            raise ApiError(400, f"file: the name {name[:80]!r} must have {told}")  # [doc]
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
        if lifetime:
            self._ends[file["id"]] = now + lifetime
        return file

    def mounted(self, id: str, session_id: str) -> Resource:
        """The copy of an upload that one session gets, under an id of its own. [doc]"""
        file = self.get(id)
        content = self.contents[id]
        return self.add(file["filename"], content, mime_type=file["mime_type"], session_id=session_id)

    def require_content(self, id: str, now: float) -> Resource:
        """A file whose content is still there; another is 404. [doc; ours: 404 for a mount too]"""
        file = self.get(id)
        if now >= self._ends.get(id, math.inf):
            raise ApiError(404, f"File {id} ({file['filename']}) expired at {file['expires_at']}.")
        return file

    def require_for(self, events: Iterable[Event], now: float) -> None:
        """What events refer to must be there: their content's files, and those of rubrics.

        Raises:
            ApiError: 404, a file isn't there or has expired; 400, it is of another kind than its block. [doc:
                the page about files, of requests to a model]
        """
        for event in events:
            sources = [(block["type"], block.get("source")) for block in event.get("content") or ()]
            for kind, source in (*sources, ("rubric", event.get("rubric"))):
                if isinstance(source, dict) and source.get("type") == "file":
                    mime_type = self.require_content(source["file_id"], now)["mime_type"]
                    if kind != "rubric" and mime_type.startswith("image/") != (kind == "image"):
                        raise ApiError(
                            400, f"File {source['file_id']} is {mime_type}, which is for no {kind} block."
                        )

    def content(self, id: str, now: float = 0.0) -> tuple[bytes, str]:
        """A file's bytes and its MIME type; when it has expired only what is known about it is left. [doc]"""
        file = self.require_content(id, now)
        if not file["downloadable"]:
            message = (
                f"File {id} ({file['filename']}) can't be downloaded: only what an agent or a tool made can."
            )
            raise ApiError(400, message, code="file_not_downloadable")
        return self.contents[id], file["mime_type"]

    def list_files(self, query: Query) -> dict[str, Any]:
        if ids := query.texts("ids"):
            if query.text("page") or query.text("limit"):
                raise ApiError(400, "ids: can't be combined with page or limit")
            if (count := len(set(ids))) > MOST_IDS:
                raise ApiError(400, f"ids: at most {MOST_IDS} different ones, not {count}")
            found = [file for file in reversed(self.items.values()) if file["id"] in ids]
            return {"data": found, "next_page": None}
        return page_of(self._within(query), query, default=20, most=1000, least=self.least, order="desc")

    def list_older(self, query: Query) -> dict[str, Any]:
        """As clients get it that still send the older beta: paged by ids. [doc: the release notes]"""
        page = page_by_id([file["id"] for file in self._within(query)[::-1]], query)
        return {**page, "data": [in_format(self.items[id], (OLDER,)) for id in page["data"]]}

    def _within(self, query: Query) -> builtins.list[Resource]:
        scope = query.text("scope_id")
        return self.of_session(scope) if scope else list(self.items.values())

    def of_session(self, session_id: str) -> builtins.list[Resource]:
        """What a session has mounted and what it has made, oldest first."""
        files = self.items.values()
        return [file for file in files if file["scope"] and file["scope"]["id"] == session_id]

    def delete(self, id: str) -> Resource:
        self.get(id)
        del self.items[id], self.contents[id]
        self._ends.pop(id, None)
        return {"id": id, "type": "file_deleted"}


def in_format(file: Resource, betas: Container[str]) -> Resource:
    """A file as its client gets it: with the older beta it has no `expires_at`. [doc: the release notes]"""
    return {key: value for key, value in file.items() if key != "expires_at" or OLDER not in betas}
