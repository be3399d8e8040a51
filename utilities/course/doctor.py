"""`make doctor`: is this machine ready for the course, and if not, what to do.

Only the standard library is imported at the top, and the file runs as a script too: it has to
work where nothing else does.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Check:
    """One line of the report; `detail` is what was found, or what to do about it."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'OK ' if self.ok else 'FIX'}  {self.name:<10}  {self.detail}"


def python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 - run as a script, by whatever Python there is
        return Check("Python", False, f"{version} is too old: make setup PYTHON=python3.12")
    return Check("Python", True, version)


def packages(lock: Path, project: Path) -> Check:
    """Whether what is installed is what the lock says, for this platform.

    The SDK may be another one that the project allows: whoever tries a newer one has nothing to mend.
    """
    try:
        import tomllib

        from packaging.requirements import Requirement

        lines = [line for line in lock.read_text().splitlines() if line and line[0] not in " #"]
        wanted = [Requirement(line) for line in lines]
        direct = map(Requirement, tomllib.loads(project.read_text())["project"]["dependencies"])
        (sdk,) = (req for req in direct if req.name == "anthropic")
    except (ImportError, OSError, ValueError, KeyError) as problem:  # ValueError: not a lock file
        return Check("packages", False, f"{problem}: run make setup in a whole clone")
    wanted = [req for req in wanted if req.marker is None or req.marker.evaluate()]
    found = {req.name: _installed(req.name) for req in wanted}
    other = [req.name for req in wanted if found[req.name] not in req.specifier]
    well = f"{len(wanted)} as in {lock.name}"
    if "anthropic" in other and found["anthropic"] in sdk.specifier:
        other.remove("anthropic")
        well += f", but anthropic is {found['anthropic']}, which {project.name} allows too"
    if other:
        again = "rm -r .venv, then make setup" if (ROOT / ".venv").exists() else "make setup"
        named = _some([f"{name} {found[name]}" for name in other])
        return Check("packages", False, f"not the lock's: {named}; {again}")
    return Check("packages", True, well)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def kernel() -> Check:
    """Whether JupyterLab's `python3` is this interpreter: its folder tells, a venv's python being a link."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as problem:
        return Check("kernel", False, f"{problem}: run make setup")
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Check("kernel", False, "no kernel python3: rm .venv/.setup-stamp, then make setup")
    if os.path.isabs(command) and Path(command).parent != Path(sys.executable).parent:
        return Check("kernel", False, f"python3 is {command}: rm .venv/.setup-stamp, then make setup")
    return Check("kernel", True, "python3 is this interpreter")


def port() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return Check("port", True, f"127.0.0.1:{server.getsockname()[1]} could be opened")
    except OSError as problem:
        return Check("port", False, f"no port on 127.0.0.1 ({problem}): allow Python to listen on loopback")


def key() -> Check:
    """What `connect()` will do, by the rules of `client.py`, which can't be imported without the packages."""
    offline = os.environ.get("COOKBOOK_OFFLINE", "").strip().lower()
    if offline not in ("", "0", "false", "no"):
        return Check("key", True, "COOKBOOK_OFFLINE is set: recordings")
    if url := os.environ.get("ANTHROPIC_BASE_URL"):
        return Check("key", True, f"ANTHROPIC_BASE_URL is set: whatever answers at {url}")
    if os.environ.get("ANTHROPIC_API_KEY"):
        return Check("key", True, "ANTHROPIC_API_KEY is set: live, cells will cost money")
    return Check("key", True, "ANTHROPIC_API_KEY is not set: recordings")


def recordings(folder: Path) -> Check:
    """Whether the replay server can read them. Anything that stops it is a finding, so all is caught."""
    try:
        from utilities.replay.recordings.library import Library

        count = len(Library.load(folder).recordings)
    except ImportError as problem:
        return Check("recordings", False, f"{problem}: run make setup")
    except Exception as problem:
        reason = str(problem) or type(problem).__name__
        return Check("recordings", False, f"{reason}: git checkout example_data")
    if not count:
        return Check("recordings", False, f"none in {folder.name}: git checkout example_data")
    return Check("recordings", True, f"{count} can be read")


def main() -> int:
    """Print every check. 0: all is well. 1: there is something to do."""
    checks = [
        python(),
        packages(ROOT / "requirements.lock", ROOT / "pyproject.toml"),
        kernel(),
        port(),
        key(),
        recordings(ROOT / "example_data" / "recordings"),
    ]
    print(*checks, sep="\n")
    return int(not all(check.ok for check in checks))


if __name__ == "__main__":
    raise SystemExit(main())
