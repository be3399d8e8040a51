"""`python -m utilities.room`: one server for a room of people; it prints what they set.

Everybody who has the key and gives a name has a workspace on it: what one makes, lists and ends is their own.
It is reached from this machine only, unless `--host` says otherwise; `--host 0.0.0.0` lets the network in.
The key is made if none is given. There is no TLS: what learners send can be read by whoever listens.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from pathlib import Path

from ..console import forgiving
from ..replay.recordings.library import Library
from ..replay.recordings.recording import RecordingError
from .room_server import RoomServer
from .workspaces import MOST

KEY, TEACHERS_KEY = "REPLAY_KEY", "REPLAY_TEACHER_KEY"
PORT = 8600
SITE = Path(__file__).parents[2] / "site"  # where `make site` puts it
RECORDINGS = Path(__file__).parents[2] / "example_data" / "recordings"
CLEAR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # what can't be taken for another, on a projector
EVERYWHERE = ("0.0.0.0", "::")
ELSEWHERE = "203.0.113.1"  # an address that is nobody's: nothing is sent there


def new_key(parts: int = 2) -> str:
    """A key of letters and digits, four in each part, to be read from a screen and typed."""
    return "-".join("".join(secrets.choice(CLEAR) for _ in range(4)) for _ in range(parts))


def own_address() -> str | None:
    """The address under which this machine's network knows it; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect((ELSEWHERE, 9))
        except OSError:
            return None
        return str(asking.getsockname()[0])


def address_of(server: RoomServer, host: str) -> str:
    """Where learners find the server."""
    if host not in EVERYWHERE:
        return server.base_url
    return f"http://{own_address() or 'THIS-MACHINE'}:{server.port}"


def instructions(url: str, key: str, teachers_key: str) -> str:
    """What learners set, in each shell, and where the board is."""
    return f"""\
Everybody has a workspace of their own here. All of it is recordings: nothing is live, nothing costs.

Learners set two variables before they start JupyterLab, with a name of their own in place of NAME: letters
from a to z, digits, dots, hyphens, underscores. Two who take the same name share a workspace.

  Linux, macOS    export ANTHROPIC_BASE_URL={url}
                  export ANTHROPIC_API_KEY={key}:NAME

  PowerShell      $env:ANTHROPIC_BASE_URL = "{url}"
                  $env:ANTHROPIC_API_KEY = "{key}:NAME"

or, in a cell above a lesson's first one, the same with %env in place of export. Where a proxy
is set, NO_PROXY has to name this server's host too.

Whoever sets COOKBOOK_BOARD=1 as well is on the board: each check of theirs tells it the lesson, the exercise,
right or not yet, and the type of an error. The board is the teacher's:

  {url}/board#{teachers_key}

Ctrl+C ends the room and all that is in it."""


def main(argv: list[str] | None = None) -> int:
    """The command. 0: it was ended. 2: it could not start."""
    forgiving()
    prog = "python -m utilities.room"
    parser = argparse.ArgumentParser(prog=prog, usage=f"{prog} [options]", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="this machine only by default; 0.0.0.0: all")
    parser.add_argument("--port", type=int, default=PORT, help=f"{PORT} by default; 0 takes a free one")
    parser.add_argument("--key", help=f"the room's key, or {KEY} in the environment; by default a new one")
    board = f"the board's, or {TEACHERS_KEY} in the environment; by default a new one"
    parser.add_argument("--teacher-key", help=board)
    parser.add_argument("--recordings", type=Path, action="append", metavar="DIR", help="may be repeated")
    pages = "pages that anybody may read there; by default what `make site` has made, if it has"
    parser.add_argument("--site", type=Path, metavar="DIR", help=pages)
    parser.add_argument("--speed", type=float, default=0.0, help="recorded seconds per second; 0: at once")
    parser.add_argument("--most", type=int, default=MOST, help=f"names at most; {MOST} by default")
    options = parser.parse_args(argv)
    if not options.speed >= 0:
        parser.error("--speed: 0 or more")
    if not 0 <= options.port <= 65535:
        parser.error("--port: 0 to 65535")
    if options.most < 1:
        parser.error("--most: 1 or more")
    key = (os.environ.get(KEY) or new_key()) if options.key is None else options.key
    own = options.teacher_key
    teachers_key = (os.environ.get(TEACHERS_KEY) or new_key(4)) if own is None else own
    site = options.site or (SITE if SITE.is_dir() else None)
    try:
        library = Library.load(*(options.recordings or [RECORDINGS]))
        server = RoomServer(
            library, key=key, teachers_key=teachers_key, host=options.host, port=options.port,
            speed=options.speed, most=options.most, site=site,
        )  # fmt: skip
    except (RecordingError, OSError, ValueError, RuntimeError) as error:
        print(f"room: {error}", file=sys.stderr)
        return 2
    url = address_of(server, options.host)
    pages = "\nWhoever opens this address in a browser can read the course there.\n" if site else ""
    print(f"{url}\n{pages}\n{instructions(url, key, teachers_key)}", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
