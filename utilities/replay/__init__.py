"""The replay server: the hosted Managed Agents API, played from recordings.

Its rooms, each knowing only those before it: `http` (what a request is), `recordings` (what was
recorded), `session` (one session, played), `resources` (a file for each of the API's), then `api`,
which maps requests to all of those, and `server`, which puts a socket in front. Beside them
`webhooks` (what is told to whom) and `making` (recordings from scenarios). Only `server` and
`webhooks.sender` know of sockets, threads or sleeping. `faults`, `assumptions` and `ids` know none of the
rooms, and each may know them.

What is said of the API has its evidence behind it (after a colon: for which part, or where to read it):
[doc] the official documentation says so · [sdk] read in the source of the `anthropic` package, or run
against it · [seen] in published captures of hosted sessions · [claimed] others say so, nobody here has
checked it · [unsettled] sources disagree, the server does one of the things they say (see `assumptions`) ·
[ours] nobody says, this is what the server does. FIDELITY.md has each rule with the test that proves it.
"""

from .faults import Faults
from .recordings.library import Library
from .recordings.recording import Recording, RecordingError
from .server.server import ReplayServer
from .webhooks.sender import Endpoint

__all__ = ["Endpoint", "Faults", "Library", "Recording", "RecordingError", "ReplayServer"]
