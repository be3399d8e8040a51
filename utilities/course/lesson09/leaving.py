"""What goes out to a host in place of a secret, by the two lists of hosts."""

from __future__ import annotations

from typing import Any, Literal

from utilities.replay.resources.deployment_runs import is_host

from ..predictions import Prediction

__all__ = ["leaving", "what_leaves"]


def what_leaves(
    host: str, environment: Any, credential: Any, where: Literal["header", "body"] = "header"
) -> str:
    """What a request from the container has where the program put the variable. Nothing is sent.

    Args:
        host: to which it goes.
        environment: whose network policy decides whether it goes at all.
        credential: an `environment_variable`; its own list decides whether the secret goes along.
        where: in which part of the request the program put it.

    Returns:
        "no request", "the placeholder" or "the secret".
    """
    if not _allows(environment.config.networking, host):
        return "no request"
    if not _allows(credential.auth.networking, host):
        return "the placeholder"
    return "the secret" if getattr(credential.auth.injection_location, where) else "the placeholder"


def _allows(networking: Any, host: str) -> bool:
    if networking.type == "unrestricted":
        return True
    return any(is_host(host, allowed) for allowed in networking.allowed_hosts or ())


leaving = Prediction(
    "Exercise 1",
    "The environment allows api.tickets.example and logs.example. The credential allows "
    "api.tickets.example and files.tickets.example, in headers. Who is sent the secret?",
    [
        "api.tickets.example, in a header",
        "api.tickets.example, in the body",
        "logs.example, in a header",
        "files.tickets.example, in a header",
    ],
    "a",
    "both lists have to allow the host, and the credential has to allow the place",
    wrong={
        "b": "the credential is for headers only",
        "c": "the request goes out, and the credential doesn't know this host",
        "d": "the environment lets no request out to it",
    },
    hints=["A host has to be on both lists. Then the place has to be allowed as well."],
)
