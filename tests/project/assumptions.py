"""Run the helpers' tests and the lessons under every answer to what nobody knows of the hosted API.

    python -m tests.project.assumptions                  # make assumptions
    python -m tests.project.assumptions RULE=ANSWER …    # under these alone, to see which of them it is
    python -m tests.project.assumptions each             # under each alone, half an hour

What is ours has to hold under each answer; `utilities.replay.assumptions` has the list. `make test` runs what
depends on one of them (`tests.kit.asked`); this runs all. Several questions are answered at once, so that all
answers are in as few runs as possible; `each` tells whether one of them hid another. The solutions stand for
the lessons: they are the same cells, with the exercises done.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.kit.places import ROOT
from utilities.replay.assumptions import ASSUME_VARIABLE, Assumptions, every_answer, rounds

PYTEST = ("-m", "pytest", "-q", "-n", "4", "--dist", "worksteal", "-p", "no:cacheprovider")
HELPERS = ("turn", "approvals", "webhook", "replay/test_export.py", "project/test_leftovers.py")
RUNS = (
    [*PYTEST, *(f"tests/{helpers}" for helpers in HELPERS), "tests/project/test_made.py"],
    ["-m", "utilities.course.running", "--folder", "notebooks/solutions"],
    ["-m", "utilities.course.running", "--folder", "notebooks/solutions", "deep"],
)


def main(argv: list[str] | None = None) -> int:
    given = " ".join(sys.argv[1:] if argv is None else argv)
    failed = 0
    for spec in every_answer() if given == "each" else [given] if given else rounds():
        env = os.environ | {ASSUME_VARIABLE: Assumptions(spec).spec}
        print(f"{ASSUME_VARIABLE}={spec!r}", flush=True)
        for run in RUNS:
            failed += subprocess.run([sys.executable, *run], cwd=ROOT, env=env).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
