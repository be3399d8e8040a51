"""The kernel of a headless run: this interpreter, on recordings, and nothing of the user's own set-up.

A run that depends on whose laptop it is on can't be compared byte for byte, and one that finds
a key would spend money. What a learner sees in JupyterLab is not touched by any of this.
"""

from __future__ import annotations

import os

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from utilities.loopback import confining

# Out go: keys and addresses, the surrounding pytest's variables (lessons run pytest in a
# subprocess), a backend or a terminal that would change what is drawn or printed.
DROPPED_PREFIXES = ("ANTHROPIC_", "PYTEST_")
DROPPED = {"MPLBACKEND", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"}
DROPPED |= {"COOKBOOK_MODEL", "COOKBOOK_BOARD"}


def kernel_environment(ipython_dir: str) -> dict[str, str]:
    """The environment of a headless kernel.

    Args:
        ipython_dir: an empty folder, in place of the user's IPython profile and history.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(DROPPED_PREFIXES) and name not in DROPPED
    }
    return (
        kept
        | confining(kept)
        | {
            "COOKBOOK_OFFLINE": "1",  # recordings, whatever keys there are
            "COOKBOOK_STRICT": "1",  # a message that no recording continues is an error
            "PYTHONHASHSEED": "0",  # sets print in the same order in every run
            "IPYTHONDIR": ipython_dir,
        }
    )


def kernel_manager() -> AsyncKernelManager:
    """A `python3` kernel that is sys.executable: no folder is searched, so no spec can shadow it."""
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
