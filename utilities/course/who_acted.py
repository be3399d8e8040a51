"""Who acted: whether a client's agent is a recording, and whose, and what may be asserted of its choices."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic

from utilities.loopback import direct
from utilities.replay.http.requests import RECORDING_HEADER, REPLAY_HEADER

__all__ = ["expect_move", "provenance", "replays"]


def provenance(client: Any, session_id: str) -> str:
    """Whose moves a session's agent makes, as "agent (scripted 06_a)" or "agent (live, 2027-02-03, …)".

    On the hosted API it is "agent (live)": the model acts now.

    Args:
        client: the SDK's client.
        session_id: the session.

    Raises:
        anthropic.APIError: the service did not answer, or knows no such session.
    """
    answer = _plain(client).beta.sessions.with_raw_response.retrieve(session_id)
    if REPLAY_HEADER not in answer.headers:
        return "agent (live)"
    return f"agent ({answer.headers.get(RECORDING_HEADER, 'on no recording')})"


def replays(client: Any) -> bool:
    """Whether the client's service is a replay server.

    Raises:
        anthropic.APIError: it did not answer.
    """
    return REPLAY_HEADER in _plain(client).beta.agents.with_raw_response.list(limit=1).headers


def expect_move(client: Any, what: str, held: bool) -> None:
    """Assert what an agent chose, on recordings; live, where a model may choose otherwise, print it.

    For the few assertions that rest on an agent's choice: whoever reads the source sees which they are.

    Args:
        client: the SDK's client.
        what: the move, as in "the agent looked it up".
        held: whether it was made.

    Raises:
        AssertionError: on recordings, it was not made.
    """
    if held:
        return
    if replays(client):
        raise AssertionError(f"expected on recordings: {what}")
    print(f"not this time: {what}")


def _plain(client: Any) -> Anthropic:
    """A client of the same service that prints no notes, and is not async."""
    if isinstance(client, Anthropic):
        return client.with_options(middleware=[])
    leads = {"api_key": client.api_key, "base_url": client.base_url}
    return Anthropic(**leads, **direct(Anthropic, client.base_url))
