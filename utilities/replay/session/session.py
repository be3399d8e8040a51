"""The state machine of one session: recordings and client events in, the event log out.

Pure: the time is an argument, and nothing here waits. `advance(now)` plays what is due and
says when the next event will be; whoever has a clock calls it again then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..faults import NO_FAULTS, Faults
from ..http.errors import UNRECORDED, ApiError
from ..ids import TICK, later, make_id, seconds_between
from ..recordings.masks import exchanged
from ..recordings.mount import Write
from ..recordings.recording import OPENINGS, Event, Output, Place, Recording, answered_call
from ..recordings.track import Track, learned_ids
from . import budgets, made_up
from .broken_turns import BrokenTurns, Mishap
from .previews import Upcoming

STATUS = {
    "session.status_running": "running",
    "session.status_idle": "idle",
    "session.status_rescheduled": "rescheduling",
    "session.status_terminated": "terminated",
}
# After the idle event the session's status field goes on saying "running" for a moment (the
# archive race). How long isn't known, so it is counted in looks, which repeat in every run. [ours]
STALE_LOOKS = 2
# Keys of the client's events that its own request can leave out, but the log has. [seen]
FILLED: dict[str, dict[str, Any]] = {
    "user.interrupt": {"session_thread_id": None},
    "user.tool_result": {"session_thread_id": None, "is_error": False},
}
NOBODY = "no recording continues from here"


def thread_id(session_id: str, number: int) -> str:
    """The id of a session's thread; number 0 is the primary one, which every session has. [sdk]"""
    return make_id("sthr", session_id, number)


@dataclass
class _Intake:
    """One send, while it is being looked at: what it will have changed if all of it is possible."""

    tracks: list[Track]
    answered: set[str]
    notes: list[str] = field(default_factory=list)
    accepted: list[Event] = field(default_factory=list)
    queued: list[Event] = field(default_factory=list)  # those that the session has still to process
    stops: list[Event] = field(default_factory=list)  # interrupts that no recording has
    unheard: list[Event] = field(default_factory=list)  # messages to a session that has spent its budget
    copies: list[tuple[str, str]] = field(default_factory=list)  # messages that came twice: first, second


@dataclass
class Session:
    """One session as the server plays it.

    Args:
        id: the session's id.
        created_at: RFC 3339; events carry the recording's own times.
        tracks: the recordings that it may follow, best first.
        strict: refuse a client event that no recording continues, instead of following the closest.
        speed: how many recorded seconds pass in one second; 0 plays everything at once.
        budget: what it may cost; None for no limit.
        hear: is told of every event that the log gets.
    """

    id: str
    created_at: str
    tracks: list[Track]
    strict: bool = False
    speed: float = 0.0
    budget: budgets.Budget | None = None
    hear: Callable[[Event], object] | None = None

    status: str = "idle"
    log: list[Event] = field(default_factory=list)  # processed, in order
    queued: list[Event] = field(default_factory=list)  # accepted, not yet processed
    outputs: list[Output] = field(default_factory=list)  # appeared so far
    filed: int = 0  # how many of them the file store has
    memory: list[tuple[str, Write]] = field(default_factory=list)  # written so far, with the mount paths
    remembered: int = 0  # how many of them the memory stores have
    unlike: dict[Recording, str | None] = field(default_factory=dict)  # how our memory differs from theirs
    usage: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # where lenient matching left the recording
    told: int = 0  # how many of them the client has been told
    closed: bool = False  # archived or deleted: streams end

    position: int = 0  # the next event of the leading recording
    awaited: list[str] = field(default_factory=list)  # the event_ids of the last idle event
    calls: dict[str, Place] = field(default_factory=dict)  # by our ids, with their places in the recordings
    names: dict[str, str] = field(default_factory=dict)  # the leading recording's ids → ours
    learned: dict[str, str] = field(default_factory=dict)  # its client's ids, of memories say → our client's
    stale_looks: int = 0
    anchor: tuple[float, str] | None = None  # pacing counts from (the caller's time, the recorded time)
    lag: float = 0.0  # how many seconds the log is behind the recording's times
    answered: set[str] = field(default_factory=set)  # tool calls that have their answer
    partial: bool = False  # results came since the last idle, but not all of them
    count: int = 0
    paused: list[Event] | None = None  # the threads that the budget has stopped; None: it has not
    costs: dict[Recording, list[Decimal]] = field(default_factory=dict)  # before each event
    waived: Decimal = Decimal(0)  # the recorded cost of what was not played

    now: float = 0.0  # the caller's time, as last heard
    broken: BrokenTurns = field(default_factory=BrokenTurns)  # what goes wrong on purpose
    opened: Event | None = None  # the last message accepted
    copies: list[tuple[str, str]] = field(default_factory=list)  # messages that came twice: first, second

    def __post_init__(self) -> None:
        self.names |= self._thread_names()

    @property
    def leader(self) -> Track | None:
        return self.tracks[0] if self.tracks else None

    @property
    def updated_at(self) -> str:
        return str(self.log[-1]["processed_at"]) if self.log else self.created_at

    def look(self) -> str:
        """The status field as a request sees it, which lags behind the idle event."""
        held = self.broken.unsettled(self.now)
        if self.status == "idle" and held is not None:
            return "running" if held else "idle"
        if self.stale_looks and self.status == "idle":
            self.stale_looks -= 1
            return "running"
        return self.status

    def require_settled(self, action: str) -> None:
        """Refuse what a running session refuses. [claimed: the seed tutorial, for archive]"""
        if (status := self.look()) in ("running", "rescheduling"):
            raise ApiError(
                400,
                f'Session {self.id} cannot be {action} while its status is "{status}". '
                "Wait until it is idle, or send a user.interrupt event first.",
            )

    def erase(self) -> None:
        """The session is deleted; its last event tells the open streams."""
        self._add(made_up.deletion())
        self.closed = True

    def update(self, changes: dict[str, Any], now: float) -> None:
        """An update request has changed these fields. [sdk]"""
        self._add([{"type": "session.updated", **changes}])
        if "budget" in changes:
            self.budget = changes["budget"]
            if self.paused is not None:  # the work goes on by itself [doc]
                self._resume()
                self.advance(now)

    def cost(self) -> Decimal:
        """The list cost so far, in cents."""
        if self.leader is None:
            return Decimal(0)
        recording = self.leader.recording
        if recording not in self.costs:
            self.costs[recording] = budgets.costs(recording.events, recording.header["agent"].get("model"))
        return self.costs[recording][self.position] - self.waived

    # -- what the client sends ------------------------------------------------------------

    def send(self, events: Sequence[Event], now: float, faults: Faults = NO_FAULTS) -> list[Event]:
        """Take the client's events, all or none; `faults` are those of the turn that they begin.

        Returns:
            The events as accepted: each with its id, `processed_at` null.

        Raises:
            ApiError: the session can't take them now (400), or is over (409).
        """
        self.advance(now)
        if self.closed or self.status == "terminated":
            raise ApiError(409, f"Session {self.id} is archived or terminated and takes no more events.")
        busy = self._is_busy()
        intake = _Intake([track.copy() for track in self.tracks], set(self.answered))
        for number, event in enumerate(events):
            self._require_possible(event, intake.answered)
            id = make_id("sevt", self.id, self.count + number)
            self._take({"id": id, **FILLED.get(event["type"], {}), **event}, intake, busy, faults)
        self._commit(intake, faults)
        if intake.unheard and self.paused is not None:
            self._resume(intake.unheard)  # and it stops again, before it asks the model [seen, for a result]
            self.advance(now)
        for stop in intake.stops:  # an interrupt jumps the queue [doc]
            self._stop(stop, busy)
            busy = False
        self.advance(now)
        return intake.accepted

    def _take(self, event: Event, intake: _Intake, busy: bool, faults: Faults) -> None:
        """Look at one event of a send; the session itself is not changed yet."""
        queued = {**event, "processed_at": None}
        gives_up = event["type"] == "user.interrupt" and self.paused is not None
        if gives_up or self._is_unrecorded_interrupt(event, intake.tracks):
            if busy and not intake.stops:
                intake.answered.update(self.awaited)
                for track in intake.tracks:
                    track.drop_turn({waiting["id"] for waiting in (*self.queued, *intake.accepted)})
            intake.stops.append(event)
        elif event["type"] == "user.message" and self.paused is not None:
            intake.unheard.append(event)  # without money there is no turn for a recording to have
        elif self.opened and faults.first("lose") and self._is_copy(event, intake.tracks):
            intake.copies.append((self.opened["id"], event["id"]))
            intake.queued.append(queued)
        else:
            intake.tracks, note = self._follow(intake.tracks, event)
            for track in intake.tracks:
                index = track.counterpart(event, self.calls)
                assert index is not None  # _follow kept only tracks that have one
                track.taken[index] = event["id"]
            if note:
                intake.notes.append(note)
            if call := answered_call(event):
                intake.answered.add(call)
            intake.queued.append(queued)
        intake.accepted.append(queued)

    def _commit(self, intake: _Intake, faults: Faults) -> None:
        """All of a send is possible: now it counts."""
        self.partial = self.partial or intake.answered != self.answered
        self.answered = intake.answered
        self.notes += intake.notes
        self.copies += intake.copies
        for event in intake.accepted:
            if event["type"] in OPENINGS:
                self.opened = event
                self.broken.expect(event["id"], faults)
        self.count += len(intake.accepted)
        self.queued += intake.queued
        self._lead(intake.tracks)

    def _stop(self, sent: Event, busy: bool) -> None:
        if self.paused is not None:
            self._give_up(sent)
        elif busy:
            self._interrupt(sent)
        else:
            self._add([sent])  # nothing to stop [ours]

    def _require_possible(self, event: Event, answered: set[str]) -> None:
        call = answered_call(event)
        if call is not None and call not in self.calls:
            key = "custom_tool_use" if event["type"] == "user.custom_tool_result" else "tool_use"
            # [claimed]
            raise ApiError(400, f'tool_use_id "{call}" does not match any {key} event in this session')
        if call in answered:
            # [unsettled]
            raise ApiError(400, f"the call {call} has been answered already; each takes one answer")
        waiting = ", ".join(call for call in self.awaited if call not in answered)
        if event["type"] == "user.message" and waiting and self.status == "idle":
            raise ApiError(  # [claimed]
                400,
                f"Session {self.id} is waiting on responses to events [{waiting}]: send their "
                "user.custom_tool_result or user.tool_confirmation, or a user.interrupt, before a message.",
            )

    @staticmethod
    def _is_unrecorded_interrupt(event: Event, tracks: list[Track]) -> bool:
        """An interrupt can come at any moment; few recordings have one where this client sends it."""
        return event["type"] == "user.interrupt" and all(t.counterpart(event, {}) is None for t in tracks)

    def _is_busy(self) -> bool:
        """Whether there is a turn that an interrupt can stop."""
        waiting = any(call not in self.answered for call in self.awaited)
        return self.status != "idle" or waiting or self.paused is not None

    def _give_up(self, sent: Event) -> None:
        """An interrupt of a session without money: it is idle, but has a turn that would go on. [ours]"""
        self._add([sent])
        self.paused = None
        if self.leader is not None:
            self._go_to(self.leader.recording.next_turn(self.position))

    def _interrupt(self, sent: Event) -> None:
        """Stop the turn that is under way and go to where the recording's next one begins."""
        # Results that came for the stopped turn are noted; messages wait for the next one. [ours]
        late = [event for event in self.queued if event["type"] not in OPENINGS]
        self.queued = [event for event in self.queued if event not in late]
        self.answered.update(self.awaited)
        self._add(late)
        self._add(made_up.interruption(self.log, sent))
        if self.leader is not None:
            self._go_to(self.leader.recording.next_turn(self.position))

    def _is_copy(self, event: Event, tracks: list[Track]) -> bool:
        """A message that comes a second time, because the response to the first was lost. [sdk]"""
        first = {**(self.opened or {}), "id": event["id"]}
        alike = {key: first.get(key) for key in event} == event and event["type"] in OPENINGS
        begun = (self.opened or {}).get("id") in tracks[0].taken.values() if tracks else False
        return alike and begun and all(track.difference(event, self.calls) is not None for track in tracks)

    def _follow(self, tracks: list[Track], event: Event) -> tuple[list[Track], str | None]:
        """The tracks that go on with `event`, and what to tell about it if none agrees."""
        differences = [track.difference(event, self.calls) for track in tracks]
        if agreeing := [tracks[i] for i, difference in enumerate(differences) if difference is None]:
            return agreeing, None
        closest = max(tracks, key=lambda track: track.likeness(event, self.calls), default=None)
        said = "; ".join(f"{t.recording.name}: {d}" for t, d in zip(tracks, differences, strict=True))
        if self.strict or closest is None or not closest.likeness(event, self.calls):
            raise ApiError(
                400,
                f"{NOBODY} with this {event['type']}. {said or 'The server has no recordings'}. "
                "Send what was recorded, record this session, or use a key to go live.",
                code=UNRECORDED,
            )
        name, difference = closest.recording.name, differences[tracks.index(closest)]
        what = f"your {event['type']} is not the recorded one, the answer is"
        return [closest], f"{what}: going on with {name} ({difference})"

    def _lead(self, tracks: list[Track]) -> None:
        """Go on with `tracks`; if the one that was played is not the first of them, step over."""
        before, self.tracks = self.tracks, tracks
        if not tracks or tracks[0].recording is before[0].recording:
            return
        recording, taken = tracks[0].recording, tracks[0].taken
        waiting = {event["id"] for event in self.queued}
        self.position = min(recording.gates.index(index) for index, id in taken.items() if id in waiting)
        ours = {place: id for id, place in self.calls.items()}
        calls = {call: ours[place] for call, place in recording.calls.items() if place in ours}
        self.names = {**self._thread_names(), **calls}
        self.learned = {}
        sent = {event["id"]: event for event in self.log}
        for index, id in sorted(taken.items()):
            if id in sent:
                self._learn(recording.events[index], sent[id])
        self.anchor, self.lag = None, 0.0

    def _thread_names(self) -> dict[str, str]:
        """The leading recording's threads under this session's ids: whichever leads, the same ones."""
        threads = self.leader.recording.threads if self.leader else {}
        return {recorded: thread_id(self.id, number) for recorded, number in threads.items()}

    # -- what the session does -----------------------------------------------------------------

    def advance(self, now: float) -> float | None:
        """Play every event that is due at `now`.

        Args:
            now: seconds, by any clock that doesn't go back.

        Returns:
            When the next event is due, in the same seconds; None if the session waits for its client.
        """
        self.now = now
        due = self._advance(now)
        while due is None and self._play_again():
            due = self._advance(now)
        return due

    def _advance(self, now: float) -> float | None:
        while (track := self.leader) is not None and self.position < len(track.recording.events):
            if self.paused is not None:
                return None
            if mishap := self.broken.next(self.status, self.log, now):
                self._happen(mishap)
                if mishap.until is not None:
                    return mishap.until
                continue
            recorded = track.recording.events[self.position]
            gate = track.recording.gates[self.position]
            if gate is not None and gate not in track.taken:
                self._remind(recorded)
                self.anchor = None  # how long the client took is not the recording's time
                return None
            due = self._due(recorded, now)
            if due > now:
                self._named(recorded)  # a preview has the event's id; it must not depend on who looks
                return due
            if recorded["type"] == budgets.REQUEST and budgets.reached(self.budget, self.cost):
                self._pause()
                return None
            self._play(recorded, track)
            self.position += 1
        return None

    def upcoming(self, now: float) -> Upcoming | None:
        """The event that the agent is producing at `now`, if `advance` said that one is due later."""
        track, position = self.leader, self.position
        if track is None or self.anchor is None or not 0 < position < len(track.recording.events):
            return None
        before, recorded = track.recording.events[position - 1 : position + 1]
        if recorded["id"] not in self.names or (due := self._due(recorded, now)) <= now:
            return None
        return Upcoming(self._renamed(recorded), self._due(before, now), due)

    def _happen(self, mishap: Mishap) -> None:
        """A turn goes wrong. The message of a turn that it ends can be sent again. [ours]"""
        self._add(mishap.events)
        self.anchor = None  # what it cost is not the recording's time
        if mishap.ends:
            dropped = {event["id"] for event in self.queued}  # [sdk: queued input is dropped]
            self.queued.clear()
            for track in self.tracks:
                track.taken = {index: id for index, id in track.taken.items() if id not in dropped}
            self.copies.clear()
            self.answered.update(self.awaited)
            self._go_to([track.rewind(self.broken.opening) for track in self.tracks][0])
        if mishap.ends == "session":
            self.tracks = []

    def _go_to(self, position: int) -> None:
        """Go on elsewhere, at the same cost. Events that are played a second time are other events."""
        before = self.cost()
        self.position = position
        self.waived += self.cost() - before
        if self.leader is not None:
            for event in self.leader.recording.events[position:]:
                self.names.pop(event["id"], None)

    def _play_again(self) -> bool:
        """A message that came twice makes the agent do its work twice. [ours]"""
        waiting = any(call not in self.answered for call in self.awaited)
        if not self.copies or self.status != "idle" or waiting:
            return False
        first, second = self.copies.pop(0)
        if first not in self.tracks[0].taken.values():  # the turn that it would repeat was given up
            self.queued = [event for event in self.queued if event["id"] != second]
            return self._play_again()
        self._go_to([track.rewind(first, second) for track in self.tracks][0])
        self.anchor = None
        return True

    def _due(self, recorded: Event, now: float) -> float:
        if not self.speed:
            return now
        if self.anchor is None:
            self.anchor = (now, recorded["processed_at"])
        start, recorded_start = self.anchor
        return start + seconds_between(recorded_start, recorded["processed_at"]) / self.speed

    def _play(self, recorded: Event, track: Track) -> None:
        own = track.taken.get(self.position)
        if own is not None:
            sent = next((event for event in self.queued if event["id"] == own), None)
            if sent is None:
                return  # it was played already, before another recording took the lead
            self.queued.remove(sent)
            event = {**sent, "processed_at": recorded["processed_at"]}
            self.names[recorded["id"]] = own
            self._learn(recorded, sent)
            if event["type"] in OPENINGS:
                self.broken.begin(own, len(self.log) + 1)
        else:
            id = self._named(recorded)
            others = track.recording.names_others[self.position] or self.learned
            event = self._renamed(recorded) if others else {**recorded, "id": id}
            if recorded["id"] in track.recording.calls:
                self.calls[event["id"]] = track.recording.calls[recorded["id"]]
        self._append({**event, "processed_at": self._moment(recorded["processed_at"])})
        left = track.recording.files_left.get(self.position, ())
        self.outputs += [output for output in left if output not in self.outputs]
        self.memory += track.recording.memory_writes.get(self.position, ())

    def _learn(self, recorded: Event, sent: Event) -> None:
        """Take over the ids in a client's result, so that the agent can name what the client knows. [ours]"""
        if recorded["type"] == "user.custom_tool_result":
            self.learned = {**learned_ids(recorded, sent), **self.learned}

    def _named(self, recorded: Event) -> str:
        """The id that a recorded event has in this session."""
        if recorded["id"] not in self.names:
            self.names[recorded["id"]] = make_id("sevt", self.id, self.count)
            self.count += 1
        return self.names[recorded["id"]]

    def _moment(self, recorded: str) -> str:
        """The recorded time, put off by what the recording didn't have: the log never goes back."""
        moment = later(recorded, self.lag)
        if self.log and moment <= self.updated_at:  # both as `later` writes times, so texts can be compared
            self.lag += seconds_between(moment, self.updated_at) + TICK
            moment = later(recorded, self.lag)
        return moment

    def _append(self, event: Event) -> None:
        kind = event["type"]
        if kind == "session.usage":
            event["budget"] = self.budget
        self.log.append(self.broken.windowed(event))
        self.status = STATUS.get(kind, self.status)
        if kind == "session.usage":
            self.usage = event["usage"]
        elif kind == "session.status_idle":
            self.awaited = list(event["stop_reason"].get("event_ids") or ())
            self.stale_looks, self.partial = STALE_LOOKS, False
            self.broken.stop(event["stop_reason"]["type"], self.now)
            self.anchor = None  # the pause that was recorded here is the client's, who has its own
        if self.hear is not None:
            self.hear(event)

    def _pause(self) -> None:
        """The budget is used up: no further model request. [doc]"""
        self.paused = made_up.at_work(self.log)
        usage = budgets.usage_now(self.log, self.usage, self.cost())
        self._add(budgets.stop(self.paused, usage, self.budget))

    def _resume(self, heard: Sequence[Event] = ()) -> None:
        self._add([*budgets.going_on(self.paused or ()), *heard])
        self.paused = None

    def _remind(self, recorded: Event) -> None:
        """Some results came and the recording has more: idle again with the rest. [doc]"""
        waiting = [call for call in self.awaited if call not in self.answered]
        if self.partial and waiting and answered_call(recorded):
            self._add(made_up.reminder(self.log, waiting))

    def _add(self, events: Sequence[Event]) -> None:
        """Append events that no recording has."""
        for event in events:
            id = event.get("id") or make_id("sevt", self.id, "unrecorded", self.count)
            self.count += "id" not in event
            self._append({"id": id, **event, "processed_at": later(self.updated_at, TICK)})

    def _renamed(self, value: Any) -> Any:
        """A copy with the recording's ids exchanged for this session's, the client's within texts too."""
        if isinstance(value, str):
            return self.names.get(value) or exchanged(value, self.learned)
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        if isinstance(value, dict):
            return {key: self._renamed(item) for key, item in value.items()}
        return value
