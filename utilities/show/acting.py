"""Whose moves a session's agent makes, so that what is shown can say so.

A replay server says it beside its answers; whoever reads them (in the course, the client of `connect()`)
notes it here. Of a session of the hosted API nothing is noted, and nothing is said.
"""

from __future__ import annotations

from typing import Any

__all__ = ["note", "who_acts"]

_noted: dict[str, str] = {}  # by session id


def note(session_id: str, provenance: str | None) -> str | None:
    """Remember it of a session; returns how it is shown: `agent (scripted 06_a)`.

    Args:
        session_id: the session.
        provenance: "scripted 06_a", or "live, 2027-02-03, claude-sonnet-4-6"; None if nobody says.
    """
    if provenance is None:
        _noted.pop(session_id, None)
        return None
    _noted[session_id] = f"agent ({provenance})"
    return _noted[session_id]


def who_acts(turn: Any) -> str | None:
    """How it is shown, of a turn with a `session_id`; None if nothing is known."""
    return _noted.get(str(getattr(turn, "session_id", "")))
