"""`python -m tests.conformance [pytest's arguments]`: ends with pytest's closing line.

All tests of Managed Agents, unless the arguments have paths of the suite, as
`tests/api_resources/beta/skills`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conformance import sdk
from tests.conformance.expected_failures import LISTED_FOR
from tests.conformance.seeded import RECORDINGS, SeededApi
from utilities.replay import Library, ReplayServer

HERE = Path(__file__).parent
TESTS = "tests/api_resources"
RESOURCES = (
    *("test_agents.py", "agents", "test_environments.py", "environments", "test_files.py"),
    *("test_memory_stores.py", "memory_stores"),
    *("test_sessions.py", "sessions", "test_vaults.py", "vaults", "test_webhooks.py"),
    *("test_deployments.py", "test_deployment_runs.py", "test_skills.py", "skills", "test_models.py"),
    *("test_dreams.py", "test_tunnels.py", "tunnels", "test_user_profiles.py", "user_profiles"),
)
# The same resources outside `beta`.
GENERAL = ("test_files.py", "test_models.py", "test_skills.py", "skills")
# The SDK's settings for pytest, less what its `addopts` say about a machine of its developers.
OPTIONS = ("-o", "addopts=", "-o", "asyncio_mode=auto", "-p", "tests._alias_httpx", "-p", "expected_failures")


def chosen(suite: Path, arguments: list[str]) -> list[str]:
    """pytest's arguments: those given, and every path that is run, unless some of those given are paths."""
    if any((suite / argument.partition("::")[0]).exists() for argument in arguments):
        return arguments
    beta = [f"{TESTS}/beta/{name}" for name in RESOURCES]
    return [*arguments, *beta, *(f"{TESTS}/{name}" for name in GENERAL)]


def main(arguments: list[str]) -> int:
    try:
        suite = sdk.prepared()
    except sdk.NotPrepared as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    server = ReplayServer(Library())
    server.api = SeededApi(RECORDINGS)
    command = [str(suite.python), "-m", "pytest", "-q", *OPTIONS, *chosen(suite.folder, arguments)]
    with server:
        environment = os.environ | {
            "TEST_API_BASE_URL": server.base_url, "PYTHONPATH": str(HERE), LISTED_FOR: sdk.locked(),
        }  # fmt: skip
        return subprocess.run(command, cwd=suite.folder, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
