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


class NotFetched(Exception):
    """A part is missing; the message says which, and what to do."""


def fetch() -> None:
    """Fetch what is missing into FOLDER, and say what.

    Raises:
        NotFetched: npm is missing, or it or pip failed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotFetched("npm is not on this machine, and Pyodide comes from there: it is part of Node")
    if not (core := FOLDER / f"pyodide-{PYODIDE}").exists():
        print(f"pyodide {PYODIDE} from npm, 6 MB", file=sys.stderr, flush=True)
        FOLDER.mkdir(exist_ok=True)
        _run(npm, "pack", f"pyodide@{PYODIDE}", "--silent")
        shutil.unpack_archive(FOLDER / f"pyodide-{PYODIDE}.tgz", FOLDER / "unpacked")
        (FOLDER / "unpacked" / "package").rename(core)
    shutil.rmtree(FOLDER / "wheels", ignore_errors=True)  # of other versions, perhaps
    print("14 MB of wheels for Python in a browser from PyPI", file=sys.stderr, flush=True)
    chosen = ("--python-version", PYTHON, "--implementation", "cp", "--platform", PLATFORM)
    abis = ("--abi", f"cp{PYTHON.replace('.', '')}", "--abi", "abi3", "--abi", "none")
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    lock = ("--constraint", str(ROOT / "requirements.lock"))
    _run(*pip, "--only-binary", ":all:", *chosen, *abis, *lock, "--no-deps", "--dest", "wheels", *WHEELS)
    print("JupyterLite from PyPI, 35 MB", file=sys.stderr, flush=True)
    if not builder().exists():
        _run(sys.executable, "-m", "venv", "builder")
    _run(str(builder()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *lock, *KERNEL)
    (FOLDER / "fetched").write_text(_versions(), "utf-8")


def fetched() -> tuple[Path, list[Path]]:
    """Pyodide's own folder, and the wheels.

    Raises:
        NotFetched: they were never fetched, or are those of other versions.
    """
    stamp = FOLDER / "fetched"
    if not stamp.exists() or stamp.read_text("utf-8") != _versions():
        raise NotFetched("the parts are not in .lite/: `make lite-parts` fetches them, 55 MB")
    return FOLDER / f"pyodide-{PYODIDE}", sorted((FOLDER / "wheels").glob("*.whl"))


def builder() -> Path:
    """The Python that JupyterLite is installed in."""
    return FOLDER / "builder" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _versions() -> str:
    return "\n".join([PYODIDE, *KERNEL, *WHEELS, (ROOT / "requirements.lock").read_text("utf-8")])


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=FOLDER, check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise NotFetched(f"{Path(command[0]).name} failed, see above: is this machine online?")
