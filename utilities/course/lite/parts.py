"""What Python in a browser is made of: fetched by name, never kept in the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ..places import ROOT

__all__ = ["FOLDER", "LESSONS", "NotFetched", "fetch", "fetched"]

FOLDER = ROOT / ".lite"
LESSONS = ("00_one_turn", "01_agent_environment_session", "03_requires_action")
# The kernel below is made for this one. It has Python 3.14.
PYODIDE = "314.0.6"
# `jupyter-server` and `jupyterlab-server` list the files and settings that the browser asks for.
KERNEL = (
    *("jupyterlite-core==0.8.6", "jupyterlite-pyodide-kernel==0.8.6"),
    *("jupyterlab-widgets", "jupyter-server", "jupyterlab-server"),
)
PYTHON, PLATFORM = "3.14", "pyemscripten_2026_0_wasm32"
# What the course and the kernel import, with all that these need: pip would ask for what they need on this
# machine. The versions are those of requirements.lock. `httpx2-jsfetch` is what httpx2 has there in place of
# sockets. There is no matplotlib for this platform on PyPI.
WHEELS = (
    *("anthropic", "annotated-types", "anyio", "docstring-parser", "h11", "httpcore2", "httpx2", "idna"),
    *(
        "httpx2-jsfetch==1.0",
        "jiter",
        "pydantic",
        "opentelemetry-api",
        "pydantic-core",
        "sniffio",
        "truststore",
    ),
    *("typing-extensions", "typing-inspection", "python-multipart", "pygments"),
    *("ipython", "asttokens", "decorator", "executing", "ipython-pygments-lexers", "jedi", "parso"),
    *("matplotlib-inline", "prompt-toolkit", "pure-eval", "stack-data", "traitlets", "wcwidth"),
    *("ipywidgets", "comm", "jupyterlab-widgets", "micropip==0.11.1", "packaging"),
)
PIP, QUIET = ("-m", "pip"), ("--quiet", "--disable-pip-version-check")
LOCK = ("--constraint", str(ROOT / "requirements.lock"))
PYTHON_PARTS, LAB_PARTS = (
    ("python.fetched", PYODIDE, *WHEELS),
    ("lab.fetched", *KERNEL),
)  # each with its stamp
MISSING = "the parts are not in .lite/: `make lite-parts` fetches them, 55 MB"


class NotFetched(Exception):
    """A part is missing; the message says which, and what to do."""


def fetch(*, lab: bool = True) -> None:
    """Fetch what is missing into FOLDER, and say what.

    Args:
        lab: whether JupyterLite is fetched, too: a build needs it, Python in a browser doesn't.

    Raises:
        NotFetched: npm is missing, or it or pip failed.
    """
    FOLDER.mkdir(exist_ok=True)
    if not _is_here(PYTHON_PARTS):
        _fetch_pyodide()
        print("14 MB of wheels for Python in a browser from PyPI", file=sys.stderr, flush=True)
        shutil.rmtree(FOLDER / "wheels", ignore_errors=True)  # of other versions, perhaps
        chosen = ("--python-version", PYTHON, "--implementation", "cp", "--platform", PLATFORM)
        abis = ("--abi", f"cp{PYTHON.replace('.', '')}", "--abi", "abi3", "--abi", "none")
        only = ("--only-binary", ":all:", "--no-deps", "--dest", "wheels")
        _run(sys.executable, *PIP, "download", *QUIET, *LOCK, *chosen, *abis, *only, *WHEELS)
        _keep(PYTHON_PARTS)
    if lab and not _is_here(LAB_PARTS):
        print("JupyterLite from PyPI, 35 MB", file=sys.stderr, flush=True)
        _run(sys.executable, "-m", "venv", "--clear", "builder")
        _run(str(_builder()), *PIP, "install", *QUIET, *LOCK, *KERNEL)
        _keep(LAB_PARTS)


def fetched() -> tuple[Path, list[Path]]:
    """Pyodide's own folder, and the wheels.

    Raises:
        NotFetched: they were never fetched, or are those of other versions.
    """
    if not _is_here(PYTHON_PARTS):
        raise NotFetched(MISSING)
    return FOLDER / f"pyodide-{PYODIDE}", sorted((FOLDER / "wheels").glob("*.whl"))


def builder() -> Path:
    """The Python that JupyterLite is installed in.

    Raises:
        NotFetched: as of `fetched`.
    """
    if not _is_here(LAB_PARTS):
        raise NotFetched(MISSING)
    return _builder()


def _builder() -> Path:
    return FOLDER / "builder" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _fetch_pyodide() -> None:
    core = FOLDER / f"pyodide-{PYODIDE}"
    if core.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not on this machine, and Pyodide comes from there: it is part of Node")
    print(f"pyodide {PYODIDE} from npm, 6 MB", file=sys.stderr, flush=True)
    _run(npm, "pack", f"pyodide@{PYODIDE}", "--silent")
    shutil.unpack_archive(FOLDER / f"{core.name}.tgz", FOLDER / "unpacked")
    (FOLDER / "unpacked" / "package").rename(core)


def _is_here(parts: tuple[str, ...]) -> bool:
    """Whether these were fetched, in the versions that are wanted now."""
    stamp = FOLDER / parts[0]
    return stamp.exists() and stamp.read_text("utf-8") == _versions(parts)


def _keep(parts: tuple[str, ...]) -> None:
    (FOLDER / parts[0]).write_text(_versions(parts), "utf-8")


def _versions(parts: tuple[str, ...]) -> str:
    return "\n".join([*parts, (ROOT / "requirements.lock").read_text("utf-8")])


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=FOLDER, check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise NotFetched(f"{Path(command[0]).name} failed, see above: is this machine online?")
