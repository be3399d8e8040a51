"""`python -m tests.conformance [pytest's arguments]`: ends with pytest's closing line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conformance import sdk
from tests.conformance.seeded import RECORDINGS, SeededApi
from utilities.replay import Library, ReplayServer

HERE = Path(__file__).parent
RESOURCES = (
    *("test_agents.py", "agents", "test_environments.py", "environments", "test_files.py"),
    *("test_memory_stores.py", "memory_stores"),
    *("test_sessions.py", "sessions", "test_vaults.py", "vaults", "test_webhooks.py"),
)
# The SDK's settings for pytest, less what its `addopts` say about a machine of its developers.
OPTIONS = ("-o", "addopts=", "-o", "asyncio_mode=auto", "-p", "tests._alias_httpx", "-p", "expected_failures")


def main(arguments: list[str]) -> int:
    try:
        suite = sdk.prepared()
    except sdk.NotPrepared as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    server = ReplayServer(Library())
    server.api = SeededApi(RECORDINGS)
    paths = [f"tests/api_resources/beta/{name}" for name in RESOURCES]
    command = [str(suite.python), "-m", "pytest", "-q", *OPTIONS, *(arguments or paths)]
    with server:
        environment = os.environ | {"TEST_API_BASE_URL": server.base_url, "PYTHONPATH": str(HERE)}
        return subprocess.run(command, cwd=suite.folder, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
