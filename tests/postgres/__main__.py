"""`make test-postgres`: memory on a PostgreSQL of its own, with pgvector; PG_BIN=… names its programs.

Neither PostgreSQL nor these packages are needed by the course, so they are installed here.
"""

import subprocess
import sys
from pathlib import Path

from tests.kit.places import ROOT

LOCK = Path(__file__).with_name("requirements.lock")
INSTALL = ("uv", "pip", "install", "--quiet", "--python", sys.executable, "-r", str(LOCK))
TESTS = ("tests/postgres/memory_on_postgres.py", "tests/memory")
TEST = ("pytest", "-n", "0", "-p", "tests.postgres.brains", *TESTS)


def main() -> int:
    """The command. 0: all tests pass."""
    for module in (INSTALL, TEST):
        if failed := subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=False).returncode:
            return failed
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
