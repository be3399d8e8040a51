"""The replay server: the hosted Managed Agents API, played from recordings.

A reader's way in: `recording` is the file format, `library` finds the recordings that
agree with what a client has sent, `session` plays one of them, `store` keeps everything
that is plain create-read-update-delete, `api` maps requests to all of those, and `server`
puts a socket in front. On the side: `previews` (event deltas), `spending` (budgets), `webhooks`,
which `deliveries` sends, and `messages` (`POST /v1/messages`), which `recorder` records. Nothing
below `server` and `deliveries` knows about sockets, threads or sleeping.
"""

from .deliveries import Webhook
from .faults import Faults
from .library import Library
from .recording import Recording, RecordingError
from .server import ReplayServer

__all__ = ["Faults", "Library", "Recording", "RecordingError", "ReplayServer", "Webhook"]
