"""What a scenario's session has mounted, and its built-in tool calls, executed for real.

The tools are the SDK's own `agent_toolset`, in a process that is confined (see `confinement`). Nothing here
reads or writes where that process does: files go there, and what it leaves comes back, as bytes.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

from ..recordings.mount import Mount, Write
from .confinement import SandboxWorker

UPLOADS, OUTPUTS = "/mnt/session/uploads", "/mnt/session/outputs"
WORKSPACE = "/workspace"
SKILLS = f"{WORKSPACE}/skills"  # [doc, for self-hosted sandboxes; of others: ours]
HEAD = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*$", re.S | re.M)  # of a SKILL.md
NAME = re.compile(r"^name:[ \t]*[\"']?([a-z0-9-]{1,64})[\"']?[ \t]*\r?$", re.M)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip file can say


def within(folder: Path, name: str) -> Path:
    """A file or folder that a scenario names, below a folder of its author.

    Raises:
        ValueError: it is not below that folder, links followed.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{name!r} is not below {folder.name}: a scenario reads nothing else")
    return path


def container_path(path: str, below: str) -> str:
    """A path in the container, which must be below one of its folders; a relative one is."""
    full = path if path.startswith(f"{below}/") else f"{below}/{path.lstrip('/')}"
    parts = PurePosixPath(full).parts
    if ".." in parts or full.endswith("/") or "\0" in full or len(parts) == len(PurePosixPath(below).parts):
        raise ValueError(f"{path!r} is not the path of a file below {below}")
    return str(PurePosixPath(full))


def files_in(folder: Path) -> dict[str, bytes]:
    """A folder's files by their paths in it, in path order; links that lead out of it are refused.

    Raises:
        ValueError: there is none.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        raise ValueError(f"{folder.name}: no folder with files in it")
    return {
        path: within(folder, path).read_bytes() for path in (f.relative_to(folder).as_posix() for f in files)
    }


def memories_in(folder: Path) -> dict[str, str]:
    """A folder's files as memories: the content by path, in path order.

    Raises:
        ValueError: there is none.
    """
    return {f"/{path}": content.decode("utf-8") for path, content in files_in(folder).items()}


def zipped(folder: Path) -> bytes:
    """A zip file of a folder, the same bytes for the same files."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for path, content in files_in(folder).items():
            file.writestr(zipfile.ZipInfo(path, EPOCH), content)
    return archive.getvalue()


class Memory:
    """The mounted stores of a scenario; notices what tool calls change in them.

    Args:
        mounts: the stores, as the session begins.
    """

    def __init__(self, mounts: Collection[Mount]) -> None:
        self.mounts = mounts
        if len({mount.mount_path for mount in mounts}) < len(mounts):
            raise ValueError(f"two memory stores are {max(mount.mount_path for mount in mounts)}")
        self.contents = {
            f"{m.mount_path}{path}": content for m in mounts for path, content in m.start.items()
        }

    def look(self, contents: dict[str, str], now: str) -> None:
        """Add what has changed since the last look to the mounts' writes.

        Args:
            contents: what there is now, by path.
            now: RFC 3339.

        Raises:
            ValueError: something was written that the hosted mount would have refused.
        """
        before, self.contents = self.contents, contents
        changed = [path for path in before | self.contents if before.get(path) != self.contents.get(path)]
        # What is gone goes first: it may have stood where a folder is now.
        for path in sorted(changed, key=lambda path: (path in self.contents, path)):
            mount = next((m for m in self.mounts if path.startswith(f"{m.mount_path}/")), None)
            if mount is None or mount.access == "read_only":
                raise ValueError(f"{path} can't be written: only below a store that is mounted read_write")
            memory = path.removeprefix(mount.mount_path)
            mount.writes.append(Write(memory, self.contents.get(path), now))


class Sandbox:
    """The container of a scenario's session.

    Args:
        memory: the memory stores that are mounted.
        unconfined: execute calls also where this system can't confine them.
    """

    def __init__(self, memory: Sequence[Mount] = (), *, unconfined: bool = False) -> None:
        self.memory, self.unconfined = Memory(memory), unconfined
        self.outputs: dict[str, bytes] = {}  # by path, as the last call has left them
        self.worker: SandboxWorker | None = None  # which is started for the first call
        self.mounted: dict[str, bytes] = {}  # by path
        self.waiting: dict[str, bytes] = {}  # of these, what the worker hasn't got yet
        self.announced = 0  # characters of the skills' heads, which the model has before it from the start

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.worker is not None:
            self.worker.close()

    def mount(self, path: str, content: bytes) -> None:
        """A file that can be read in the container, at this path."""
        if any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in self.mounted):
            raise ValueError(f"{path} is a file and a folder")
        self.mounted[path] = self.waiting[path] = content

    def mount_skill(self, files: dict[str, bytes]) -> None:
        """A skill, in a folder of its name; its head is announced to the model. [doc]

        Args:
            files: by their paths in the skill's folder.

        Raises:
            ValueError: there is no SKILL.md with a name.
        """
        head = HEAD.match(files.get("SKILL.md", b"").decode("utf-8"))
        name = NAME.search(head[1]) if head else None
        if head is None or name is None:
            told = "begins with `---`, has a line `name: …` (letters, digits, hyphens), and `---`"
            raise ValueError(f"a SKILL.md is needed at the top of the folder, which {told}")
        self.announced += len(head[1])
        for path, content in files.items():
            self.mount(f"{SKILLS}/{name[1]}/{path}", content)

    def call(self, tool: str, arguments: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """Execute one built-in tool call.

        Returns:
            The result's content, and whether it is an error.

        Raises:
            ScenarioError: it can't be executed here.
        """
        answer = self._ready().ask({"tool": tool, "input": arguments})
        found = {path: base64.b64decode(content) for path, content in answer["files"].items()}
        self.outputs = {path: text for path, text in found.items() if path.startswith(f"{OUTPUTS}/")}
        self.found = {path: text for path, text in found.items() if path not in self.outputs}
        return answer["content"], answer["is_error"]

    def look(self, now: str) -> None:
        """Note what the last call has changed in memory."""
        self.memory.look({path: content.decode("utf-8") for path, content in self.found.items()}, now)

    def _ready(self) -> SandboxWorker:
        files = dict(self.waiting)
        self.waiting.clear()
        asked: dict[str, Any] = {}
        if self.worker is None:
            self.worker = SandboxWorker(unconfined=self.unconfined)
            stores = self.memory.mounts
            asked["folders"] = [mount.mount_path for mount in stores]
            asked["read_only"] = [mount.mount_path for mount in stores if mount.access == "read_only"]
            files |= {path: content.encode() for path, content in self.memory.contents.items()}
        if files or asked:
            put = [{"path": path, "content": base64.b64encode(data).decode()} for path, data in files.items()]
            self.worker.ask({**asked, "put": put})
        return self.worker
