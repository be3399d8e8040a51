"""`python -m utilities.replay`: the replay server as a process; its base URL is the first line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .faults import Faults, help_text
from .library import Library
from .recording import RecordingError
from .server import ReplayServer

RECORDINGS = Path(__file__).parents[2] / "example_data" / "recordings"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m utilities.replay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback by default; another one needs --key")
    parser.add_argument("--key", help="what clients must send as their API key; by default any will do")
    parser.add_argument("--recordings", type=Path, action="append", metavar="DIR", help="may be repeated")
    parser.add_argument("--speed", type=float, default=0.0, help="recorded seconds per second; 0: at once")
    parser.add_argument("--strict", action="store_true", help="refuse what no recording continues")
    parser.add_argument("--faults", default="", metavar="SPEC", help="what to break; `help` lists it")
    options = parser.parse_args(argv)
    if options.faults == "help":
        print(help_text())
        return 0
    if not options.speed >= 0:
        parser.error("--speed: 0 or more")
    if not 0 <= options.port <= 65535:
        parser.error("--port: 0 to 65535")
    try:
        faults = Faults(options.faults)
        library = Library.load(*(options.recordings or [RECORDINGS]))
        address = {"host": options.host, "port": options.port, "key": options.key}
        server = ReplayServer(library, strict=options.strict, speed=options.speed, faults=faults, **address)
    except (RecordingError, OSError, ValueError) as error:
        print(f"replay server: {error}", file=sys.stderr)
        return 2
    print(server.base_url, flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
