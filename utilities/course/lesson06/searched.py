"""Where a secret might have been kept: what the service says of a session, and what a library logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from anthropic import Anthropic

from utilities.replay.export import export

__all__ = ["kept", "logged"]


def kept(client: Anthropic, session_id: str) -> str:
    """All that the service says of a session, and the recording that an export would write, as one text.

    Args:
        client: the SDK's client.
        session_id: the session, idle.

    Returns:
        The session, its resources, its events, its recording.
    """
    sessions = client.beta.sessions
    answers = [
        sessions.retrieve(session_id),
        *sessions.resources.list(session_id),
        *sessions.events.list(session_id),
    ]
    recording = export(client, session_id, "kept.jsonl")  # nothing is written
    return "\n".join([*(answer.to_json() for answer in answers), *recording.lines()])


@contextmanager
def logged(name: str) -> Iterator[list[str]]:
    """The lines that a library logs in the meantime, at the level `debug` too.

    Args:
        name: of its logger.
    """
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    logger, handler = logging.getLogger(name), Keeping()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
