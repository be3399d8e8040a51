"""Events on the wire of a server-sent event stream."""

from __future__ import annotations

import json
from typing import Any


def encoded(event: dict[str, Any]) -> bytes:
    """One event: named by its type, because older clients have a list of names. [sdk]"""
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
