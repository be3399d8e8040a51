"""Opens the course in JupyterLab: `make lab`, and where there is no make.

    python -m utilities.course.lab                               # lesson 00
    python -m utilities.course.lab notebooks/03_requires_action.ipynb
    python -m utilities.course.lab --no-browser --port 9999      # options are JupyterLab's

Kernels find the course wherever they start, if they are those of the environment that this runs in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from .places import ROOT

# Where Jupyter keeps kernels, settings and history: below a home that not everybody has.
JUPYTERS = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
FIRST = "notebooks/00_one_turn.ipynb"


def arguments(given: Sequence[str], *, root: bool) -> list[str]:
    """What JupyterLab is started with.

    It asks nobody on the internet (no news, update check or extension catalogue), nor the reader about it:
    the rest of that is in `lab_settings`. Kernels are spoken to encrypted, or each would print a warning.
    The address that it prints leads to the lesson, for whoever opens it in a browser of their own.

    Args:
        given: options of JupyterLab's, and a notebook or none.
        root: whether root starts it, as in most containers: Jupyter wants to be told that it may.
    """
    notebook = next((each for each in given if each.endswith(".ipynb")), FIRST)
    return [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
        f"--LabApp.app_settings_dir={ROOT / 'utilities' / 'course' / 'lab_settings'}",
        "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--KernelManager.transport_encryption=auto",
        *(["--allow-root"] if root else []),
        *(each for each in given if each != notebook),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    try:
        from jupyterlab.labapp import LabApp
    except ModuleNotFoundError as error:
        told = "`make setup` or `python -m utilities.course.setup` puts it into .venv; use the Python there"
        print(f"{error} in {sys.executable}: {told}", file=sys.stderr)
        return 1
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each kernel would compile the course anew
    with TemporaryDirectory(prefix="jupyter-") as folder:
        if not os.access(os.path.expanduser("~"), os.W_OK):
            os.environ.update({name: os.environ.get(name, folder) for name in JUPYTERS})
        LabApp.launch_instance(arguments(sys.argv[1:] if argv is None else argv, root=root))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
