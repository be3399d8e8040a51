"""The tests of the anthropic version that is installed here, and an environment to run them in.

Both are made once for each version, in a folder that git ignores: the tests come from the source
distribution, fetched by name from the package index that pip is set up with; its source folder stays
behind, so that what is tested is the installed package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.kit.places import ROOT

CACHE = ROOT / ".conformance"
LOCK = ROOT / "requirements-dev.lock"
NEEDS = Path(__file__).parent / "requirements.txt"
UV = Path(sys.executable).parent / "uv"


class NotPrepared(Exception):
    """The tests can't be fetched or installed; seen by whoever runs `make conformance`."""


@dataclass(frozen=True)
class Suite:
    """Unpacked tests, and the Python to run them with."""

    folder: Path
    python: Path


def prepared(version: str | None = None) -> Suite:
    """The suite, made anew when a need, the lock or this Python has changed since the last time.

    Args:
        version: of anthropic; by default the one installed here, which is the lock's after `make dev`.
    """
    version = version or metadata.version("anthropic")
    cache = CACHE / version
    suite = Suite(cache / "suite", cache / "venv" / "bin" / "python")
    stamp = cache / "stamp"
    made_of = "\n".join([sys.version, NEEDS.read_text("utf-8"), LOCK.read_text("utf-8")])
    if not stamp.exists() or stamp.read_text("utf-8") != made_of:
        print(f"Fetching the tests of anthropic {version} into {CACHE.name}/{version}", file=sys.stderr)
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        _unpack(_fetched(version, cache), suite.folder)
        _install(version, suite.python)
        stamp.write_text(made_of, "utf-8")  # last: what was interrupted is simply done again
    return suite


def others_pinned(lock: str) -> str:
    """The lock without its line for anthropic: constraints for an environment with any version of it."""
    return "".join(line for line in lock.splitlines(keepends=True) if not line.startswith("anthropic=="))


def locked() -> str:
    """The version of anthropic in the lock."""
    lines = LOCK.read_text("utf-8").splitlines()
    return next(
        line.removeprefix("anthropic==").split()[0] for line in lines if line.startswith("anthropic==")
    )


def _fetched(version: str, folder: Path) -> Path:
    wanted = f"anthropic=={version}"
    only_source = ["--no-deps", "--no-binary", "anthropic", "--dest", str(folder)]
    _run(
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        *only_source,
        wanted,
    )
    (archive,) = folder.glob("anthropic-*.tar.gz")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """The tests and their settings, nothing else."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            _, _, path = member.name.partition("/")
            if path == "pyproject.toml" or path.startswith("tests/"):
                tar.extract(member.replace(name=path), folder, filter="data")


def _install(version: str, python: Path) -> None:
    _run(str(UV), "venv", "--quiet", "--python", sys.executable, str(python.parents[1]))
    constraints = python.parents[2] / "constraints.txt"
    constraints.write_text(others_pinned(LOCK.read_text("utf-8")), "utf-8")
    needs = [f"anthropic[aiohttp,webhooks]=={version}", "-r", str(NEEDS), "-c", str(constraints)]
    _run(str(UV), "pip", "install", "--quiet", "--python", str(python), *needs)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotPrepared(f"{error}. A package index is needed, and `make dev` done.") from error
