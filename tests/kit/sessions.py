"""One session played without a server: what a client sends to it, and what a test reads in its log."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.recordings import START, Script
from utilities.replay.http.errors import ApiError
from utilities.replay.recordings.library import Library
from utilities.replay.recordings.recording import Event
from utilities.replay.session.session import Session

INTERRUPT = {"type": "user.interrupt"}


def session(*scripts: Script, id: str = "sesn_1", **options: Any) -> Session:
    """A session of the agent `tester` that follows these recordings, strictly unless told otherwise."""
    library = Library([script.recording() for script in scripts])
    return Session(id, START, library.tracks("tester"), **{"strict": True, **options})


# -- what a client sends ------------------------------------------------------------------------------


def message(text: str) -> Event:
    return {"type": "user.message", "content": [{"type": "text", "text": text}]}


def result(call: str, text: str, **fields: Any) -> Event:
    content = [{"type": "text", "text": text}]
    return {"type": "user.custom_tool_result", "custom_tool_use_id": call, "content": content, **fields}


def confirm(call: str, verdict: str = "allow", **fields: Any) -> Event:
    return {"type": "user.tool_confirmation", "tool_use_id": call, "result": verdict, **fields}


def refused(status: int, session: Session, *events: Event, now: float = 0.0) -> str:
    """The message of the error with which the session answers these events."""
    with pytest.raises(ApiError) as caught:
        session.send(list(events), now)
    assert caught.value.status == status
    return caught.value.message


# -- what its log says --------------------------------------------------------------------------------


def types(session: Session) -> list[str]:
    return [event["type"] for event in session.log]


def calls_of(session: Session) -> list[str]:
    """The ids of the calls that the client answers, in order."""
    return [event["id"] for event in session.log if event["type"] == "agent.custom_tool_use"]


def said(session: Session) -> list[str]:
    """What the agent said, in order."""
    return [event["content"][0]["text"] for event in session.log if event["type"] == "agent.message"]
