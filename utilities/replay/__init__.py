"""The replay server: the hosted Managed Agents API, played from recordings.

Its rooms, each knowing only those before it: `http` (what a request is), `recordings` (what was
recorded), `session` (one session, played), `resources` (a file for each of the API's), then `api`,
which maps requests to all of those, `arrival` (a request on its way there), and `server`, which puts a
socket in front; `in_process` does without one. Beside them `webhooks` (what is told to whom) and `making`
(recordings from scenarios). Only `server` and `webhooks.sender` know of sockets or threads, and only they and
`in_process` of waiting. `faults`, `assumptions` and `ids` know none of the rooms, and each may know them.

What is said of the API has its evidence behind it (after a colon: for which part, or where to read it):
[doc] the official documentation says so · [sdk] read in the source of the `anthropic` package, or run
against it · [seen] in published captures of hosted sessions · [claimed] others say so, nobody here has
checked it · [unsettled] sources disagree, the server does one of the things they say (see `assumptions`) ·
[ours] nobody says, this is what the server does. FIDELITY.md has each rule with the test that proves it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .faults import Faults
from .recordings.library import Library
from .recordings.recording import Recording, RecordingError

if TYPE_CHECKING:
    from .server.server import ReplayServer
    from .webhooks.sender import Endpoint

__all__ = ["Endpoint", "Faults", "Library", "Recording", "RecordingError", "ReplayServer"]

_HOME = {"Endpoint": "webhooks.sender", "ReplayServer": "server.server"}


def __getattr__(name: str) -> Any:
    """What needs sockets is imported when it is first used: where there are none, the rest works."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
