"""What only lesson 03 and its deep notebook 03b need: requires_action."""

from .batching import batches
from .deciding import OFFER, Person
from .driving import ENDS, by_hand, send_and_wait, sessions_with
from .locking import lock
from .policing import policy
from .predicting import next_event
from .waiting import waiting, waiting_all

__all__ = [
    "ENDS",
    "OFFER",
    "Person",
    "batches",
    "by_hand",
    "lock",
    "next_event",
    "policy",
    "send_and_wait",
    "sessions_with",
    "waiting",
    "waiting_all",
]
