"""Open event streams: what each has sent already, and what it wants previews of."""

from __future__ import annotations

from dataclasses import dataclass

from ..http.errors import ApiError
from ..http.paging import Query
from ..recordings.recording import Event
from ..session.previews import TYPES, Previews
from ..session.session import Session

MOST_VALUES = 100  # of the query parameter `event_deltas` [doc]


@dataclass
class Subscription:
    """One open event stream: what of a session's log its client has not been sent yet."""

    session: Session
    sent: int
    previews: Previews

    def poll(self, now: float) -> tuple[list[Event], float | None, bool]:
        """What to send at `now`.

        Returns:
            The new events and their previews, when the next will be due (None: not before the client
            does something), and whether the stream is over.
        """
        due = self.session.be_seen(now)
        events = self.session.log[self.sent :]
        self.sent += len(events)
        carried = [
            e for event in events if self.carries(event) for e in (*self.previews.before(event), event)
        ]
        upcoming = self.session.upcoming(now) if self.previews.types else None
        if upcoming and self.carries(upcoming.event):
            started, due = self.previews.during(upcoming, now)
            carried += started
        return carried, due, self.session.closed or self.session.status == "terminated"

    def carries(self, event: Event) -> bool:
        """Whether this stream has the events of this kind: all of a session's."""
        return True


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
