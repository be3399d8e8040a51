"""`python -m tests.newest_sdk [VERSION]`: what another anthropic changes, and whether tests pass with it."""

from __future__ import annotations

import argparse
import sys
from importlib import metadata, util
from pathlib import Path

from tests.newest_sdk import trial
from tests.newest_sdk.compare import report
from tests.newest_sdk.surface import surface


def here() -> Path:
    """The folder of the anthropic that is installed here."""
    found = util.find_spec("anthropic")
    if found is None or not found.submodule_search_locations:
        raise trial.NotInstalled("anthropic isn't installed here: make dev")
    return Path(found.submodule_search_locations[0])


def main(arguments: list[str]) -> int:
    """0: there is nothing newer, or all passes with it. 1: something fails. 2: it can't be installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.newest_sdk")
    parser.add_argument("version", nargs="?", help="by default the newest on the package index")
    wanted = parser.parse_args(arguments).version
    try:
        package, version = here(), metadata.version("anthropic")
        other = trial.installed(wanted)
    except trial.NotInstalled as error:
        print(f"newest-sdk: {error}", file=sys.stderr)
        return 2
    if other.version == version and not wanted:
        print(f"newest-sdk: anthropic {version}, which is installed here, is the newest: nothing to try")
        return 0
    print(f"anthropic {version} (here) -> {other.version}")
    print(*report(surface(package), surface(other.package)), sep="\n")
    failed = list(trial.failures(other))
    verdict = f"these fail: {', '.join(failed)}" if failed else f"{', '.join(trial.CHECKS)}: all pass"
    print(f"\nnewest-sdk: with anthropic {other.version} {verdict}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
