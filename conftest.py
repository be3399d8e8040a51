"""What holds for all that pytest runs here, tests and notebooks (nbmake runs those without fixtures).

1. No real request ever leaves: see tests/kit/offline. The folder goes on PYTHONPATH, so that kernels
   and other child processes are guarded from their first line.
2. A notebook is on recordings, whatever keys the user has; strictly, so that a message that no
   recording continues is an error.
3. No certificate is ever looked at, so none is loaded: each of the thousands of clients would take
   20 ms for it.
"""

import gc
import os
import sys
from pathlib import Path

OFFLINE = str(Path(__file__).parent / "tests" / "kit" / "offline")

sys.path.insert(0, OFFLINE)
import loopback_only  # noqa: E402, F401

os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [OFFLINE, os.environ.get("PYTHONPATH")]))
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = OFFLINE  # a folder without certificates
os.environ |= {"COOKBOOK_OFFLINE": "1", "COOKBOOK_STRICT": "1", "PYTHONHASHSEED": "0"}
for name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "COOKBOOK_BOARD"))]:
    del os.environ[name]


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays, so whoever collects garbage need not look at it again.

    Tests that run pytest in this process do it five times each.
    """
    gc.collect()
    gc.freeze()
