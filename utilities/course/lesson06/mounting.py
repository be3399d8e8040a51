"""Sessions that have the repository's files in their container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from utilities import Made

from ..new_sessions import sessions_with as bare_sessions_with
from .checking import Files

__all__ = ["sessions_with"]


def sessions_with(made: Made, files: Files) -> Callable[[Any, str], Any]:
    """A function that makes sessions with these files mounted, also after the clean-up.

    Args:
        made: remembers what is made, and ends it.
        files: the files, text by path; each lands below /mnt/session/uploads.

    Returns:
        `new_session(agent, title, **fields)`, with fields of `sessions.create`; `resources` take the place of
        the files. The sessions have one environment, in which nothing is reached.
    """
    bare: Callable[..., Any] = bare_sessions_with(made)

    def mounted(path: str, text: str) -> dict[str, str]:
        upload = made(made.client.beta.files.upload(file=(path.rpartition("/")[2], text.encode())))
        return {"type": "file", "file_id": upload.id, "mount_path": f"/{path}"}

    def new_session(agent: Any, title: str, **fields: Any) -> Any:
        if "resources" not in fields:
            fields["resources"] = [mounted(path, text) for path, text in files.items()]
        return bare(agent, title, **fields)

    return new_session
