"""The process that executes a scenario's calls, started by `confinement` as a program of its own.

It knows nothing of this project and imports nothing of it: it begins with a clean environment, imports the
SDK's `agent_toolset` once, and forks a child for each scenario. The child first moves into namespaces of its
own (see `confine`), unless it was told not to, and only then looks at what it shall do: lines of JSON come
through a socket, and each gets one line back.

    {"put": [{"path": …, "content": base64}], "read_only": [paths]}   → {}
    {"tool": "bash", "input": {…}}   → {"content": [blocks], "is_error": …, "files": {path: base64}}

`files` are those below the folders that a recording keeps. What can't be done is `{"failed": why}`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ctypes
import json
import logging
import os
import re
import select
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_FILES = 64 * 2**20  # bytes that the kept folders may have together
KEPT = ("/mnt/session/outputs", "/mnt/memory")
FOLDERS = ("/mnt/session/outputs", "/mnt/session/uploads", "/mnt/user", "/workspace")
TREES = ("/mnt/", "/workspace/")  # what a scenario's paths can begin with
SHELL_ENDED = (
    "bash: bash session terminated; restart required"  # as the toolset says it of a shell that exited
)
UNKNOWN, GRACE = -1, 2.0  # the exit status of a command whose shell has ended; seconds until that is seen
USER = 1000  # who the commands are, where they are confined

# From the kernel's headers; Python's `os` has these only from 3.12 on, and mount not at all.
NEW_NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, NODIRATIME = 1, 2, 4, 8, 1024, 2048
REMOUNT, BIND, REC, PRIVATE, RELATIME, DETACH = 32, 4096, 16384, 1 << 18, 1 << 21, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
FLAGS = {
    "ro": RDONLY, "nosuid": NOSUID, "nodev": NODEV, "noexec": NOEXEC, "noatime": NOATIME,
    "nodiratime": NODIRATIME, "relatime": RELATIME,
}  # fmt: skip
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38


# -- namespaces of its own ---------------------------------------------------------------------------------


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


class Kernel:
    """The calls of the C library that Python doesn't have."""

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)

    def unshare(self, flags: int) -> None:
        _checked(self.libc.unshare(flags), "unshare")

    def mount(self, source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
        known = kind.encode() if kind else None
        result = self.libc.mount(
            source.encode(), target.encode(), known, ctypes.c_ulong(flags), data.encode() or None
        )
        _checked(result, f"mount {target}")

    def pivot_root(self, root: str) -> None:
        """Make a mount the root of everything, and let go of the old one."""
        number = PIVOT_ROOT.get(os.uname().machine)
        if number is None:
            raise OSError(f"how to change the root on {os.uname().machine} isn't known")
        os.chdir(root)
        _checked(self.libc.syscall(number, b".", b"."), "pivot_root")
        _checked(self.libc.umount2(b".", DETACH), "umount")
        os.chdir("/")

    def drop_capabilities(self) -> None:
        self.libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        _checked(self.libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")

    def die_with_parent(self) -> None:
        self.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def confine(kernel: Kernel, visible: list[str]) -> None:
    """Move into namespaces of one's own: no network or other processes, and only the files that are shown.

    Returns in the first process of a process namespace: all that it starts ends with it.

    Args:
        kernel: its calls.
        visible: folders that can be read there, at their own paths.

    Raises:
        OSError: this system doesn't allow it.
    """
    user, group = os.getuid(), os.getgid()
    kernel.unshare(NEW_NAMESPACES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{USER} {user} 1"),
        ("gid_map", f"{USER} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text, "utf-8")
    if child := os.fork():  # only a child is in the new process namespace
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0x7F)
    kernel.die_with_parent()
    socket.sethostname("sandbox")
    kernel.mount("none", "/", None, REC | PRIVATE)
    root = "/proc/self/fdinfo"  # any folder that there always is: it is covered, for us alone
    kernel.mount("tmpfs", root, "tmpfs", NOSUID | NODEV, "mode=755,size=512m")
    os.chdir(root)
    _fill(kernel, Path("."), visible)
    kernel.pivot_root(".")
    kernel.drop_capabilities()


def _fill(kernel: Kernel, root: Path, visible: list[str]) -> None:
    """What there is below the new root."""
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(os.readlink(f"/{name}"))
        elif os.path.isdir(f"/{name}"):
            _show(kernel, root, f"/{name}")
    etc = ("/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
    for path in ("/usr", *etc, *visible):
        if os.path.exists(path):
            _show(kernel, root, path)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(f"user:x:{USER}:{USER}::/mnt/user:/bin/bash\n", "utf-8")
    (root / "tmp").mkdir(exist_ok=True)
    (root / "mnt").mkdir()
    (root / "workspace").mkdir()
    (root / "dev").mkdir()
    for name in ("null", "zero", "full", "random", "urandom"):
        _show(kernel, root, f"/dev/{name}", writable=True)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(f"/proc/self/{target}")
    (root / "proc").mkdir()
    try:
        kernel.mount("proc", str(root / "proc"), "proc", NOSUID | NODEV | NOEXEC)
    except OSError:
        return  # some containers forbid it; then there is none, and never the one outside
    for name in ("sys", "sysrq-trigger", "irq", "bus", "fs"):
        place = str(root / "proc" / name)
        if os.path.exists(place):
            kernel.mount(place, place, None, BIND | REC)
            kernel.mount("none", place, None, BIND | REMOUNT | RDONLY | NOSUID | NODEV | NOEXEC)


def _show(kernel: Kernel, root: Path, path: str, *, writable: bool = False) -> None:
    """Let a file or folder be seen at its own path, with what is mounted below it."""
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.isdir(path):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    kernel.mount(path, str(target), None, BIND | REC)
    if writable:
        return
    for place, flags in _mounts_below(os.path.realpath(target)):
        kernel.mount("none", place, None, BIND | REMOUNT | RDONLY | NOSUID | flags)


def _mounts_below(path: str) -> Iterator[tuple[str, int]]:
    """The mounts at and below a path, with the flags that they must keep."""
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        fields = line.split(" ")
        place = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if place == path or place.startswith(f"{path}/"):
            yield place, sum(FLAGS.get(option, 0) for option in fields[5].split(","))


# -- a scenario's calls ------------------------------------------------------------------------------------


class Toolset:
    """The built-in tools, in a folder that stands in for the container's `/`.

    Args:
        root: that folder; "" where the container's own paths are meant.
        path: where commands are looked for.
        hidden: texts that no result has, with what stands there instead: where Python is installed here.
    """

    def __init__(self, root: str, path: str, hidden: dict[str, str]) -> None:
        from anthropic.lib.tools.agent_toolset import AgentToolContext, beta_agent_toolset_20260401

        notice_ended_shells()
        self.root, self.hidden = root, {**({root: ""} if root else {}), **hidden}
        for folder in FOLDERS:
            Path(root + folder).mkdir(parents=True, exist_ok=True)
        env = {"PATH": path, "HOME": f"{root}/mnt/user", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self.context = AgentToolContext(
            workdir=f"{root}/mnt", env=env, read_only_roots=[Path(f"{root}/mnt/session/uploads")]
        )  # fmt: skip
        self.tools = {tool.name: tool for tool in beta_agent_toolset_20260401(self.context)}

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            if "tool" in asked:
                return await self._call(asked["tool"], asked["input"])
            return self._put(asked)
        except (OSError, ValueError, TypeError, KeyError) as error:
            return {"failed": self._shown(f"{type(error).__name__}: {error}")}

    def _put(self, asked: dict[str, Any]) -> dict[str, Any]:
        for folder in asked.get("read_only", ()):
            self.context.read_only_roots.append(Path(self.root + folder))
        for folder in asked.get("folders", ()):
            Path(self.root + folder).mkdir(parents=True, exist_ok=True)
        if any(file["path"].startswith("/workspace/") for file in asked["put"]):
            self.context.allowed_roots = [Path(f"{self.root}/workspace")]
        for file in asked["put"]:
            target = Path(self.root + file["path"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(base64.b64decode(file["content"]))
        return {}

    async def _call(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        from anthropic.lib.tools import ToolError

        if name not in self.tools:
            return {"failed": f"tool {name!r} can't be executed here; there are {', '.join(self.tools)}"}
        try:
            content: Any = await self.tools[name].call(self._inside(given))
            is_error = False
        except ToolError as error:
            content, is_error = error.content, True
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        for block in blocks:
            if "text" in block:
                block["text"] = self._shown(str(block["text"]))
        return {"content": blocks, "is_error": is_error, "files": self._files()}

    def _inside(self, value: Any) -> Any:
        """A call's input, its paths below the folder that stands in for `/`."""
        if isinstance(value, str) and self.root:
            for tree in TREES:
                value = value.replace(tree, f"{self.root}{tree}")
        if isinstance(value, dict):
            return {key: self._inside(item) for key, item in value.items()}
        return value

    def _shown(self, text: str) -> str:
        for here, stand_in in self.hidden.items():
            text = text.replace(here, stand_in)
        return text

    def _files(self) -> dict[str, str]:
        """What stands in the kept folders. A link counts if what it leads to is the scenario's own."""
        found, size = {}, 0
        trees = tuple(os.path.realpath(self.root + tree) + "/" for tree in TREES)
        for kept in KEPT:
            for file in sorted(Path(self.root + kept).rglob("*")):
                if not file.is_file() or not os.path.realpath(file).startswith(trees):
                    continue
                size += file.stat().st_size
                if size > MAX_FILES:
                    raise ValueError(f"{' and '.join(KEPT)} have more than {MAX_FILES // 2**20} MiB")
                content = file.read_bytes()
                for here, stand_in in self.hidden.items():
                    content = content.replace(here.encode(), stand_in.encode())
                found[str(file)[len(self.root) :]] = base64.b64encode(content).decode()
        return found


def notice_ended_shells() -> None:
    """Have a command that ends its shell (`exit`) wait until the shell is gone.

    Otherwise it would depend on which is faster whether the next command is told that the shell has ended.
    """
    from anthropic.lib.tools.agent_toolset import BashResult, BashSession

    execute = BashSession.exec

    async def executed(self: BashSession, *args: Any, **options: Any) -> BashResult:
        result = await execute(self, *args, **options)
        if result.exit_code == UNKNOWN:
            with contextlib.suppress(TimeoutError):  # it is there still: only its answer couldn't be read
                await asyncio.wait_for(self._proc.wait(), GRACE)
        return result

    BashSession.exec = executed  # type: ignore[method-assign]


async def serve(channel: socket.socket, calls: Toolset) -> None:
    """Answer until nobody asks any more."""
    with channel.makefile("rwb") as lines:
        for line in lines:
            lines.write(json.dumps(await calls.answer(json.loads(line))).encode() + b"\n")
            lines.flush()


# -- one process for each scenario -------------------------------------------------------------------------


def work(channel: socket.socket, told: dict[str, Any]) -> None:
    """A scenario's process: says through the channel whether it could be confined, then what it is asked."""
    os.setsid()
    root = told.get("root", "")
    try:
        if not root:
            kernel = Kernel()
            kernel.die_with_parent()
            confine(kernel, told["visible"])
        calls = Toolset(root, told["path"], told["hidden"])
    except (OSError, AttributeError, ValueError) as error:
        channel.sendall(json.dumps({"failed": str(error)}).encode() + b"\n")
        return
    channel.sendall(b"{}\n")
    asyncio.run(serve(channel, calls))
    if root:  # where it is confined, all of these end with it
        shutil.rmtree(f"{root}/workspace", ignore_errors=True)
        os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Fork a process for each socket that comes through standard input, which is a socket too."""
    sys.path[:] = json.loads(sys.argv[1])
    import anthropic.lib.tools.agent_toolset  # noqa: F401  (once, for all of them)

    # A shell that has ended before anybody asked how is no news.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started this one ends it
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([control], [], [], 1.0)
        children -= {child for child in children if os.waitpid(child, os.WNOHANG)[0]}
        if not ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, 65536, 1)
        if not data:
            break
        if (child := os.fork()) == 0:
            control.close()
            code = 1
            try:
                work(socket.socket(fileno=descriptors[0]), json.loads(data))
                code = 0
            finally:
                os._exit(code)
        children.add(child)
        os.close(descriptors[0])
    for child in children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
