"""`python -m tests.typescript`: installs the client by its lock, compiles the tests, runs them on a server.

Ends with 0 and one line if this machine has no Node: `.ci/run` goes on then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.kit.recordings import Script
from tests.kit.scripts import asking, going, weather
from utilities.replay import Library, ReplayServer

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / ".lock"  # a copy of the lock that was installed
TSC = Path("node_modules", "typescript", "bin", "tsc")


def worked() -> Script:
    """Two turns, each with a built-in call that waits for a worker."""
    script = Script("worked", agent="worked")
    for text in ("go", "more"):
        script.message(text)
        call = script.builtin("bash", command=f"echo {text}")
        script.idle("requires_action", [call])
        result = {"content": [{"type": "text", "text": text}], "is_error": False}
        script.event("user.tool_result", tool_use_id=call, **result)
        script.running()
        script.say(f"{text} is done")
        script.idle()
    return script


SCRIPTS = (going(), weather(), asking("allowed", "allow"), asking("denied", "deny"), worked())


def install(npm: str) -> None:
    """What the lock names, once for each lock."""
    lock = (HERE / "package-lock.json").read_text("utf-8")
    if not INSTALLED.exists() or INSTALLED.read_text("utf-8") != lock:
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)
        INSTALLED.write_text(lock, "utf-8")


def main() -> int:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("test-typescript: no Node on this machine, so the TypeScript client was not tried")
        return 0
    install(npm)
    shutil.rmtree(HERE / "build", ignore_errors=True)
    subprocess.run([node, str(TSC)], cwd=HERE, check=True)
    tests = sorted(str(path.relative_to(HERE)) for path in (HERE / "build").glob("*.test.js"))
    server = ReplayServer(Library([script.recording() for script in SCRIPTS]), strict=True)
    with server:
        environment = os.environ | {"REPLAY_URL": server.base_url}
        return subprocess.run(
            [node, "--test", "--test-concurrency=1", *tests], cwd=HERE, env=environment
        ).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"test-typescript: {' '.join(map(str, error.cmd))} ended with {error.returncode}")
