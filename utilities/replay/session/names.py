"""Ids: those that a session gives, and which of its recording's ids is which of its own.

An event of a recording has the recording's id, and may name others by theirs. In a session each gets an id of
the session's, decided by the session's own and a count, so that every run has the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ids import make_id
from ..recordings.masks import exchanged
from ..recordings.recording import Event, Recording
from ..recordings.track import learned_ids


def thread_id(session_id: str, number: int) -> str:
    """The id of a session's thread; number 0 is the primary one, which every session has. [sdk]"""
    return make_id("sthr", session_id, number)


@dataclass
class Names:
    """The ids of one session."""

    session_id: str
    ours: dict[str, str] = field(default_factory=dict)  # by the leading recording's
    learned: dict[str, str] = field(default_factory=dict)  # its client's, by the recorded client's
    count: int = 0

    def lead(self, recording: Recording, calls: Mapping[str, str]) -> None:
        """Another recording leads.

        Args:
            recording: the one whose ids come from now on.
            calls: its ids of calls that the session has had already, with the session's.
        """
        threads = {theirs: thread_id(self.session_id, number) for theirs, number in recording.threads.items()}
        self.ours = {**threads, **calls}
        self.learned = {}

    def next(self, number: int = 0) -> str:
        """The id of the next event, or of the one so many after it. It is not taken yet: see `count`."""
        return make_id("sevt", self.session_id, self.count + number)

    def made_up(self) -> str:
        """The id of an event that no recording has."""
        self.count += 1
        return make_id("sevt", self.session_id, "unrecorded", self.count - 1)

    def of(self, recorded: Event) -> str:
        """The id that a recorded event has in this session."""
        if recorded["id"] not in self.ours:
            self.ours[recorded["id"]] = self.next()
            self.count += 1
        return self.ours[recorded["id"]]

    def learn(self, recorded: Event, sent: Event) -> None:
        """Take over the ids in a client's result, so that the agent can name what the client knows. [ours]"""
        if recorded["type"] == "user.custom_tool_result":
            self.learned = {**learned_ids(recorded, sent), **self.learned}

    def meet(self, recorded: Event, sent: Event) -> None:
        """The client has sent `sent` where the recording has `recorded`: what was one id is the other now."""
        self.ours[recorded["id"]] = sent["id"]
        if "outcome_id" in sent and isinstance(recorded.get("outcome_id"), str):
            self.ours[recorded["outcome_id"]] = sent["outcome_id"]
        self.learn(recorded, sent)

    def forget(self, events: Iterable[Event]) -> None:
        """These will be played a second time, and be other events then."""
        for event in events:
            self.ours.pop(event["id"], None)

    def renamed(self, value: Any) -> Any:
        """A copy with the recording's ids exchanged for this session's, the client's within texts too."""
        if isinstance(value, str):
            return self.ours.get(value) or exchanged(value, self.learned)
        if isinstance(value, list):
            return [self.renamed(item) for item in value]
        if isinstance(value, dict):
            return {key: self.renamed(item) for key, item in value.items()}
        return value
