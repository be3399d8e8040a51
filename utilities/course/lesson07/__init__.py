"""What only lesson 07 needs: a repository traced while it runs, and an agent's claims about it checked."""

from ..new_sessions import sessions_with
from .answers import checked, claims_in, looked_at, took_part, zip_of
from .checks import hold, unread, used
from .control import FERRY_TASK
from .recorded import FERRY, SHOP, SHOP_CALL, ferry_trace, shop_trace
from .tracing import Trace, reached

__all__ = [
    "FERRY",
    "FERRY_TASK",
    "SHOP",
    "SHOP_CALL",
    "Trace",
    "checked",
    "claims_in",
    "ferry_trace",
    "hold",
    "looked_at",
    "reached",
    "sessions_with",
    "shop_trace",
    "took_part",
    "unread",
    "used",
    "zip_of",
]
