"""The error that the author of a scenario sees."""

from __future__ import annotations


class ScenarioError(ValueError):
    """A scenario that can't be recorded; the message is for its author."""
