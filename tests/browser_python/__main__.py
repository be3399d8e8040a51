"""`python -m tests.browser_python`: a browser's lessons, in Pyodide, which Node runs.

    python -m tests.browser_python                              # those of parts.LESSONS, as they are solved
    python -m tests.browser_python notebooks/00_one_turn.ipynb  # or these

Fetches Pyodide and the wheels if they are not here. What the cells show, as text, has to be what is
committed.
Ends with 0 and one line if this machine has no Node. `.ci/run` doesn't call it, for what it fetches takes too
long on a fresh machine; test_imitated.py imitates a browser's Python without Node.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.browser_python.compared import differences
from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course.lite.distribution import course_wheel, distribution
from utilities.course.lite.parts import FOLDER, LESSONS, NotFetched, fetch, fetched
from utilities.course.running.notebooks import code_cells, read

HERE = Path(__file__).parent
PATIENCE = 600  # seconds for one notebook


def run(node: str, folder: Path, path: Path) -> list[str]:
    """Run a notebook; returns what is wrong with it, a line each."""
    cells = [cell for _, cell in code_cells(read(path))]
    command = [node, str(HERE / "run.mjs"), str(folder), str(HERE / "cells.py")]
    given = json.dumps([cell.source for cell in cells])
    done = subprocess.run(
        command, input=given, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )
    if done.returncode:
        return [f"Node ended with {done.returncode}: {done.stderr[-2000:]}"]
    return differences(cells, json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    node = shutil.which("node")
    if node is None:
        print("test-browser-python: no Node on this machine, so Python in a browser was not tried")
        return 0
    fetch(lab=False)
    core, wheels = fetched()
    folder = FOLDER / "distribution"
    distribution(core, [*wheels, course_wheel(FOLDER / "course")], folder)
    paths = [Path(name).resolve() for name in sys.argv[1:]]
    paths = paths or [NOTEBOOKS / "solutions" / f"{lesson}.ipynb" for lesson in LESSONS]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(partial(run, node, folder), paths))
    for path, wrong in zip(paths, told, strict=True):
        print(path.relative_to(ROOT), *(wrong or ["as committed"]), sep="\n    ")
    return 1 if any(told) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotFetched, subprocess.TimeoutExpired) as problem:
        sys.exit(f"test-browser-python: {problem}")
