"""Another version of the SDK, installed beside the lock's other packages, and what is run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.sdk import LOCK, UV, others_pinned
from tests.kit.places import DATA, ROOT

CACHE = ROOT / ".newest-sdk"
# The rooms whose tests meet the SDK's client; notebooks are left to `make test`.
ROOMS = ("tests/turn", "tests/replay", "tests/webhook")
CHECKS = {
    "the SDK's own tests": ("tests.conformance",),
    "recordings": ("utilities.replay.scenario", str(DATA / "scenarios"), "--verify"),
    "tests": ("pytest", "-q", "-n", "2", *ROOMS),
}


class NotInstalled(Exception):
    """The version can't be had, or not beside the lock's other packages."""


@dataclass(frozen=True)
class Trial:
    """An environment with another anthropic."""

    python: Path
    package: Path
    version: str


def installed(version: str | None) -> Trial:
    """An environment made anew in `.newest-sdk`, which git ignores.

    Args:
        version: of anthropic; by default the newest that the package index has and pyproject.toml allows.

    Raises:
        NotInstalled: as it says; the installer's own words are on standard error.
    """
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir()
    constraints, python = CACHE / "constraints.txt", CACHE / "venv" / "bin" / "python"
    constraints.write_text(others_pinned(LOCK.read_text("utf-8")), "utf-8")
    wanted = f"anthropic[webhooks]=={version}" if version else "anthropic[webhooks]"
    _run("venv", "--seed", "--python", sys.executable, str(CACHE / "venv"))
    needs = [wanted, "uv", "-e", ".", "-r", str(constraints)]  # uv: for the fetching of the SDK's tests
    _run("pip", "install", "--python", str(python), *needs)
    (package,) = CACHE.glob("venv/lib/python*/site-packages/anthropic")
    (about,) = package.parent.glob("anthropic-*.dist-info")
    return Trial(python, package, about.name.removeprefix("anthropic-").removesuffix(".dist-info"))


def failures(trial: Trial) -> Iterator[str]:
    """Run every check there, its output going where ours goes; the names of those that failed."""
    terse = os.environ | {"PYTEST_ADDOPTS": "--tb=line"}  # a version that breaks much breaks it in one way
    for name, module in CHECKS.items():
        print(f"\n{name}, with anthropic {trial.version}:", flush=True)
        if subprocess.run([str(trial.python), "-m", *module], cwd=ROOT, env=terse).returncode:
            yield name


def _run(*arguments: str) -> None:
    try:
        subprocess.run([str(UV), *arguments, "--quiet"], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(f"{error}. A package index is needed, and `make dev` done.") from error
