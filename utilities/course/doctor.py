"""`make doctor`: is this machine ready for the course, and if not, what to do.

    python -m utilities.course.doctor

Only the standard library is imported at the top: it has to work where nothing else does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parents[2]
SETUP = "py -m utilities.course.setup" if os.name == "nt" else "make setup"
AGAIN = f"remove .venv, then {SETUP}"
STAY = "COOKBOOK_OFFLINE=1 stays on recordings"


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
        newer = "py -3.12 -m utilities.course.setup" if os.name == "nt" else "make setup PYTHON=python3.12"
        return Check("Python", False, f"{version} is too old: {newer}")
    if sys.version_info >= (3, 14):
        return Check(
            "Python", True, f"{version}, on which the lessons with memory fail; 3.11 to 3.13 run all"
        )
    return Check("Python", True, version)


def packages(lock: Path, project: Path) -> Check:
    """Whether what is installed is what the lock says, for this platform.

    The SDK may be another one that the project allows: whoever tries a newer one has nothing to mend.
    """
    try:
        import tomllib

        from packaging.requirements import Requirement

        lines = [line for line in lock.read_text("utf-8").splitlines() if line and line[0] not in " #"]
        wanted = [Requirement(line) for line in lines]
        about = tomllib.loads(project.read_text("utf-8"))["project"]
        (sdk,) = (req for req in map(Requirement, about["dependencies"]) if req.name == "anthropic")
        tools = {Requirement(each).name for each in about.get("optional-dependencies", {}).get("setup", ())}
    except (ImportError, OSError, ValueError, KeyError) as problem:  # ValueError: not a lock file
        return Check("packages", False, f"{problem}: {SETUP} in a whole clone")
    wanted = [req for req in wanted if req.marker is None or req.marker.evaluate()]
    wanted = [req for req in wanted if req.name not in tools]  # who has it set up already needs none of these
    found = {req.name: _installed(req.name) for req in wanted}
    other = [req.name for req in wanted if found[req.name] not in req.specifier]
    well = f"{len(wanted)} as in {lock.name}"
    if "anthropic" in other and found["anthropic"] in sdk.specifier:
        other.remove("anthropic")
        well += f", but anthropic is {found['anthropic']}, which {project.name} allows too"
    if other:
        again = AGAIN if (ROOT / ".venv").exists() else SETUP
        named = _some([f"{name} {found[name]}" for name in other])
        return Check("packages", False, f"not the lock's: {named}; {again}")
    return Check("packages", True, well)


def own_packages(project: Path) -> Check:
    """Whether an environment of one's own has what the course needs, in versions that it allows."""
    try:
        import tomllib

        from packaging.requirements import Requirement

        about = tomllib.loads(project.read_text("utf-8"))["project"]
        wanted = [
            Requirement(each) for each in about["dependencies"] + about["optional-dependencies"]["course"]
        ]
    except (ImportError, OSError, ValueError, KeyError) as problem:
        return Check("packages", False, f"{problem}: {SETUP} in a whole clone")
    other = [f"{req.name} {found}" for req in wanted if (found := _installed(req.name)) not in req.specifier]
    if other:
        get = f'{sys.executable} -m pip install -e "{project.parent}[course]"'
        return Check("packages", False, f"not what the course needs: {_some(other)}; {SETUP}, or {get}")
    return Check("packages", True, "your own, as the course allows; tested are the lock's")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def course() -> Check:
    """Whether the course that this Python imports, wherever it is started, is the one of this clone."""
    # The clone itself has a trace of every set-up, whichever Python it was for; only this says for which.
    copies = metadata.distributions(name="managed-agents-cookbook")
    told = next(filter(None, (copy.read_text("direct_url.json") for copy in copies)), None)
    if told is None:
        return Check("course", False, f"not installed in {sys.executable}: {SETUP}")
    url = urlsplit(json.loads(told).get("url", ""))
    if url.scheme != "file":
        return Check("course", False, f"installed, but not from a clone: {SETUP}")
    where = Path(url2pathname(unquote(url.path))).resolve()
    if where != ROOT:
        return Check("course", False, f"this Python has the one of {where}, not of {ROOT}: {SETUP} here")
    return Check("course", True, "this clone's")


def kernel() -> Check:
    """Whether JupyterLab's `python3` is this interpreter: its folder tells, a venv's python being a link."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError as problem:
        return Check("kernel", False, f"{problem}: {SETUP}")
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Check("kernel", False, f"no kernel python3: {AGAIN}")
    if os.path.isabs(command) and Path(command).parent != Path(sys.executable).parent:
        return Check("kernel", False, f"python3 is {command}: {AGAIN}, then make lab")
    return Check("kernel", True, "python3 is this interpreter")


def port() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return Check("port", True, f"127.0.0.1:{server.getsockname()[1]} could be opened")
    except OSError as problem:
        return Check("port", False, f"no port on 127.0.0.1 ({problem}): allow Python to listen on loopback")


def network() -> Check:
    """What the environment says of it. Only the live service is reached that way, never the recordings."""
    proxies = [name for name in ("HTTPS_PROXY", "ALL_PROXY") for name in (name, name.lower()) if _set(name)]
    missing = [
        name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if _set(name) and not Path(_set(name)).exists()
    ]
    live = _set("ANTHROPIC_API_KEY") and not _offline()
    if missing and live:
        return Check("network", False, f"{missing[0]} names {_set(missing[0])}, which isn't there: unset it")
    socks = any(_set(name).startswith("socks") for name in proxies)
    if socks and live and not util.find_spec("socksio"):
        return Check(
            "network", False, f"for a SOCKS proxy the SDK needs a package: pip install socksio; {STAY}"
        )
    if named := [*proxies, *missing]:
        return Check("network", True, f"{', '.join(named)}: for the live service; recordings need no network")
    return Check("network", True, "no proxy is named")


def key() -> Check:
    """What `connect()` will do, by the rules of `client.py`, which can't be imported without the packages."""
    if _offline():
        return Check("key", True, "COOKBOOK_OFFLINE is set: recordings")
    key = os.environ.get("ANTHROPIC_API_KEY", "")
    if not (key.isprintable() and key.isascii()):
        return Check(
            "key",
            False,
            f"ANTHROPIC_API_KEY has a line break in it, or what can't be sent: set it again; {STAY}",
        )
    if url := os.environ.get("ANTHROPIC_BASE_URL"):
        return Check("key", True, f"ANTHROPIC_BASE_URL is set: whatever answers at {url}; {STAY}")
    if key and not key.startswith("sk-ant-"):
        detail = "ANTHROPIC_API_KEY doesn't begin as keys do (sk-ant-)"
        return Check("key", False, f"{detail}: set one that works, or unset it; {STAY}")
    if key:
        return Check("key", True, f"ANTHROPIC_API_KEY is set: live, cells will cost money; {STAY}")
    return Check("key", True, "ANTHROPIC_API_KEY is not set: recordings")


def _set(name: str) -> str:
    return os.environ.get(name, "").strip()


def _offline() -> bool:
    return _set("COOKBOOK_OFFLINE").lower() not in ("", "0", "false", "no")


def folders() -> Check:
    """Whether Jupyter can write where it wants to, and whoever changes a lesson in the clone."""
    wanted = _set("JUPYTER_RUNTIME_DIR") or os.path.expanduser("~")
    if not _writable(Path(wanted)):
        told = "make lab gives Jupyter a temporary folder; elsewhere set JUPYTER_RUNTIME_DIR to one of yours"
        return Check("folders", False, f"{wanted} can't be written in: {told}")
    if not _writable(ROOT):
        return Check("folders", True, f"{ROOT} is read-only: lessons run, save what you change elsewhere")
    return Check("folders", True, "can be written in")


def _writable(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def recordings(folder: Path) -> Check:
    """Whether the replay server can read them. Anything that stops it is a finding, so all is caught."""
    try:
        from utilities.replay.recordings.library import Library

        count = len(Library.load(folder).recordings)
    except ImportError as problem:
        return Check("recordings", False, f"{problem}: {SETUP}")
    except Exception as problem:
        reason = str(problem) or type(problem).__name__
        return Check("recordings", False, f"{reason}: git checkout example_data")
    if not count:
        return Check("recordings", False, f"none in {folder.name}: git checkout example_data")
    return Check("recordings", True, f"{count} can be read")


def main() -> int:
    """Print every check. 0: all is well. 1: there is something to do."""
    venv, project = ROOT / ".venv", ROOT / "pyproject.toml"
    lock = ROOT / ("requirements-dev.lock" if (venv / ".dev-stamp").exists() else "requirements.lock")
    in_venv = Path(sys.prefix).resolve() == venv.resolve()
    checks = [
        python(),
        packages(lock, project) if in_venv else own_packages(project),
        course(),
        kernel(),
        port(),
        network(),
        key(),
        folders(),
        recordings(ROOT / "example_data" / "recordings"),
    ]
    print(*(str(check).encode("ascii", "backslashreplace").decode() for check in checks), sep="\n")
    return int(not all(check.ok for check in checks))


if __name__ == "__main__":
    raise SystemExit(main())
