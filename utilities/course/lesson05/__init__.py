"""What only lesson 05 and its deep notebooks 05b and 05c need: stream, poll or be called."""

from .cutting import reopening_loop
from .delivering import RoughSender
from .ending import over
from .finishing import finish
from .folding import fold, reopened
from .following import follow_all
from .hanging import EXPLAIN, hanging_cases
from .planning import interval
from .posting import posts
from .scenes import scene

__all__ = [
    "EXPLAIN",
    "RoughSender",
    "finish",
    "fold",
    "follow_all",
    "hanging_cases",
    "interval",
    "over",
    "posts",
    "reopened",
    "reopening_loop",
    "scene",
]
