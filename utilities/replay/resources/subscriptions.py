"""Open event streams: what each has sent already, and what it wants previews of."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..http.errors import ApiError
from ..http.paging import Query
from ..recordings.recording import Event
from ..session.previews import TYPES, Previews
from ..session.session import Session

START, END = "span.model_request_start", "span.model_request_end"
# Seconds that a held turn waits for a newer stream than those of the turn before. [ours]
#
# Only time can tell, so no rule about requests can stand here instead. Of two right programs, both have a
# stream left open and send a message. The first opens another stream, to read this turn. The second reads the
# turn from the old stream, and then opens another one to be ready for its next message: of the old turn that
# one must bring nothing, or a loop that reads to the idle event would end before the message was sent. Both
# make the same requests in the same order. At the hosted service, too, what tells them apart is when they do
# it: while a turn runs, or after it. Whoever waits longer before opening can close the old stream, send at a
# --speed above 0, or open the stream before the message is sent.
LEFT_OPEN = 0.1
MOST_VALUES = 100  # of the query parameter `event_deltas` [doc]


@dataclass
class Late:
    """What a stream was opened too late for: no pieces come of a request that began before. [doc]

    Args:
        request: the `span.model_request_start` that was open then.
        event: what was being written then, for recordings without spans.
    """

    request: str | None = None
    event: str | None = None

    @classmethod
    def at(cls, session: Session, sent: int, now: float) -> Late:
        """For a stream that is opened now, and gets what the log has after its first `sent` events."""
        before = session.log[:sent]
        ended = {event["model_request_start_id"] for event in before if event["type"] == END}
        begun = [event["id"] for event in before if event["type"] == START]
        upcoming = session.head.upcoming(now) if session.held.since is None else None
        written = upcoming.event["id"] if upcoming is not None and upcoming.start < now else None
        return cls(next((id for id in begun[-1:] if id not in ended), None), written)

    def misses(self, event: Event) -> bool:
        """Whether the stream gets no pieces of this event, which comes next."""
        if self.request is not None and event.get("model_request_start_id") == self.request:
            self.request = None
        return self.request is not None or event["id"] == self.event


@dataclass
class Subscription:
    """An open event stream: what of a session's log its client has not been sent yet.

    Whoever has one looks at what happens, so a turn that is held is played. But one that has had the end of a
    turn may be left over from it: nobody reads it, and the client opens another one for the next turn, after
    its message. So the next turn waits for that one, a moment. [ours]
    """

    session: Session
    sent: int
    previews: Previews
    late: Late = field(default_factory=lambda: Late())
    left_open: bool = False  # whether it has had the end of a turn

    def poll(self, now: float) -> tuple[list[Event], float | None, bool]:
        """What to send at `now`.

        Returns:
            The new events and their previews, when the next will be due (None: not before the client
            does something), and whether the stream is over.
        """
        held = self.session.held.since
        if self.left_open and held is not None and now < held + LEFT_OPEN:
            return [], held + LEFT_OPEN, False
        due = self.session.be_seen(now, streamed=True)
        carried = []
        for event in self.fresh():
            carried += [event] if self.late.misses(event) else [*self.previews.before(event), event]
        upcoming = self.session.head.upcoming(now) if self.previews.types else None
        if upcoming and self.carries(upcoming.event) and not self.late.misses(upcoming.event):
            started, due = self.previews.during(upcoming, now)
            carried += started
        return carried, due, self.session.closed or self.session.status == "terminated"

    def fresh(self) -> list[Event]:
        """What has come since the last time."""
        events = self.session.log[self.sent :]
        self.sent += len(events)
        self.left_open = self.left_open or any(map(ends_turn, events))
        return [event for event in events if self.carries(event)]

    def carries(self, event: Event) -> bool:
        """Whether this stream has the events of this kind: all of a session's."""
        return True


def ends_turn(event: Event) -> bool:
    """Whether a session's turn ends with this event."""
    reason = event["stop_reason"]["type"] if event["type"] == "session.status_idle" else "requires_action"
    return bool(reason != "requires_action")


def previewed(query: Query) -> frozenset[str]:
    """The types that a stream wants previews of.

    Raises:
        ApiError: 400, a type that has none, or too many values. [doc]
    """
    wanted = query.texts("event_deltas")
    if len(wanted) > MOST_VALUES:
        raise ApiError(400, f"event_deltas: at most {MOST_VALUES} values, not {len(wanted)}")
    if unknown := next((type for type in wanted if type not in TYPES), None):
        raise ApiError(400, f"event_deltas: {unknown!r} has no previews, expected {' or '.join(TYPES)}")
    return frozenset(wanted)
