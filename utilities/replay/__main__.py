"""`python -m utilities.replay`: the replay server as a process; its base URL is the first line."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from ..console import forgiving
from . import assumptions
from .assumptions import Assumptions
from .faults import Faults, help_text
from .recordings.library import Library
from .recordings.recording import RecordingError
from .server.server import ReplayServer
from .webhooks.outbox import RESOURCES
from .webhooks.sender import Endpoint

SIGNING_KEY = "ANTHROPIC_WEBHOOK_SIGNING_KEY"  # where the SDK's client looks for it [sdk]
KEY = "REPLAY_KEY"
RECORDINGS = Path(__file__).parents[2] / "example_data" / "recordings"


def _webhook(options: argparse.Namespace) -> Endpoint | None:
    secret = options.webhook_secret or os.environ.get(SIGNING_KEY)
    if options.webhook is None:
        given = (
            options.webhook_secret,
            options.webhook_out_of_order,
            options.webhook_twice,
            options.webhook_events,
        )
        if any((*given, options.webhook_anywhere)):
            raise ValueError("--webhook is missing: the URL that webhooks go to")
        return None
    if not secret:
        raise ValueError(f"--webhook needs --webhook-secret, or {SIGNING_KEY} in the environment")
    return Endpoint(
        options.webhook, secret, anywhere=options.webhook_anywhere,
        out_of_order=options.webhook_out_of_order, twice=options.webhook_twice,
        events=(options.webhook_events or "session").split(","),
    )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    forgiving()
    prog = "python -m utilities.replay"
    # A short usage, for what is wrong must not be lost below a long one.
    parser = argparse.ArgumentParser(prog=prog, usage=f"{prog} [options]", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="loopback by default; another one needs --key")
    asked = f"what clients must send as their API key, or {KEY} in the environment; by default any"
    parser.add_argument("--key", help=asked)
    page = "a web page that may use the server, https://example.org; may be repeated; by default none may"
    parser.add_argument("--allow-origin", action="append", default=[], metavar="URL", help=page)
    ids = "ids that come out the same in every run with this seed; by default no run has another's ids"
    parser.add_argument("--seed", metavar="TEXT", help=ids)
    parser.add_argument("--recordings", type=Path, action="append", metavar="DIR", help="may be repeated")
    parser.add_argument("--speed", type=float, default=0.0, help="recorded seconds per second; 0: at once")
    parser.add_argument("--strict", action="store_true", help="refuse what no recording continues")
    parser.add_argument("--webhook", metavar="URL", help="deliver signed webhooks there")
    parser.add_argument("--webhook-secret", metavar="whsec_…", help=f"by default what {SIGNING_KEY} says")
    told = f"of what: resources or types, with commas; `session` by default, of {', '.join(RESOURCES)}"
    parser.add_argument("--webhook-events", metavar="NAMES", help=told)
    parser.add_argument("--webhook-out-of-order", action="store_true", help="the second before the first")
    parser.add_argument("--webhook-twice", action="store_true", help="deliver each twice, under one id")
    parser.add_argument("--webhook-anywhere", action="store_true", help="let the URL lead off this machine")
    parser.add_argument("--faults", default="", metavar="SPEC", help="what to break; `help` lists it")
    answers = "answer a question that nobody has settled; may be repeated; `help` lists them"
    parser.add_argument("--assume", action="append", default=[], metavar="RULE=ANSWER", help=answers)
    options = parser.parse_args(argv)
    if options.faults == "help":
        print(help_text())
        return 0
    if "help" in options.assume:
        print(assumptions.help_text())
        return 0
    if not options.speed >= 0:
        parser.error("--speed: 0 or more")
    if not 0 <= options.port <= 65535:
        parser.error("--port: 0 to 65535")
    try:
        faults = Faults(options.faults)
        library = Library.load(*(options.recordings or [RECORDINGS]))
        key = os.environ.get(KEY) or None if options.key is None else options.key
        address = {"host": options.host, "port": options.port, "key": key}
        # A client that was here before a restart must not find its session's id to be somebody else's.
        seed = secrets.token_hex(16) if options.seed is None else options.seed
        modes = {"strict": options.strict, "speed": options.speed, "webhook": _webhook(options)}
        assume = Assumptions(" ".join(options.assume)) if options.assume else None
        server = ReplayServer(
            library, faults=faults, assume=assume, seed=seed, allow_origins=options.allow_origin,
            **modes, **address,
        )  # fmt: skip
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
