"""What only lesson 09 and its deep notebook 09b need: an agent in operation."""

from .choosing import choosing
from .matching import same_server, would_use
from .raising import raising
from .working import NEEDED, REFUSED, turn_of, working

__all__ = [
    "NEEDED",
    "REFUSED",
    "choosing",
    "raising",
    "same_server",
    "turn_of",
    "working",
    "would_use",
]
