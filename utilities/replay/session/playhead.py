"""Where in its recordings a session is, and how a recorded event becomes one of the session's.

The first of its recordings leads: its events are played. The others are those that agree with all that the
client has sent so far; one of them leads when the client sends what the first doesn't have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ..recordings.recording import Event, Place
from ..recordings.track import Track
from .budgets import Costs
from .names import Names
from .pace import Pace
from .previews import Upcoming


@dataclass
class Playhead:
    """The place of one session in its recordings.

    Args:
        tracks: the recordings that it may follow, best first.
        names: its ids.
        pace: how fast it is played.
    """

    tracks: list[Track]
    names: Names
    pace: Pace
    position: int = 0  # the next event of the leading recording
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        self.begin(self.tracks)

    @property
    def leader(self) -> Track | None:
        """The recording that is played."""
        return self.tracks[0] if self.tracks else None

    # -- the next event -----------------------------------------------------------------------

    @property
    def next(self) -> Event | None:
        """The recorded event that comes next; None at the recording's end, or if there is none."""
        track = self.leader
        if track is None or self.position >= len(track.recording.events):
            return None
        return track.recording.events[self.position]

    @property
    def own(self) -> str | None:
        """What the client has sent where the next event is: the id; empty if that is passed over."""
        return self.tracks[0].taken.get(self.position)

    @property
    def gate(self) -> int | None:
        """Which client event the next event waits for, by its index in the recording; None if for none."""
        return self.tracks[0].recording.gates[self.position]

    @property
    def is_open(self) -> bool:
        """Whether the next event waits for nothing that the client hasn't sent."""
        return self.gate is None or self.gate in self.tracks[0].taken

    @property
    def is_answer(self) -> bool:
        """Whether the next event is what the client has sent, or comes right before it."""
        return self.gate in self.tracks[0].taken

    def due(self, now: float) -> float:
        """When the next event is due, in the caller's seconds."""
        return self.pace.due(self.tracks[0].recording.events[self.position]["processed_at"], now)

    def moment(self, last: str | None) -> str:
        """The time that the next event gets in the log, whose last event has the time `last`."""
        return self.pace.moment(self.tracks[0].recording.events[self.position]["processed_at"], last)

    def upcoming(self, now: float) -> Upcoming | None:
        """The event that the agent is producing at `now`; None if the next one is due, or waits."""
        recorded = self.next
        if recorded is None or self.pace.anchor is None or not self.position:
            return None
        due = self.due(now)
        if recorded["id"] not in self.names.ours or due <= now:
            return None
        before = self.tracks[0].recording.events[self.position - 1]
        return Upcoming(self.names.renamed(recorded), self.pace.due(before["processed_at"], now), due)

    # -- recorded events and the session's own --------------------------------------------------

    def recorded(self, id: str) -> Event:
        """An event of the leading recording, by its id there."""
        return next(event for event in self.tracks[0].recording.events if event["id"] == id)

    def played(self, recorded: Event, places: dict[str, Place]) -> Event:
        """The next event as the session has it: with the session's ids. Adds a call's place to `places`."""
        recording, id = self.tracks[0].recording, self.names.of(recorded)
        others = recording.names_others[self.position] or self.names.learned
        if recorded["id"] in recording.calls:
            places[id] = recording.calls[recorded["id"]]
        return self.names.renamed(recorded) if others else {**recorded, "id": id}

    def counterpart(self, sent: str) -> tuple[Event, bool]:
        """What the recording has for the client event with this id, and whether it comes next."""
        recording, taken = self.tracks[0].recording, self.tracks[0].taken
        index = next(index for index, id in taken.items() if id == sent)
        return recording.events[index], self.position == recording.gates.index(index)

    # -- going elsewhere ------------------------------------------------------------------------

    def begin(self, tracks: list[Track]) -> None:
        """These are the recordings that the session may follow; nothing of them was played."""
        self.tracks = tracks
        if tracks:
            self.names.lead(tracks[0].recording, {})

    def lead(
        self, tracks: list[Track], waiting: Collection[str], log: Sequence[Event], places: Mapping[str, Place]
    ) -> None:
        """Go on with `tracks`; if the one that was played is not the first of them, step over.

        Args:
            tracks: those that agree with what the client has sent.
            waiting: the ids of its events that the session hasn't processed yet.
            log: the session's.
            places: of the session's calls.
        """
        before, self.tracks = self.tracks, tracks
        if not tracks or tracks[0].recording is before[0].recording:
            return
        recording, taken = tracks[0].recording, tracks[0].taken
        self.position = min(recording.gates.index(index) for index, id in taken.items() if id in waiting)
        ours = {place: id for id, place in places.items()}
        self.names.lead(
            recording, {call: ours[place] for call, place in recording.calls.items() if place in ours}
        )
        sent = {event["id"]: event for event in log}
        for index, id in sorted(taken.items()):
            if id in sent:
                self.names.learn(recording.events[index], sent[id])
        self.pace.restart()

    def skip(self) -> None:
        """Go past the next event, which isn't played."""
        self.tracks[0].taken.setdefault(self.position, "")
        self.position += 1

    def skip_turn(self) -> None:
        """Go to where the recording's next turn begins."""
        if self.leader is not None:
            self._go_to(self.leader.recording.next_turn(self.position))

    def rewind(self, opening: str, again: str | None = None) -> None:
        """Go back to where a turn began, in every recording; as `Track.rewind`."""
        self._go_to([track.rewind(opening, again) for track in self.tracks][0])

    def give_back(self, ids: Collection[str]) -> None:
        """What the client has sent with these ids counts as not sent."""
        for track in self.tracks:
            track.taken = {index: id for index, id in track.taken.items() if id not in ids}

    def _go_to(self, position: int) -> None:
        """Go on elsewhere, at the same cost. Events that are played a second time are other events."""
        recording = self.tracks[0].recording
        self.costs.skip(recording, self.position, position)
        self.names.forget(recording.events[position:])
        self.position = position

    # -- what it came to --------------------------------------------------------------------------

    def cost(self) -> Decimal:
        """The list cost so far, in cents."""
        return self.costs.at(self.leader.recording, self.position) if self.leader else Decimal(0)

    def provenance(self) -> str:
        """Whose moves its agent makes: `scripted 06_a`, or `live` with the day and the model.

        While several recordings agree with what was sent, what they have in common; nothing on none.
        """
        each = {track.recording.provenance for track in self.tracks}
        kinds = {provenance.split()[0].rstrip(",") for provenance in each}
        return (each if len(each) == 1 else kinds if len(kinds) == 1 else {""}).pop() if each else ""
