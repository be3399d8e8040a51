"""The replay server: the hosted Managed Agents API, played from recordings.

A reader's way in: `recording` is the file format, `library` finds the recordings that
agree with what a client has sent, `session` plays one of them, `store` keeps everything
that is plain create-read-update-delete, `api` maps requests to all of those, and `server`
puts a socket in front. Nothing below `server` knows about sockets, threads or sleeping.
"""

from .deliveries import Webhook
from .faults import Faults
from .library import Library
from .recording import Recording, RecordingError
from .server import ReplayServer

__all__ = ["Faults", "Library", "Recording", "RecordingError", "ReplayServer", "Webhook"]
