"""What takes long to make and never changes is made once in a run of the tests, not by each worker."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")
PATIENCE = 120.0  # seconds


def once(folder: Path, name: str, make: Callable[[], Made], *, patience: float = PATIENCE) -> Made:
    """What `make` returns: of the workers of one run the first makes it, the others wait and read it.

    Args:
        folder: pytest's for this worker, `tmp_path_factory.getbasetemp()`; beside it are the others'.
        name: of what is made; no other fixture has it.
        make: returns what can be pickled. What it raises it raises for each worker.
        patience: seconds to wait for it; whoever makes it may have been killed, so then it is made once more.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return make()
    made = folder.parent / f"{name}.pickle"
    try:
        made.with_suffix(".begun").touch(exist_ok=False)
    except FileExistsError:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not made.with_suffix(".failed").exists():
            if made.exists():
                return pickle.loads(made.read_bytes())  # type: ignore[no-any-return]  # written by us, below
            time.sleep(0.05)
        return make()
    try:
        found = make()
        part = made.with_suffix(".part")
        part.write_bytes(pickle.dumps(found))
        part.replace(made)
    except BaseException:
        made.with_suffix(".failed").touch()
        raise
    return found
