"""The state machine of one session: recordings and client events in, the event log out.

Pure: the time is an argument, and nothing here waits. `advance(now)` plays what is due and
says when the next event will be; whoever has a clock calls it again then. What a client may send, and which
recordings go on with it, is in `intake`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..faults import NO_FAULTS, Faults
from ..http.errors import ApiError
from ..ids import TICK, later, make_id
from ..recordings.mount import Write
from ..recordings.recording import OPENINGS, Event, Output, Recording, answered_call, is_client_event
from ..recordings.track import Track, said
from . import budgets, made_up
from .broken_turns import BrokenTurns, Mishap
from .calls import Calls
from .intake import Intake
from .names import Names, thread_id
from .own_steps import requests_of_children
from .pace import Pace
from .previews import Upcoming

STATUS = {
    "session.status_running": "running",
    "session.status_idle": "idle",
    "session.status_rescheduled": "rescheduling",
    "session.status_terminated": "terminated",
}
# What is processed as it is received. [doc]
AT_ONCE = ("user.define_outcome", "user.custom_tool_result", "user.tool_result")
# After the idle event the session's status field goes on saying "running" for a moment (the archive
# race). How long isn't known: here for two looks, which repeat in every run, or a second. [ours]
STALE_LOOKS = 2
GAP = 1.0  # seconds
# At speed 0 a turn would be over before anybody could look, so it is held until somebody does. What has a
# clock and doesn't look, as the sender of webhooks, plays it so many seconds after it was sent. [ours]
HOLD = 1.0

Thing = TypeVar("Thing")


class Growing(list[Thing]):
    """A list that only grows, and hands over what is new in it."""

    handed_over = 0

    def fresh(self) -> list[Thing]:
        """What has come since the last time."""
        fresh, self.handed_over = self[self.handed_over :], len(self)
        return fresh


def of(event: Event, thread: str) -> bool:
    """Whether an event is of this child."""
    return event.get("session_thread_id") == thread


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
        holds: whether what a client sets going waits until somebody looks; for sessions at speed 0.
        unlike: for each recording that was made with something else than this session has, what that is.
        passed_over: those that it can't follow because of that.
        hear: is told of every event that the log gets.
    """

    id: str
    created_at: str
    tracks: list[Track]
    strict: bool = False
    speed: InitVar[float] = 0.0
    budget: budgets.Budget | None = None
    holds: bool = False
    unlike: dict[Recording, str] = field(default_factory=dict)
    passed_over: list[tuple[Track, str]] = field(default_factory=list)
    hear: Callable[[Event], object] | None = None

    # What others see of it.
    status: str = "idle"
    closed: bool = False  # archived or deleted: streams end
    log: list[Event] = field(default_factory=list)  # processed, in order
    queued: list[Event] = field(default_factory=list)  # accepted, not yet processed
    usage: dict[str, Any] = field(default_factory=dict)  # of the last `session.usage` event
    outputs: Growing[Output] = field(default_factory=Growing)  # files that have appeared so far
    writes: Growing[tuple[str, Write]] = field(default_factory=Growing)  # into memory, with the mount paths
    notes: Growing[str] = field(default_factory=Growing)  # where lenient matching left the recording

    # Where it is.
    position: int = 0  # the next event of the leading recording
    calls: Calls = field(default_factory=Calls)
    names: Names = field(init=False)
    pace: Pace = field(init=False)
    costs: budgets.Costs = field(default_factory=budgets.Costs)
    paused: list[Event] | None = None  # the threads that the budget has stopped; None: it has not
    broken: BrokenTurns = field(default_factory=BrokenTurns)  # what goes wrong on purpose
    held: float | None = None  # since when a turn is held; None: none is
    unseen: int | None = None  # where in the log what nobody has looked at begins; None: all was looked at
    looks: int = 0  # at the status of a held turn
    unheard_threads: set[str] = field(default_factory=set)  # that were stopped in this turn, or archived
    stale_looks: int = 0
    idle_since: float = 0.0
    now: float = 0.0  # the caller's time, as last heard

    def __post_init__(self, speed: float) -> None:
        self.pace, self.names = Pace(speed), Names(self.id)
        if self.leader is not None:
            self.names.lead(self.leader.recording, {})

    @property
    def leader(self) -> Track | None:
        """The recording that is played."""
        return self.tracks[0] if self.tracks else None

    @property
    def begun(self) -> bool:
        """Whether the client has sent it anything."""
        return bool(self.queued) or any(map(is_client_event, self.log))

    @property
    def updated_at(self) -> str:
        return str(self.log[-1]["processed_at"]) if self.log else self.created_at

    @property
    def awaited(self) -> list[str]:
        """The calls that the last idle event named."""
        return self.calls.awaited

    @property
    def answered(self) -> set[str]:
        """The calls that have their answer."""
        return self.calls.answered

    @property
    def current(self) -> str:
        """The status, without looking: a session with a held turn runs."""
        return "running" if self.held is not None else self.status

    def look(self) -> str:
        """The status field as a request sees it, which lags behind the idle event.

        One look at a held turn only sees that it runs: a stream that is opened next must not be too late.
        """
        if self.held is not None:
            self.looks += 1
            if (looks := self.looks) >= STALE_LOOKS:
                self.be_seen(self.now)
                self.stale_looks = max(0, self.stale_looks - looks)
            return "running"
        unsettled = self.broken.unsettled(self.now)
        if self.status == "idle" and unsettled is not None:
            return "running" if unsettled else "idle"
        if self.stale_looks and self.status == "idle" and self.now < self.idle_since + GAP:
            self.stale_looks -= 1
            return "running"
        return self.status

    def be_seen(self, now: float) -> float | None:
        """Somebody looks at what happens: a held turn is played. Returns what `advance` does."""
        self.held = self.unseen = None
        return self.advance(now)

    @property
    def shown(self) -> int:
        """How much of the log a stream that is opened now doesn't get: what somebody could have seen."""
        return len(self.log) if self.unseen is None else self.unseen

    def require_settled(self, action: str) -> None:
        """Refuse what a running session refuses. [claimed: the seed tutorial, for archive]"""
        if (status := self.look()) in ("running", "rescheduling"):
            raise ApiError(
                400,
                f'Session {self.id} cannot be {action} while its status is "{status}". '
                "Wait until it is idle, or send a user.interrupt event first.",
            )

    def cost(self) -> Decimal:
        """The list cost so far, in cents."""
        return self.costs.at(self.leader.recording, self.position) if self.leader else Decimal(0)

    def fresh_outputs(self) -> list[Output]:
        """The files that have come into the list of files since the last time."""
        return [] if self.broken.unlisted(self.now) else self.outputs.fresh()

    def provenance(self) -> str:
        """Whose moves its agent makes: `scripted 06_a`, or `live` with the day and the model.

        While several recordings agree with what was sent, what they have in common; nothing on none.
        """
        each = {track.recording.provenance for track in self.tracks}
        kinds = {provenance.split()[0].rstrip(",") for provenance in each}
        return (each if len(each) == 1 else kinds if len(kinds) == 1 else {""}).pop() if each else ""

    def fresh_notes(self) -> list[str]:
        """What the client has not been told yet: how this is not what was recorded."""
        if self.leader is not None and (unlike := self.unlike.pop(self.leader.recording, None)):
            self.notes.append(f"this session is not as {self.leader.recording.name} was recorded: {unlike}")
        return self.notes.fresh()

    # -- what is done to it -------------------------------------------------------------------

    def begin(self, tracks: list[Track], unlike: dict[Recording, str]) -> None:
        """The client sends something for the first time: these are the recordings that it may follow.

        Args:
            tracks: their beginnings, best first.
            unlike: for each recording, of these and of those that it can't follow, how it differs if it does.
        """
        followed = {track.recording for track in tracks}
        self.tracks, self.unlike = tracks, unlike
        self.passed_over = [(Track(each), why) for each, why in unlike.items() if each not in followed]
        if tracks:
            self.names.lead(tracks[0].recording, {})

    def happens(self, events: Sequence[Event]) -> None:
        """The service does something in it that no recording has, and no client has asked for."""
        self._add(events)

    def archive(self, agent_name: str) -> None:
        """The session is over, with every thread that it still has. [doc; ours: that its threads say so]"""
        if self.status != "terminated":
            self._add(made_up.archival(self.log, thread_id(self.id, 0), agent_name))
        self.closed = True

    def archive_thread(self, id: str, agent_name: str) -> str:
        """A child is put away; returns when. [doc]"""
        ended = {"session_thread_id": id, "agent_name": agent_name}
        self._add([{"type": "session.thread_status_terminated", **ended}])
        self.calls.answered |= {e["id"] for e in self.log if e["id"] in self.calls.waiting() and of(e, id)}
        self.unheard_threads.add(id)
        return self.updated_at

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
                before = len(self.log)
                self._resume()
                self._set_going(before, now)

    def send(
        self, events: Sequence[Event], now: float, faults: Faults = NO_FAULTS,
        assume: Assumptions = NOTHING_ASSUMED,
    ) -> list[Event]:  # fmt: skip
        """Take the client's events, all or none; `faults` are those of the turn that they begin.

        Returns:
            The events as accepted: each with its id, and `processed_at` null unless it is processed already.

        Raises:
            ApiError: the session can't take them now (400), or is over (409).
        """
        if self.held is None:
            self.advance(now)
        elif any(event["type"] == "user.interrupt" for event in events):
            self._begin()  # there has to be a turn that it stops
        self.now, before = now, len(self.log)
        if self.closed or self.status == "terminated":
            raise ApiError(409, f"Session {self.id} is archived or terminated and takes no more events.")
        intake = Intake(
            self.id, [track.copy() for track in self.tracks], self.calls.copy(), strict=self.strict,
            idle=self.status == "idle", capped=self._is_capped(), paused=self.paused is not None,
            waiting={event["id"] for event in self.queued},
            opened=self.broken.accepted if faults.first("lose") else None, assume=assume,
            passed_over=self.passed_over, only=self._only_at_work(),
            heard=self._heard(),
        )  # fmt: skip
        for number, event in enumerate(events):
            intake.take(self.names.next(number), event)
        self._commit(intake, faults)
        received = self._receive(intake)
        closing, busy = self._closing(intake.closed, assume), intake.busy
        for stop in intake.stops:  # an interrupt jumps the queue [doc]
            if not intake.stops_all(stop):
                self._stop_thread(stop, assume)
                continue
            self._stop(stop, busy, closing)
            busy = False
        self._set_going(before, now)
        return [received.get(event["id"], event) for event in intake.accepted]

    def _heard(self) -> frozenset[str]:
        """What its messages said, where a client that sends one again is to be told of it."""
        return frozenset(said(event) for event in self.log if event["type"] in OPENINGS and not self.strict)

    def _commit(self, intake: Intake, faults: Faults) -> None:
        """All of a send is possible: now it counts."""
        self.calls.take_over(intake.calls)
        self.notes += intake.notes
        self.broken.copies += intake.copies
        for event in intake.accepted:
            if event["type"] in OPENINGS:
                self.broken.expect(event, faults)
        self.names.count += len(intake.accepted)
        self.queued += intake.queued
        self._lead(intake.tracks)

    def _receive(self, intake: Intake) -> dict[str, Event]:
        """Process what is processed as it is received; returns it, by its ids. [doc]"""
        begun, copies = len(self.log), {second for _, second in self.broken.copies}
        self._add(intake.repeated)
        for event in list(intake.queued):
            if event["type"] in AT_ONCE and event["id"] not in copies:
                self.queued.remove(event)
                self._play_received(event)
        return {event["id"]: event for event in self.log[begun:]}

    def _play_received(self, event: Event) -> None:
        """A client event that is processed now, even if the recording comes to it later."""
        track = self.tracks[0]
        index = next(index for index, id in track.taken.items() if id == event["id"])
        recorded, is_next = track.recording.events[index], self.position == track.recording.gates.index(index)
        self.names.ours[recorded["id"]] = event["id"]
        self.names.learn(recorded, event)
        if event["type"] == "user.define_outcome":
            event["outcome_id"] = make_id("outc", self.id, event["id"])
            if isinstance(recorded.get("outcome_id"), str):
                self.names.ours[recorded["outcome_id"]] = event["outcome_id"]
            if is_next:
                self.broken.begin(event["id"], len(self.log) + 1)
        if is_next or not self.log:
            last = self.updated_at if self.log else None
            time = self.pace.moment(track.recording.events[self.position]["processed_at"], last)
        else:
            time = later(self.updated_at, TICK)
        self._append({**event, "processed_at": time})

    def _lead(self, tracks: list[Track]) -> None:
        """Go on with `tracks`; if the one that was played is not the first of them, step over."""
        before, self.tracks = self.tracks, tracks
        if not tracks or tracks[0].recording is before[0].recording:
            return
        recording, taken = tracks[0].recording, tracks[0].taken
        waiting = {event["id"] for event in self.queued}
        self.position = min(recording.gates.index(index) for index, id in taken.items() if id in waiting)
        ours = {place: id for id, place in self.calls.places.items()}
        self.names.lead(
            recording, {call: ours[place] for call, place in recording.calls.items() if place in ours}
        )
        sent = {event["id"]: event for event in self.log}
        for index, id in sorted(taken.items()):
            if id in sent:
                self.names.learn(recording.events[index], sent[id])
        self.pace.restart()

    # -- turns that are held --------------------------------------------------------------------

    def _set_going(self, before: int, now: float) -> None:
        """What the client has done shows: at once, or when somebody looks.

        Args:
            before: how long the log was until then.
            now: as of `advance`.
        """
        stands = self.status == "idle" and not self._can_go_on()
        if not self.holds or stands or self.paused is not None:
            self.held = None
            self.advance(now)
        elif self.held is None:
            self.held, self.looks = now, 0
        if self.holds and self.unseen is None and (self.held is not None or len(self.log) > before):
            self.unseen = before

    def _can_go_on(self) -> bool:
        """Whether there is anything that an idle session would do now."""
        track = self.leader
        if track is None or self.position >= len(track.recording.events):
            return bool(self.broken.copies)
        gate = track.recording.gates[self.position]
        return gate is None or gate in track.taken or self.calls.partial or bool(self.broken.copies)

    def _begin(self) -> None:
        """Of a held turn, play what the client has sent, and what comes right before it."""
        track = self.leader
        while track is not None and self.position < len(track.recording.events):
            if track.recording.gates[self.position] not in track.taken:
                return
            self._play(track.recording.events[self.position], track)
            self.position += 1

    # -- interrupts ---------------------------------------------------------------------------

    def _only_at_work(self) -> str | None:
        """The primary thread, if no other is at work."""
        primary = thread_id(self.id, 0)
        others = [names for names in made_up.at_work(self.log) if names["session_thread_id"] != primary]
        return None if others else primary

    def _closing(self, calls: Sequence[str], assume: Assumptions) -> list[Event]:
        """Those of the calls that waited which an interrupt closes."""
        waited = [event for event in self.log if event["id"] in calls]
        every = assume.of("interrupt-closes-calls") == "yes"
        return [call for call in waited if every or call.get("session_thread_id")]

    def _stop(self, sent: Event, busy: bool, closing: Sequence[Event]) -> None:
        if busy:
            self._interrupt(sent, closing)
        else:
            self._add([sent])  # nothing to stop [ours]

    def _interrupt(self, sent: Event, closing: Sequence[Event]) -> None:
        """Stop the turn that is under way."""
        # Results that came for the stopped turn are noted; messages wait for the next one. [ours]
        late = [event for event in self.queued if event["type"] not in OPENINGS]
        self.queued = [event for event in self.queued if event not in late]
        self.calls.give_up()
        self._add(late)
        self._add(made_up.interruption(self.log, sent, closing))
        self._skip_turn()

    def _stop_thread(self, sent: Event, assume: Assumptions) -> None:
        """Stop what one thread does; the others go on, and the recording with them. [doc]

        Its calls that wait are closed, and what the recording has of it in this turn is left out. [ours]
        """
        thread, primary = sent["session_thread_id"], thread_id(self.id, 0)
        if not any(names["session_thread_id"] == thread for names in made_up.at_work(self.log)):
            self._add([sent])  # nothing to stop
            return
        whose = {e["id"]: e.get("session_thread_id") or primary for e in self.log}
        waiting = [call for call in self.calls.waiting() if whose.get(call) == thread]
        self._add(made_up.thread_interruption(self.log, sent, self._closing(waiting, assume), primary))
        self.calls.answered |= set(waiting)
        self.unheard_threads.add(thread)

    def _is_left_out(self, recorded: Event, track: Track) -> bool:
        """Whether the next event of the recording is of a thread that was stopped in this turn."""
        if not self.unheard_threads:
            return False
        if recorded["type"] in OPENINGS:
            self.unheard_threads.clear()
        call = answered_call(recorded)
        if call is not None and is_client_event(recorded):
            asked = next(event for event in track.recording.events if event["id"] == call)
            return self.position not in track.taken and self._is_unheard(asked)
        awaited = (recorded.get("stop_reason") or {}).get("event_ids")
        if awaited and recorded["type"] == "session.status_idle":
            return not any(self.names.ours.get(id) in self.calls.places for id in awaited)
        return not is_client_event(recorded) and self._is_unheard(recorded)

    def _is_unheard(self, recorded: Event) -> bool:
        thread, stopped = recorded.get("session_thread_id"), thread_id(self.id, 0) in self.unheard_threads
        if thread is None:
            return stopped and recorded["type"].startswith(("agent.", "span."))
        ours = self.names.ours.get(thread, "")
        if stopped and recorded["type"] == "session.thread_created":
            self.unheard_threads.add(ours)  # nobody is there any more who would make it
        return ours in self.unheard_threads

    def _with_what_was_asked(self, event: Event) -> Event:
        """An idle event, less the calls that it names of a thread that was stopped before it made them."""
        stop = event.get("stop_reason") or {}
        if not self.unheard_threads or "event_ids" not in stop or event["type"] != "session.status_idle":
            return event
        asked = [call for call in stop["event_ids"] if call in self.calls.places]
        return {**event, "stop_reason": {**stop, "event_ids": asked}}

    def _skip_turn(self) -> None:
        """Go to where the recording's next turn begins."""
        if self.leader is not None:
            self._go_to(self.leader.recording.next_turn(self.position))

    # -- what the session does ----------------------------------------------------------------

    def advance(self, now: float) -> float | None:
        """Play every event that is due at `now`.

        Args:
            now: seconds, by any clock that doesn't go back.

        Returns:
            When the next event is due, in the same seconds; None if the session waits for its client.
            A held turn is due when it has waited for `HOLD` seconds.
        """
        self.now = now
        if self.held is not None:
            if now < self.held + HOLD:
                return self.held + HOLD
            self.held = self.unseen = None
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
            if self._is_left_out(recorded, track):
                track.taken.setdefault(self.position, "")
                self.position += 1
                continue
            gate = track.recording.gates[self.position]
            if gate is not None and gate not in track.taken:
                self._remind(recorded)
                self.pace.pause()  # the client takes its own time
                return None
            due = self.pace.due(recorded["processed_at"], now)
            if due > now:
                self.names.of(recorded)  # a preview has the event's id; it must not depend on who looks
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
        if track is None or self.pace.anchor is None or not 0 < position < len(track.recording.events):
            return None
        before, recorded = track.recording.events[position - 1 : position + 1]
        due = self.pace.due(recorded["processed_at"], now)
        if recorded["id"] not in self.names.ours or due <= now:
            return None
        start = self.pace.due(before["processed_at"], now)
        return Upcoming(self.names.renamed(recorded), start, due)

    def _play(self, recorded: Event, track: Track) -> None:
        """The next event of the recording happens."""
        own = track.taken.get(self.position)
        if own is not None:
            sent = next((event for event in self.queued if event["id"] == own), None)
            if sent is None:  # it was played already: as it was received, or before another recording led
                if recorded["type"] in OPENINGS and own and self.broken.opening != own:
                    self.broken.begin(own, len(self.log))
                return
            self.queued.remove(sent)
            event = sent
            self.names.ours[recorded["id"]] = own
            self.names.learn(recorded, sent)
            if event["type"] in OPENINGS:
                self.broken.begin(own, len(self.log) + 1)
        else:
            id = self.names.of(recorded)
            others = track.recording.names_others[self.position] or self.names.learned
            event = self.names.renamed(recorded) if others else {**recorded, "id": id}
            if recorded["id"] in track.recording.calls:
                self.calls.places[event["id"]] = track.recording.calls[recorded["id"]]
            event = self._with_budget(self._with_what_was_asked(event))
        last = self.updated_at if self.log else None
        self._append({**event, "processed_at": self.pace.moment(recorded["processed_at"], last)})
        left = track.recording.files_left.get(self.position, ())
        self.outputs += [output for output in left if output not in self.outputs]
        self.writes += track.recording.memory_writes.get(self.position, ())

    def _play_again(self) -> bool:
        """A message that came twice makes the agent do its work twice. [ours]"""
        if not self.broken.copies or self.status != "idle" or self.calls.waiting():
            return False
        first, second = self.broken.copies.pop(0)
        if first not in self.tracks[0].taken.values():  # the turn that it would repeat was given up
            self.queued = [event for event in self.queued if event["id"] != second]
            return self._play_again()
        self._go_to([track.rewind(first, second) for track in self.tracks][0])
        self.pace.pause()
        return True

    def _go_to(self, position: int) -> None:
        """Go on elsewhere, at the same cost. Events that are played a second time are other events."""
        if self.leader is not None:
            self.costs.skip(self.leader.recording, self.position, position)
            self.names.forget(self.leader.recording.events[position:])
        self.position = position

    # -- what no recording has ----------------------------------------------------------------

    def _happen(self, mishap: Mishap) -> None:
        """A turn goes wrong. The message of a turn that it ends can be sent again. [ours]"""
        self._add(mishap.events)
        self.pace.pause()
        if mishap.ends:
            dropped = {event["id"] for event in self.queued}  # [sdk: queued input is dropped]
            self.queued.clear()
            for track in self.tracks:
                track.taken = {index: id for index, id in track.taken.items() if id not in dropped}
            self.broken.copies.clear()
            self.calls.give_up()
            self._go_to([track.rewind(self.broken.opening) for track in self.tracks][0])
        if mishap.ends == "session":
            self.tracks = []

    def _pause(self) -> None:
        """The budget is used up: no further model request. [doc]"""
        self.paused = made_up.at_work(self.log)
        usage = budgets.usage_now(self.log, self.usage, self.cost())
        self._add(budgets.stop(self.paused, usage, self.budget, self.calls.waiting()))

    def _resume(self) -> None:
        if self.paused:  # not if the turn had ended, too
            self._add(budgets.going_on(self.paused))
        self.paused = None

    def _is_capped(self) -> bool:
        """Whether the budget is used up, and no request is under way that may still end the turn."""
        return self.paused is not None or (
            self.status == "idle" and self.held is None and budgets.reached(self.budget, self.cost)
        )

    def _with_budget(self, event: Event) -> Event:
        """The recorded event, unless it is the end of a turn that has also used up the budget. [doc]"""
        ends = event["type"] == "session.status_idle" and event["stop_reason"]["type"] == "end_turn"
        if not ends or not budgets.reached(self.budget, self.cost):
            return event
        self.paused = []
        return {**event, "stop_reason": budgets.STOP}

    def _remind(self, recorded: Event) -> None:
        """Some results came and the recording has more: idle again with the rest. [doc]"""
        waiting = self.calls.waiting()
        if self.calls.partial and waiting and answered_call(recorded):
            self._add(made_up.reminder(self.log, waiting))

    def _add(self, events: Sequence[Event]) -> None:
        """Append events that no recording has."""
        for event in events:
            id = event.get("id") or self.names.made_up()
            if event["type"] == "session.usage":
                event = made_up.with_children(event, requests_of_children(self))
            self._append({"id": id, **event, "processed_at": later(self.updated_at, TICK)})

    # -- the log ------------------------------------------------------------------------------

    def _append(self, event: Event) -> None:
        kind = event["type"]
        if kind == "session.usage":
            event["budget"] = self.budget
        self.log.append(self.broken.windowed(event))
        self.status = STATUS.get(kind, self.status)
        if kind == "session.usage":
            self.usage = event["usage"]
        elif kind == "session.status_idle":
            self.calls.wait_for(event["stop_reason"].get("event_ids") or ())
            self.stale_looks, self.idle_since = STALE_LOOKS, self.now
            self.broken.stop(event["stop_reason"]["type"], self.now)
            if event["stop_reason"]["type"] != "requires_action":
                self.unheard_threads.discard(thread_id(self.id, 0))  # the turn is over
            self.pace.pause()  # the one that was recorded here is the client's, who has its own
        if self.hear is not None:
            self.hear(event)
