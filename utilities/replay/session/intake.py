"""What a client sends to a session, looked at before any of it counts: all of it is possible, or nothing.

An answer is for a call that has none yet, a message comes when no call waits, an interrupt at any time. What
recordings go on with decides which of them are followed from here; where none does, the server is strict and
refuses, or the closest goes on and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..http.errors import UNRECORDED, ApiError
from ..recordings.recording import OPENINGS, Event, answered_call
from ..recordings.track import Track, said
from . import budgets
from .calls import Calls

# Keys of the client's events that its own request can leave out, but the log has. [seen]
FILLED: dict[str, dict[str, Any]] = {
    "user.interrupt": {"session_thread_id": None},
    "user.tool_result": {"session_thread_id": None, "is_error": False},
}
NOBODY = "no recording continues from here"
AGAIN = (
    "this session has had this message already, and what was recorded goes on with another one, so nothing "
    "was sent. To see its turn once more, create the session again, then send the message."
)
IN_A_TEST = "Send what was recorded, or record this session anew."
BY_HAND = "Send what was recorded, record this session, or use a key to go live."


@dataclass
class Intake:
    """One send: where the session stands, and what the send will have changed if all of it is possible.

    Args:
        session_id: the session's id.
        tracks: copies of the session's.
        calls: a copy of the session's.
        strict: refuse an event that no recording continues, instead of following the closest.
        idle: whether the session's status is idle.
        capped: whether its budget is used up, so that it takes nothing that starts work.
        paused: whether that has stopped it, so that there is nothing for an interrupt to stop.
        waiting: the ids of what it has accepted and not processed yet.
        opened: the last message accepted, if it may come again because its response was lost.
        assume: what is assumed of the hosted API.
        passed_over: beginnings that the session could have had, each with what it would need for that.
        only: the thread that is at work, if it is the only one: its interrupt is the session's.
        heard: what the messages said that the session has had.
        outcome: the outcome that it works on.
    """

    session_id: str
    tracks: list[Track]
    calls: Calls
    strict: bool
    idle: bool
    capped: bool
    paused: bool
    waiting: set[str]
    opened: Event | None
    assume: Assumptions = NOTHING_ASSUMED
    passed_over: list[tuple[Track, str]] = field(default_factory=list)
    only: str | None = None
    heard: frozenset[str] = frozenset()
    outcome: str | None = None

    busy: bool = field(init=False)  # whether there is a turn that an interrupt can stop
    accepted: list[Event] = field(default_factory=list)  # all of them
    queued: list[Event] = field(default_factory=list)  # those that the session has still to process
    stops: list[Event] = field(default_factory=list)  # interrupts that no recording has
    closed: list[str] = field(default_factory=list)  # calls that nobody waits for any more, because of these
    repeated: list[Event] = field(default_factory=list)  # second answers, which change nothing
    copies: list[tuple[str, str]] = field(default_factory=list)  # messages that came twice: first, second
    notes: list[str] = field(default_factory=list)  # where a recording was left

    def __post_init__(self) -> None:
        self.busy = not self.idle or bool(self.calls.waiting())

    def take(self, id: str, sent: Event) -> None:
        """Look at the next event of the send.

        Args:
            id: the id that it gets.
            sent: the event as it came.

        Raises:
            ApiError: 400, the session can't take it now.
        """
        if self.capped:
            budgets.require_taken(sent, self.session_id)
        self._require_possible(sent)
        event = {"id": id, **FILLED.get(sent["type"], {}), **sent}
        if event["type"] == "user.define_outcome":
            self.outcome = id
        queued = {**event, "processed_at": None}
        if event["type"] == "user.interrupt" and self.paused:
            pass  # every thread is paused: it is accepted, not listed, and changes nothing [doc]
        elif self._is_unrecorded_interrupt(event):
            self._interrupt(event)
        elif answered_call(event) in self.calls.answered:
            self.repeated.append(event)
        elif self.opened is not None and self._is_copy(event, self.opened):
            self.copies.append((self.opened["id"], event["id"]))
            self.queued.append(queued)
        else:
            self._follow(event)
            if call := answered_call(event):
                self.calls.answered.add(call)
            self.queued.append(queued)
        self.accepted.append(queued)

    def _require_possible(self, event: Event) -> None:
        call = answered_call(event)
        if call is not None and call not in self.calls.places:
            key = "custom_tool_use" if event["type"] == "user.custom_tool_result" else "tool_use"
            # [claimed]
            raise ApiError(400, f'tool_use_id "{call}" does not match any {key} event in this session')
        if call in self.calls.answered and self.assume.of("second-answer") == "refused":
            raise ApiError(400, f"the call {call} has been answered already; each takes one answer")
        waiting = ", ".join(self.calls.waiting())
        parked = event["type"] == "user.message" and waiting and self.idle
        if parked and self.assume.of("message-while-parked") == "refused":
            raise ApiError(  # [claimed]
                400,
                f"Session {self.session_id} is waiting on responses to events [{waiting}]: send their "
                "user.custom_tool_result or user.tool_confirmation, or a user.interrupt, before a message.",
            )
        repeated = self.opened is not None  # because the response to the first was lost
        if event["type"] == "user.define_outcome" and self.outcome is not None and not repeated:
            raise ApiError(  # [doc; ours: 400]
                400,
                f"Session {self.session_id} works on the outcome {self.outcome}, and takes one at a time: "
                "define the next when a span.outcome_evaluation_end has ended it, or send a user.interrupt.",
            )
        before = self.accepted[-1]["type"] if self.accepted else ""
        if event["type"] == "system.message" and waiting and self.idle and before in OPENINGS:
            raise ApiError(  # [doc]
                400,
                f"Session {self.session_id} is waiting on responses to events [{waiting}]: a system.message "
                "is taken behind a tool result in the same request, with a message when all are answered.",
            )

    def _is_unrecorded_interrupt(self, event: Event) -> bool:
        """An interrupt can come at any moment; few recordings have one where this client sends it."""
        if event["type"] != "user.interrupt":
            return False
        return all(track.counterpart(event, {}) is None for track in self.tracks)

    def _interrupt(self, event: Event) -> None:
        """The recordings go on behind the turn that the first interrupt stops."""
        if not self.stops_all(event):
            pass  # it stops a single thread, and the recordings go on
        elif self.busy and not any(map(self.stops_all, self.stops)):
            self.outcome = None
            self.closed += self.calls.waiting()
            self.calls.give_up()
            for track in self.tracks:
                track.drop_turn(self.waiting | {accepted["id"] for accepted in self.accepted})
        self.stops.append(event)

    def stops_all(self, interrupt: Event) -> bool:
        """Whether this interrupt is for every thread that is at work. [doc]"""
        return interrupt["session_thread_id"] in (None, self.only)

    def _is_copy(self, event: Event, opened: Event) -> bool:
        """A message that comes a second time, because the response to the first was lost. [sdk]"""
        first = {**opened, "id": event["id"]}
        alike = {key: first.get(key) for key in event} == event and event["type"] in OPENINGS
        begun = bool(self.tracks) and opened["id"] in self.tracks[0].taken.values()
        if not (alike and begun):
            return False
        calls, text = self.calls.places, said(event)
        return all(track.difference(event, calls, text) is not None for track in self.tracks)

    def _follow(self, event: Event) -> None:
        """Go on with the recordings that continue with `event`; if none does, with the closest, noting it."""
        calls, text = self.calls.places, said(event)
        # A message to a parked session waits behind the answers, and so it stands in a recording.
        parked = event["type"] in OPENINGS and self.idle and bool(self.calls.waiting())
        differences = [track.difference(event, calls, text, behind=parked) for track in self.tracks]
        agreeing = [self.tracks[i] for i, difference in enumerate(differences) if difference is None]
        if not agreeing:
            if event["type"] in OPENINGS and text in self.heard and not self.strict:
                raise ApiError(400, AGAIN, code=UNRECORDED)  # or the closest would be the next turn, used up
            likeness = []
            if not self.strict:
                likeness = [track.likeness(event, calls, text, behind=parked) for track in self.tracks]
            if not any(likeness):
                raise self._unrecorded(event, differences, text)
            closest = self.tracks[likeness.index(max(likeness))]
            name, difference = closest.recording.name, differences[self.tracks.index(closest)]
            self.notes.append(f"no recording has this {event['type']}, going on with {name} ({difference})")
            agreeing = [closest]
        for track in agreeing:
            index = track.counterpart(event, calls, behind=parked)
            assert index is not None  # the others were left
            track.taken[index] = event["id"]
        self.tracks = agreeing

    def _unrecorded(self, event: Event, differences: list[str | None], text: str) -> ApiError:
        """No recording goes on with `event`: what each of them has instead."""
        rows = [f"{t.recording.name}: {d}" for t, d in zip(self.tracks, differences, strict=True)]
        rows += [
            f"{track.recording.name} would go on with it, but not with this session: {unlike}"
            for track, unlike in self.passed_over
            if track.difference(event, self.calls.places, text) is None
        ]
        told = "; ".join(rows) or "The server has no recordings"
        hint = IN_A_TEST if self.strict else BY_HAND
        return ApiError(400, f"{NOBODY} with this {event['type']}. {told}. {hint}", code=UNRECORDED)
