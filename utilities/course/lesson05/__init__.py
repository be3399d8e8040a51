"""What only lesson 05 and its deep notebooks 05b and 05c need: stream, poll or be called.

What brings a memory along, `counting` and `forty`, is imported by its own name: lesson 05 needs none.
"""

from .cutting import reopening_loop
from .delivering import RoughSender
from .ending import over
from .finishing import finish
from .folding import fold, reopened
from .following import follow_all
from .guessing import executions, twice
from .hanging import EXPLAIN, TICKETS, hanging_cases
from .measuring import ends_on, order_desk, three_ways, tool_runner
from .planning import interval
from .posting import posts
from .scenes import scene
from .wire import Wire

__all__ = [
    "EXPLAIN",
    "TICKETS",
    "RoughSender",
    "Wire",
    "ends_on",
    "executions",
    "finish",
    "fold",
    "follow_all",
    "hanging_cases",
    "interval",
    "order_desk",
    "over",
    "posts",
    "reopened",
    "reopening_loop",
    "scene",
    "three_ways",
    "tool_runner",
    "twice",
]
