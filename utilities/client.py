"""`connect()`: the SDK's client, live with a key, on recordings without one.

What it returns is the SDK's own client and nothing else, so everything that you know of it holds.
In a project of your own you don't need this file: `Anthropic()` is the live client.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from anthropic import Anthropic, AsyncAnthropic, Middleware

from . import short_errors
from .contact import HOW_TO_STAY, asked
from .loopback import direct
from .show.acting import note

if TYPE_CHECKING:
    from .replay import ReplayServer
    from .replay.in_process import InProcessServer

__all__ = ["connect"]

OF_A_SESSION = re.compile(r"/sessions/([^/?]+)")
OPENINGS = ("user.message", "user.define_outcome")
AnyClient = TypeVar("AnyClient", Anthropic, AsyncAnthropic)
RECORDINGS = Path(__file__).parents[1] / "example_data" / "recordings"


def connect(kind: type[AnyClient] = Anthropic, **options: Any) -> AnyClient:  # type: ignore[assignment]
    """The SDK's client, and a line that says where it leads; a service is asked before that is said.

    Live if `ANTHROPIC_API_KEY` is set. On the server that `ANTHROPIC_BASE_URL` names, if it is set.
    A server on this machine is reached directly, whatever proxies and certificates the environment names.
    Otherwise on recordings, served by a replay server in this process. `COOKBOOK_OFFLINE=1` means
    recordings whatever else is set; `COOKBOOK_STRICT=1` refuses whatever was not recorded;
    `COOKBOOK_ASSUME` answers what nobody knows of the hosted API (`python -m utilities.replay --assume
    help` lists it).

    In a notebook, errors of the API are a few lines from then on: see `short_errors`.

    Args:
        kind: `Anthropic` or `AsyncAnthropic`.
        options: passed on to the client.

    Returns:
        The client.

    Raises:
        NotConnected: the service does not answer, or refuses the key; what to do is in its second line.
        RecordingError: a recording is damaged.
        FileNotFoundError: there are no recordings.
    """
    url = os.environ.get("ANTHROPIC_BASE_URL")
    key = os.environ.get("ANTHROPIC_API_KEY")
    noted = {**options, "middleware": [Notes(), *options.get("middleware", ())]}
    short_errors.install()
    _say_if_elsewhere()
    if not is_set("COOKBOOK_OFFLINE"):
        if url:
            client = kind(**{"api_key": key or "none", **_direct(kind, url, noted), **noted})
            _say(_where(client, "ANTHROPIC_BASE_URL"))
            return client
        if key:
            client = kind(**options)
            _say(_where(client, "ANTHROPIC_API_KEY"))
            return client
    server = _server(RECORDINGS, is_set("COOKBOOK_STRICT"))
    _say(f"on recordings: no key, no network, no cost ({_provenance(server)})")
    given = {"api_key": "recorded", "base_url": server.base_url, **noted}
    return kind(**{**_direct(kind, given["base_url"], given), **given})


def _where(client: Anthropic | AsyncAnthropic, named: str) -> str:
    """What there is at the other end, once it has answered; the variable of the environment led there."""
    url = str(client.base_url).rstrip("/")
    service = asked(url, client.api_key or "", named, client if isinstance(client, Anthropic) else None)
    if service.workspace is not None:
        own = f"what you make is in the workspace {service.workspace!r}, which is yours"
        return f"connected to the room's server at {url} ({named}): recordings, nothing live, no cost; {own}"
    if service.replays:
        return f"connected to {url} ({named}), which replays recordings: no cost"
    costs = "what you run costs money, a lesson a few US cents (estimated)"
    hosted = "the hosted API" if named == "ANTHROPIC_API_KEY" else url
    return f"LIVE: connected to {hosted} with {named}; {costs}\n{HOW_TO_STAY}"


def _say_if_elsewhere() -> None:
    """A line if the working directory is in another clone than this package: its lessons may not fit."""
    here = Path.cwd()
    clones = (folder for folder in (here, *here.parents) if (folder / "utilities" / "client.py").is_file())
    if (clone := next(clones, None)) and not (clone / "utilities").samefile(Path(__file__).parent):
        _say(
            f"this notebook is in {clone}, but this kernel has the course of {Path(__file__).parents[1]}: "
            f"`make setup` in {clone}, then `make lab` there"
        )


def _direct(kind: type[Any], url: Any, given: dict[str, Any]) -> dict[str, Any]:
    """A way to loopback past the proxies and certificates of the environment, if there is none given."""
    return {} if "http_client" in given else direct(kind, given.get("base_url") or url)


def is_set(name: str) -> bool:
    """Whether an environment variable switches something on: anything but nothing, 0, false and no."""
    return os.environ.get(name, "").strip().lower() not in ("", "0", "false", "no")


@cache
def _server(recordings: Path, strict: bool) -> ReplayServer | InProcessServer:
    from .replay import Library  # not needed, and so not imported, when live
    from .replay.in_process import server_here

    library = Library.load(recordings)
    if not library.recordings:
        raise FileNotFoundError(
            f"{recordings} holds no recordings: git checkout example_data brings them back"
        )
    return server_here(library, strict=strict).start()


def _provenance(server: ReplayServer | InProcessServer) -> str:
    kinds = {recording.header["provenance"] for recording in server.api.sessions.library.recordings}
    scripted = "scripted: the agent's moves were written by hand, its tool calls really executed"
    return scripted if kinds == {"scripted"} else "scripted and live ones; each says which"


def _say(line: str) -> None:
    print(line)


class Notes(Middleware):
    """Prints what a replay server says beside its answers.

    Whose moves the agent makes, where a message sets it to work: once in a cell, so above what it does. And
    that a message was not the recorded one.
    """

    # What a cell has shown, by its number; outside notebooks, what a client has.
    _shown: ClassVar[set[tuple[object, str]]] = set()

    def handle(self, request: Any, call_next: Any) -> Any:
        response = call_next(request)
        self._show(request, response.headers)
        return response

    async def handle_async(self, request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        self._show(request, response.headers)
        return response

    def _show(self, request: Any, headers: Any) -> None:
        if session := OF_A_SESSION.search(str(request.url)):
            acts = note(session[1], headers.get("x-replay-recording"))
            if acts and _is_opening(request) and (shown := (_cell() or self, acts)) not in self._shown:
                self._shown.add(shown)
                print(acts, file=sys.stdout)
        if told := headers.get("x-replay-note"):
            print(f"replay: {told}", file=sys.stdout)


def _is_opening(request: Any) -> bool:
    """Whether it sends what sets an agent to work."""
    if request.method.upper() != "POST" or not isinstance(request.json, dict):
        return False
    return any(event.get("type") in OPENINGS for event in request.json.get("events") or ())


def _cell() -> int | None:
    """The number of the notebook's cell that runs; None elsewhere."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "execution_count", None)
