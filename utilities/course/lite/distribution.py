"""A folder that Python in a browser starts from: Pyodide, the wheels, the course, and a list of them all."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..places import DATA, ROOT
from .parts import LESSONS, NotFetched

__all__ = ["COURSE", "course_wheel", "distribution"]

COURSE = "managed-agents-cookbook"
LIST = "pyodide-lock.json"


def distribution(core: Path, wheels: Sequence[Path], to: Path) -> None:
    """Make the folder.

    Args:
        core: Pyodide's own.
        wheels: what can be imported there, the course's among them.
        to: the folder; what it had is gone.
    """
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(core, to)
    info = json.loads((core / LIST).read_text("utf-8"))["info"]
    listed = [_listed(Path(shutil.copy2(wheel, to))) for wheel in wheels]
    names = {each["name"] for each in listed}
    for each in listed:
        each["depends"] = [name for name in each["depends"] if name in names]
    packages = {each["name"]: each for each in sorted(listed, key=lambda each: str(each["name"]))}
    (to / LIST).write_text(json.dumps({"info": info, "packages": packages}, indent=1), "utf-8")


def course_wheel(to: Path) -> Path:
    """The course as a wheel, with the data that its lessons look for.

    Raises:
        NotFetched: it could not be built.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "course")
        for name in ("utilities", "pyproject.toml", "README.md", "LICENSE"):
            _copy(ROOT / name, copy / name)
        pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
        options = ("--no-deps", "--no-build-isolation", "--wheel-dir", folder)
        if subprocess.run([*pip, *options, str(copy)], check=False).returncode:
            raise NotFetched("the course's wheel could not be built, see above")
        [built] = Path(folder).glob("*.whl")
        return _with_data(built, to / built.name)


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)


def _with_data(wheel: Path, to: Path) -> Path:
    """A copy of the wheel that has the data beside the packages, where `places` looks for it."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        record = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        for name in old.namelist():
            if name != record:
                new.writestr(_entry(name), old.read(name))
        lines = old.read(record).decode()
        for path in _data():
            name, content = path.relative_to(ROOT).as_posix(), path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines += f"{name},sha256={digest},{len(content)}\n"
            new.writestr(_entry(name), content)
        new.writestr(_entry(record), lines)
    return to


def _data() -> Iterator[Path]:
    for path in sorted(path for path in DATA.rglob("*") if path.is_file()):
        if not any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts):
            yield path
    yield from (ROOT / "notebooks" / "solutions" / f"{lesson}.ipynb" for lesson in LESSONS)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # the same bytes each time
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _listed(wheel: Path) -> dict[str, Any]:
    """What Pyodide wants to know of a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        told = opened.read(about).decode().partition("\n\n")[0]
    needed = [line.partition(" ")[2] for line in told.splitlines() if line.startswith("Requires-Dist:")]
    version = re.search(r"^Version: (.+)$", told, re.M)
    assert version is not None, wheel.name
    return {
        "name": _canonical(wheel.name.split("-")[0]),
        "version": version[1].strip(),
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "install_dir": "site",
        "package_type": "package",
        "imports": sorted({_top(name) for name in names if name.endswith(".py")}),
        "depends": [_canonical(re.split(r"[^\w.-]", line)[0]) for line in needed if "extra ==" not in line],
        "unvendored_tests": False,
        "tool": {},
    }


def _top(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
