"""The replay server on a socket."""

from .server import ReplayServer

__all__ = ["ReplayServer"]
