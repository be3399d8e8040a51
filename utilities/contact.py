"""Asks a service whether it is there before anybody relies on it: does it take the key, does it replay?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anthropic
from anthropic import Anthropic

from .loopback import direct, is_loopback
from .short_errors import said

__all__ = ["NotConnected", "Service", "asked"]

PATIENCE = 10.0  # seconds
UNSENDABLE = "the key has a line break in it, or another character that can't be sent, such as ë in a name"
REPLAY_HEADER = "x-replay-server"  # on every answer of a replay server
WORKSPACE_HEADER = "x-replay-workspace"  # of the server of a room: whose workspace it is
STAY = "COOKBOOK_OFFLINE=1"
HOW_TO_STAY = f"To stay on recordings: %env {STAY} in a cell above this one (or set it before you start)."


class NotConnected(ConnectionError):
    """The service can't be used; the message has two lines, what is wrong and what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: it would lead into this file only."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Service:
    """What answers at an address.

    Attributes:
        replays: whether it is a replay server.
        workspace: on a room's server, the name of one's own; None elsewhere.
    """

    replays: bool = False
    workspace: str | None = None


def asked(url: str, key: str, named: str, client: Anthropic | None = None) -> Service:
    """Ask the service for a list, which costs nothing; returns what it is.

    Args:
        url: where it is.
        key: the API key.
        named: what the environment has them from, for messages.
        client: what reaches it otherwise than by its address.

    Raises:
        NotConnected: nobody answers there, or refuses the key, or it is no such service; or no request can
            carry the key.
    """
    if not (key.isprintable() and key.isascii()):  # the HTTP library would say it with the key in its words
        raise NotConnected(f"{UNSENDABLE} ({named})\nSet it again and run this cell again. {HOW_TO_STAY}")
    asks = client or Anthropic(api_key=key, base_url=url, **direct(Anthropic, url))
    try:
        agents = asks.with_options(max_retries=1, timeout=PATIENCE, middleware=[]).beta.agents
        answer: Any = agents.with_raw_response.list(limit=1)
        if not isinstance(answer.json().get("data"), list):
            raise ValueError("the answer has no list of agents")
    except anthropic.RateLimitError:
        return Service()  # it is there, and knows the key
    except anthropic.InternalServerError as error:
        if (proxy := _proxy_to(url)) and error.request_id is None:  # then it is a proxy that has answered
            raise NotConnected(_told(f"nobody answers at {url}", named, error, proxy)) from error
        return Service()  # it is there; whether it is well again, the first cell that needs it will say
    except anthropic.AuthenticationError as error:
        raise NotConnected(_told(f"{url} refuses the key", named, error, "Set one that works")) from error
    except anthropic.PermissionDeniedError as error:
        raise NotConnected(_told(f"{url} refuses the key", named, error, "Set one that may")) from error
    except anthropic.APIConnectionError as error:
        what, why = f"nobody answers at {url}", error.__cause__ or error
        ours = named == "ANTHROPIC_BASE_URL"
        then = "Start it, or set another address" if ours else "Check your connection"
        then = _proxy_to(url) or then
        raise NotConnected(_told(what, named, why, then)) from error
    except (anthropic.APIError, ValueError, AttributeError) as error:
        what = f"what answers at {url} is no Managed Agents API"
        raise NotConnected(_told(what, named, error, "Set another address")) from error
    finally:
        if client is None:
            asks.close()
    return Service(REPLAY_HEADER in answer.headers, answer.headers.get(WORKSPACE_HEADER))


def _proxy_to(url: str) -> str:
    """What to do where the environment names a proxy for a plain address, as a room's server has; or ""."""
    parts = urlsplit(url)
    proxied = {"http", "all"} & getproxies().keys() and not proxy_bypass(parts.hostname or "")
    if parts.scheme != "http" or is_loopback(parts.hostname) or not proxied:
        return ""
    return f"A proxy is asked for it: set NO_PROXY={parts.hostname} to go past it, or start the server"


def _told(what: str, named: str, error: BaseException, then: str) -> str:
    return f"{what} ({named}): {said(error):.200}\n{then} and run this cell again. {HOW_TO_STAY}"
