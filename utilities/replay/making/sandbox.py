"""Where a scenario's tool calls are really executed: a scratch folder that stands in for `/mnt`.

The built-in tools are the SDK's own `agent_toolset`. It is no security boundary: what a scenario executes can
do what its author can.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from anthropic.lib.tools import ToolError
from anthropic.lib.tools.agent_toolset import AgentToolContext, beta_agent_toolset_20260401

from ..recordings.mount import MEMORY, Mount, Write


def memories_in(folder: Path) -> dict[str, str]:
    """A folder's files as memories: the content by path, in path order.

    Raises:
        ValueError: there is none.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        raise ValueError(f"{folder.name}: no folder with files in it")
    return {f"/{file.relative_to(folder).as_posix()}": file.read_text("utf-8") for file in files}


class Folders:
    """The mounted stores of a scenario as folders on disk; notices what tool calls change in them.

    Args:
        root: the scratch folder in which `/mnt` stands.
        mounts: the stores, as the session begins.
    """

    def __init__(self, root: Path, mounts: Collection[Mount]) -> None:
        self.root, self.mounts = root, mounts
        for mount in mounts:
            self.folder(mount).mkdir(parents=True)
            for path, content in mount.start.items():
                file = root / f"{mount.mount_path}{path}".lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.encode())
        self.contents = self._read()

    def folder(self, mount: Mount) -> Path:
        """Where a store is on this disk."""
        return self.root / mount.mount_path.lstrip("/")

    def look(self, now: str) -> None:
        """Add what has changed since the last look to the mounts' writes.

        Raises:
            ValueError: something was written that the hosted mount would have refused.
        """
        before, self.contents = self.contents, self._read()
        changed = [path for path in before | self.contents if before.get(path) != self.contents.get(path)]
        # What is gone goes first: it may have stood where a folder is now.
        for path in sorted(changed, key=lambda path: (path in self.contents, path)):
            mount = next((m for m in self.mounts if path.startswith(f"{m.mount_path}/")), None)
            if mount is None or mount.access == "read_only":
                raise ValueError(f"{path} can't be written: only below a store that is mounted read_write")
            memory = path.removeprefix(mount.mount_path)
            mount.writes.append(Write(memory, self.contents.get(path), now))

    def _read(self) -> dict[str, str]:
        files = (file for file in (self.root / MEMORY.lstrip("/")).rglob("*") if file.is_file())
        return {f"/{file.relative_to(self.root).as_posix()}": file.read_bytes().decode() for file in files}


class ScenarioError(ValueError):
    """A scenario that can't be recorded; seen by the author of a lesson."""


class Sandbox:
    """A scratch folder standing in for the container's `/mnt`, and the built-in tools inside it.

    Args:
        root: the scratch folder.
        memory: the memory stores that are mounted.
    """

    def __init__(self, root: Path, memory: Sequence[Mount] = ()) -> None:
        self.root = root.resolve()
        self.outputs = self.root / "mnt/session/outputs"
        self.uploads = self.root / "mnt/session/uploads"
        self.user = self.root / "mnt/user"
        for folder in (self.outputs, self.uploads, self.user):
            folder.mkdir(parents=True)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.user), "LANG": "C.UTF-8"}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        self.memory = Folders(self.root, memory)
        read_only = [self.uploads, *(self.memory.folder(m) for m in memory if m.access == "read_only")]
        self.context = AgentToolContext(workdir=self.root / "mnt", env=env, read_only_roots=read_only)
        self.tools = {tool.name: tool for tool in beta_agent_toolset_20260401(self.context)}

    def mount(self, source: Path, mount_path: str) -> None:
        """A copy of a file in the uploads, which can't be written to."""
        target = self.uploads / mount_path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(0o444)

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """Execute one built-in tool call; returns its text and whether it is an error."""
        if tool not in self.tools:
            raise ScenarioError(f"tool {tool!r} can't be executed here; there are {', '.join(self.tools)}")
        try:
            content: Any = await self.tools[tool].call(self._inside(arguments))
            is_error = False
        except ToolError as error:
            content, is_error = error.content, True
        blocks = [{"text": content}] if isinstance(content, str) else content
        text = "\n".join(str(block.get("text", "")) for block in blocks)
        return text.replace(str(self.root), ""), is_error

    def _inside(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("/mnt/", f"{self.root}/mnt/")
        if isinstance(value, dict):
            return {key: self._inside(item) for key, item in value.items()}
        return value

    async def close(self) -> None:
        """End the shell that the tools share, if one was started."""
        await self.context.close()
