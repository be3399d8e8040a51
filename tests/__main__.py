"""What `make test`, `make check` and `make lint` run, and where there is no make:

    python -m tests             # every test, every notebook, outputs and recordings as committed
    python -m tests check       # what an edit needs: lint, types and the tests that are quick
    python -m tests lint        # ruff and mypy

What follows is for pytest: `python -m tests check -n 0 -x`.
"""

import os
import subprocess
import sys

from tests.kit.places import ROOT

# Twice as many workers as cores, since tests mostly wait; in small portions, so that the notebooks, which
# take longest and come first, are spread over all of them.
ALL = ("-n", "4", "--maxschedchunk", "2", "--nbmake", "notebooks", "tests")
QUICK = ("-n", "3", "-m", "not slow", "tests")
LINT = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "utilities"))
MINUTES = {ALL: 8, QUICK: 1}  # on two quiet cores


def main(argv: list[str]) -> int:
    """The command. 0: all is well; otherwise the exit code of what failed first."""
    what, *options = argv or ["test"]
    if what not in ("test", "check", "lint"):
        what, options = "test", argv
    for module in LINT if what != "test" else ():
        if failed := _run(*module):
            return failed
    if what == "lint":
        return 0
    chosen = ALL if what == "test" else QUICK
    print(f"About {MINUTES[chosen]} min on two quiet cores", flush=True)
    return _run("pytest", *chosen, *options)


def _run(*module: str) -> int:
    # Some machines forbid Python to keep what it compiled. Each of the hundreds of processes that a run of
    # the tests starts would then compile this package, and each worker all tests, anew.
    environ = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    return subprocess.run([sys.executable, "-m", *module], cwd=ROOT, env=environ, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
