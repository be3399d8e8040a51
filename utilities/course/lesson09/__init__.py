"""What only lesson 09 and its deep notebook 09b need: an agent in operation."""

from .choosing import choosing
from .deliveries import Delivered, deliveries
from .forgetting import forgetting
from .leaving import leaving, what_leaves
from .matching import same_server, would_use
from .raising import raising
from .verbs import verbs
from .working import NEEDED, turn_of, working

__all__ = [
    "NEEDED",
    "Delivered",
    "choosing",
    "deliveries",
    "forgetting",
    "leaving",
    "raising",
    "same_server",
    "turn_of",
    "verbs",
    "what_leaves",
    "working",
    "would_use",
]
