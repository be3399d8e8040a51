"""A server whose time passes when a test says so."""

from __future__ import annotations

from utilities.replay import ReplayServer


class Time:
    """The time of a server, in seconds; its real clock counts no more.

    Args:
        server: not yet started.
    """

    def __init__(self, server: ReplayServer) -> None:
        self.now = 0.0
        handle = server.api.handle
        server.api.handle = lambda request, _: handle(request, self.now)  # type: ignore[method-assign]

    def passes(self, *, days: float = 0.0, hours: float = 0.0, minutes: float = 0.0) -> None:
        self.now += ((days * 24 + hours) * 60 + minutes) * 60
