"""The state machine of one session: recordings and client events in, the event log out.

Pure: the time is an argument, and nothing here waits. `advance(now)` plays what is due and
says when the next event will be; whoever has a clock calls it again then. What a client may send, and which
recordings go on with it, is in `intake`; where in them the session is, in `playhead`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, TypeVar

from ..assumptions import NOTHING_ASSUMED, Assumptions
from ..faults import NO_FAULTS, Faults
from ..http.errors import ApiError
from ..ids import TICK, later, make_id
from ..recordings.mount import Write
from ..recordings.recording import OPENINGS, Event, Output, Recording, answered_call, is_client_event
from ..recordings.track import Track, said
from . import made_up
from .broken_turns import BrokenTurns, Mishap
from .calls import Calls
from .held import HeldTurn
from .intake import Intake
from .lag import Lag
from .names import Names, thread_id
from .outcomes import open_outcome
from .own_steps import requests_of_children
from .pace import Pace
from .playhead import Playhead
from .session_budget import SessionBudget
from .stopped_threads import StoppedThreads, closed, only_at_work

STATUS = {
    "session.status_running": "running",
    "session.status_idle": "idle",
    "session.status_rescheduled": "rescheduling",
    "session.status_terminated": "terminated",
}
RUNNING = ("session.status_running", "session.thread_status_running")
# What is processed as it is received. [doc]
AT_ONCE = ("user.define_outcome", "user.custom_tool_result", "user.tool_result")
Thing = TypeVar("Thing")


class Growing(list[Thing]):
    """A list that only grows, and hands over what is new in it."""

    handed_over = 0

    def fresh(self) -> list[Thing]:
        """What has come since the last time."""
        fresh, self.handed_over = self[self.handed_over :], len(self)
        return fresh


@dataclass
class Session:
    """One session as the server plays it.

    Args:
        id: the session's id.
        created_at: RFC 3339; events carry the recording's own times.
        tracks: the recordings that it may follow, best first.
        strict: refuse a client event that no recording continues, instead of following the closest.
        speed: how many recorded seconds pass in one second; 0 plays everything at once.
        budget: what it may cost.
        held: whether what a client sets going waits until somebody looks.
        hear: is told of every event that the log gets.
    """

    id: str
    created_at: str
    tracks: InitVar[list[Track]]
    strict: bool = False
    speed: InitVar[float] = 0.0
    budget: SessionBudget = field(default_factory=SessionBudget)
    held: HeldTurn = field(default_factory=HeldTurn)
    hear: Callable[[Event], object] | None = None

    # What others see of it.
    status: str = "idle"
    closed: bool = False  # archived or deleted: streams end
    log: list[Event] = field(default_factory=list)  # processed, in order
    queued: list[Event] = field(default_factory=list)  # accepted, not yet processed
    outputs: Growing[Output] = field(default_factory=Growing)  # files that have appeared so far
    writes: Growing[tuple[str, Write]] = field(default_factory=Growing)  # into memory, with the mount paths
    notes: Growing[str] = field(default_factory=Growing)  # where lenient matching left the recording

    # Where it is.
    head: Playhead = field(init=False)  # in its recordings
    unlike: dict[Recording, str] = field(default_factory=dict)  # how recordings differ from it, until told
    passed_over: list[tuple[Track, str]] = field(default_factory=list)  # those that it can't follow, and why
    calls: Calls = field(default_factory=Calls)
    broken: BrokenTurns = field(default_factory=BrokenTurns)  # what goes wrong on purpose
    stopped: StoppedThreads = field(init=False)
    lag: Lag = field(default_factory=Lag)  # of the status field
    now: float = 0.0  # the caller's time, as last heard

    def __post_init__(self, tracks: list[Track], speed: float) -> None:
        self.head = Playhead(tracks, Names(self.id), Pace(speed))
        self.stopped = StoppedThreads(thread_id(self.id, 0))

    @property
    def begun(self) -> bool:
        """Whether the client has sent it anything."""
        return bool(self.queued) or any(map(is_client_event, self.log))

    @property
    def updated_at(self) -> str:
        return self._last or self.created_at

    @property
    def _last(self) -> str | None:
        """When the last event of the log was processed."""
        return str(self.log[-1]["processed_at"]) if self.log else None

    @property
    def current(self) -> str:
        """The status, without looking: a session with a held turn runs."""
        return "running" if self.held.since is not None else self.status

    def look(self) -> str:
        """The status field as a request sees it, which lags behind the idle event.

        One look at a held turn only sees that it runs: a stream that is opened next must not be too late.
        """
        if self.held.since is not None:
            if self.held.look():
                self.be_seen(self.now)
                self.lag.had(self.held.looks)
            return "running"
        if self.status != "idle":
            return self.status
        unsettled = self.broken.unsettled(self.now)
        behind = self.lag.look(self.now) if unsettled is None else unsettled
        return "running" if behind else "idle"

    def be_seen(self, now: float, *, streamed: bool = False) -> float | None:
        """Somebody looks at what happens: a held turn is played. Returns what `advance` does.

        Args:
            now: as of `advance`.
            streamed: whether it is a stream, whose client may open another one for a child that it hears of.
        """
        self.held.release(streamed=streamed)
        return self.advance(now)

    def require_settled(self, action: str) -> None:
        """Refuse what a running session refuses. [claimed: the seed tutorial, for archive]"""
        if (status := self.look()) in ("running", "rescheduling"):
            raise ApiError(
                400,
                f'Session {self.id} cannot be {action} while its status is "{status}". '
                "Wait until it is idle, or send a user.interrupt event first.",
            )

    def fresh_outputs(self) -> list[Output]:
        """The files that have come into the list of files since the last time."""
        return [] if self.broken.unlisted(self.now) else self.outputs.fresh()

    def fresh_notes(self) -> list[str]:
        """What the client has not been told yet: how this is not what was recorded."""
        leader = self.head.leader
        if leader is not None and (unlike := self.unlike.pop(leader.recording, None)):
            self.notes.append(f"this session is not as {leader.recording.name} was recorded: {unlike}")
        return self.notes.fresh()

    # -- what is done to it -------------------------------------------------------------------

    def begin(self, tracks: list[Track], unlike: dict[Recording, str]) -> None:
        """The client sends something for the first time: these are the recordings that it may follow.

        Args:
            tracks: their beginnings, best first.
            unlike: for each recording, of these and of those that it can't follow, how it differs if it does.
        """
        followed = {track.recording for track in tracks}
        self.unlike = unlike
        self.passed_over = [(Track(each), why) for each, why in unlike.items() if each not in followed]
        self.head.begin(tracks)

    def add(self, events: Sequence[Event]) -> None:
        """The service does something that no recording has: append it."""
        for event in events:
            id = event.get("id") or self.head.names.made_up()
            if event["type"] == "session.usage":
                event = made_up.with_children(event, requests_of_children(self))
            self._append({"id": id, **event, "processed_at": later(self.updated_at, TICK)})

    def archive(self, agent_name: str) -> None:
        """The session is over, with every thread that it still has. [doc; ours: that its threads say so]"""
        if self.status != "terminated":
            self.add(made_up.archival(self.log, thread_id(self.id, 0), agent_name))
        self.closed = True

    def archive_thread(self, id: str, agent_name: str) -> str:
        """A child is put away; returns when. [doc]"""
        ended = {"session_thread_id": id, "agent_name": agent_name}
        self.add([{"type": "session.thread_status_terminated", **ended}])
        self.stopped.close(id, self.log, self.calls)
        return self.updated_at

    def erase(self) -> None:
        """The session is deleted; its last event tells the open streams."""
        self.add(made_up.deletion())
        self.closed = True

    def update(self, changes: dict[str, Any], now: float) -> None:
        """An update request has changed these fields. [sdk]"""
        self.add([{"type": "session.updated", **changes}])
        if "budget" in changes:
            self.budget.limit = changes["budget"]
            if self.budget.is_paused:  # the work goes on by itself [doc]
                before = len(self.log)
                self.add(self.budget.resume())
                self._set_going(before, now)

    def send(
        self, events: Sequence[Event], now: float, faults: Faults = NO_FAULTS,
        assume: Assumptions = NOTHING_ASSUMED,
    ) -> list[Event]:  # fmt: skip
        """Take the client's events, all or none; `faults` are those of the turn that they begin.

        Returns:
            The events as accepted: each with its id, and `processed_at` null unless it is processed already.

        Raises:
            ApiError: the session can't take them now (400), or is over (409; 404 if that is assumed).
        """
        if self.held.since is None:
            self.advance(now)
        elif any(event["type"] == "user.interrupt" for event in events):
            self._begin()  # there has to be a turn that it stops
        self.now, before = now, len(self.log)
        if self.closed or self.status == "terminated":
            status = int(assume.of("archived-session")) if self.closed else 409
            raise ApiError(status, f"Session {self.id} is archived or terminated and takes no more events.")
        idle, held = self.status == "idle", self.held.since is not None
        intake = Intake(
            self.id, [track.copy() for track in self.head.tracks], self.calls.copy(), strict=self.strict,
            idle=idle, capped=self.budget.is_capped(self.head.cost, idle=idle and not held),
            paused=self.budget.is_paused,
            waiting={event["id"] for event in self.queued},
            opened=self.broken.accepted if faults.first("lose") else None, assume=assume,
            passed_over=self.passed_over, only=only_at_work(self.log, self.stopped.primary),
            heard=self._heard(), outcome=self._outcome(rests=idle and not held),
        )  # fmt: skip
        for number, event in enumerate(events):
            intake.take(self.head.names.next(number), event)
        self._commit(intake, faults)
        received = self._receive(intake)
        closing, busy = closed(intake.closed, self.log, assume), intake.busy
        for stop in intake.stops:  # an interrupt jumps the queue [doc]
            if not intake.stops_all(stop):
                self.add(self.stopped.stop(stop, self.log, self.calls, assume))
            elif busy:
                self._interrupt(stop, closing)
                busy = False
            else:
                self.add([stop])  # nothing to stop [ours]
        self._set_going(before, now)
        return [received.get(event["id"], event) for event in intake.accepted]

    def _outcome(self, *, rests: bool) -> str | None:
        """The outcome that it works on; a recording may leave one open and come to rest."""
        found = open_outcome(self.log)
        return str(found["outcome_id"]) if found and (self.calls.waiting() or not rests) else None

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
        self.head.names.count += len(intake.accepted)
        self.queued += intake.queued
        waiting = [event["id"] for event in self.queued]
        self.head.lead(intake.tracks, waiting, self.log, self.calls.places)

    def _receive(self, intake: Intake) -> dict[str, Event]:
        """Process what is processed as it is received; returns it, by its ids. [doc]"""
        begun, copies = len(self.log), {second for _, second in self.broken.copies}
        self.add(intake.repeated)
        for event in list(intake.queued):
            if event["type"] in AT_ONCE and event["id"] not in copies:
                self.queued.remove(event)
                self._play_received(event)
        return {event["id"]: event for event in self.log[begun:]}

    def _play_received(self, event: Event) -> None:
        """A client event that is processed now, even if the recording comes to it later."""
        recorded, is_next = self.head.counterpart(event["id"])
        if event["type"] == "user.define_outcome":
            event["outcome_id"] = make_id("outc", self.id, event["id"])
            if is_next:
                self.broken.begin(event["id"], len(self.log) + 1)
        self.head.names.meet(recorded, event)
        is_first = is_next or not self.log
        time = self.head.moment(self._last) if is_first else later(self.updated_at, TICK)
        self._append({**event, "processed_at": time})

    # -- turns that are held --------------------------------------------------------------------

    def _set_going(self, before: int, now: float) -> None:
        """What the client has done shows: at once, or when somebody looks.

        Args:
            before: how long the log was until then.
            now: as of `advance`.
        """
        stands = self.status == "idle" and not self._can_go_on()
        if not self.held.set_going(now, at_once=stands or self.budget.is_paused):
            self.advance(now)
        self.held.mark(before, len(self.log))

    def _can_go_on(self) -> bool:
        """Whether there is anything that an idle session would do now."""
        if self.broken.copies:
            return True
        return self.head.next is not None and (self.head.is_open or self.calls.partial)

    def _begin(self) -> None:
        """Of a held turn, play what the client has sent, and what comes right before it, until it runs."""
        while (recorded := self.head.next) is not None and (self.head.is_answer or self._starts(recorded)):
            self._play(recorded)

    def _starts(self, recorded: Event) -> bool:
        """Whether the session begins to run with this event: behind an outcome, before a message."""
        return recorded["type"] in RUNNING and self.head.is_open and bool(self.log)

    # -- interrupts ---------------------------------------------------------------------------

    def _interrupt(self, sent: Event, closing: Sequence[Event]) -> None:
        """Stop the turn that is under way."""
        # Results that came for the stopped turn are noted; messages wait for the next one. [ours]
        late = [event for event in self.queued if event["type"] not in OPENINGS]
        self.queued = [event for event in self.queued if event not in late]
        self.calls.give_up()
        self.add(late)
        self.add(made_up.interruption(self.log, sent, closing))
        self.head.skip_turn()

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
        if (until := self.held.waits_until(now)) is not None:
            return until
        if self.held.since is not None:
            self.held.release()
        due = self._advance(now)
        while due is None and self._play_again():
            due = self._advance(now)
        return due

    def _advance(self, now: float) -> float | None:
        while (recorded := self.head.next) is not None:
            if self.budget.is_paused:
                return None
            if (until := self.held.pauses_until(now)) is not None:
                return until
            if mishap := self.broken.next(self.status, self.log, now):
                self._happen(mishap)
                if mishap.until is not None:
                    return mishap.until
                continue
            if self.stopped.leaves_out(recorded, self.head, self.calls):
                self.head.skip()
                continue
            if not self.head.is_open:
                self._remind(recorded)
                self.head.pace.pause()  # the client takes its own time
                return None
            if (due := self.head.due(now)) > now:
                self.head.names.of(recorded)  # a preview has the event's id; it must not depend on who looks
                return due
            if self.budget.stops(recorded, self.head.cost):
                self.add(self.budget.pause(self.log, self.head.cost, self.calls.waiting()))
                return None
            self._play(recorded)
        return None

    def _play(self, recorded: Event) -> None:
        """The next event of the recording happens."""
        event = self._sent(recorded) if self.head.own is not None else self._produced(recorded)
        if event is not None:
            self._append({**event, "processed_at": self.head.moment(self._last)})
            recording, position = self.head.tracks[0].recording, self.head.position
            left = recording.files_left.get(position, ())
            self.outputs += [output for output in left if output not in self.outputs]
            self.writes += recording.memory_writes.get(position, ())
        self.head.position += 1

    def _sent(self, recorded: Event) -> Event | None:
        """What the client has sent here; None if it was played already.

        Either as it was received, or before another recording led.
        """
        own = self.head.own
        sent = next((event for event in self.queued if event["id"] == own), None)
        if sent is None:
            if recorded["type"] in OPENINGS and own and self.broken.opening != own:
                self.broken.begin(own, len(self.log))
            return None
        self.queued.remove(sent)
        self.head.names.meet(recorded, sent)
        if sent["type"] in OPENINGS:
            self.broken.begin(sent["id"], len(self.log) + 1)
        return sent

    def _produced(self, recorded: Event) -> Event:
        """What the service does here: as it was recorded, less what stopped threads and the budget change."""
        event = self.head.played(recorded, self.calls.places)
        return self.budget.checked(self.stopped.checked(event, self.calls), self.head.cost)

    def _play_again(self) -> bool:
        """A message that came twice makes the agent do its work twice. [ours]"""
        if not self.broken.copies or self.status != "idle" or self.calls.waiting():
            return False
        first, second = self.broken.copies.pop(0)
        if first not in self.head.tracks[0].taken.values():  # the turn that it would repeat was given up
            self.queued = [event for event in self.queued if event["id"] != second]
            return self._play_again()
        self.head.rewind(first, second)
        self.head.pace.pause()
        return True

    # -- what no recording has ----------------------------------------------------------------

    def _happen(self, mishap: Mishap) -> None:
        """A turn goes wrong. The message of a turn that it ends can be sent again. [ours]"""
        self.add(mishap.events)
        self.head.pace.pause()
        if mishap.ends:
            dropped = {event["id"] for event in self.queued}  # [sdk: queued input is dropped]
            self.queued.clear()
            self.head.give_back(dropped)
            self.broken.copies.clear()
            self.calls.give_up()
            self.head.rewind(self.broken.opening)
        if mishap.ends == "session":
            self.head.tracks = []

    def _remind(self, recorded: Event) -> None:
        """Some results came and the recording has more: idle again with the rest. [doc]"""
        waiting = self.calls.waiting()
        if self.calls.partial and waiting and answered_call(recorded):
            self.add(made_up.reminder(self.log, waiting))

    # -- the log ------------------------------------------------------------------------------

    def _append(self, event: Event) -> None:
        kind = event["type"]
        if kind == "session.usage":
            event = self.budget.reported(event)
        self.log.append(self.broken.windowed(event))
        self.status = STATUS.get(kind, self.status)
        if kind == "session.thread_created":
            self.held.meet_child(self.now)
        if kind == "session.status_idle":
            self.calls.wait_for(event["stop_reason"].get("event_ids") or ())
            self.lag.begin(self.now)
            self.broken.stop(event["stop_reason"]["type"], self.now)
            if event["stop_reason"]["type"] != "requires_action":
                self.stopped.ids.discard(self.stopped.primary)  # the turn is over
            self.head.pace.pause()  # the one that was recorded here is the client's, who has its own
        if self.hear is not None:
            self.hear(event)
