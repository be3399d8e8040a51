"""A session's tool calls: where the recordings have them, and which still wait for the client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..recordings.recording import Place


@dataclass
class Calls:
    """The tool calls of one session, by their ids in it."""

    places: dict[str, Place] = field(default_factory=dict)  # by which recordings are compared
    awaited: list[str] = field(default_factory=list)  # the event_ids of the last idle event
    answered: set[str] = field(default_factory=set)
    partial: bool = False  # answers came since the last idle event, but not all of them

    def copy(self) -> Calls:
        """One in which calls can be answered, while the session's stays as it is."""
        return replace(self, answered=set(self.answered))

    def waiting(self) -> list[str]:
        """Those of the last idle event that have no answer yet."""
        return [call for call in self.awaited if call not in self.answered]

    def give_up(self) -> None:
        """Nobody waits for the answers any more."""
        self.answered.update(self.awaited)

    def wait_for(self, event_ids: Sequence[str]) -> None:
        """The session is idle, and these calls wait for the client."""
        self.awaited, self.partial = list(event_ids), False

    def take_over(self, looked_at: Calls) -> None:
        """The answers of a send that was possible."""
        self.partial = self.partial or looked_at.answered != self.answered
        self.answered = looked_at.answered
