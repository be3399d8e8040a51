"""What the service answers, checked once, where it comes in.

The SDK hands over what there is: a text for a page of HTML, a number where an event should be. An answer
that can't be read is a connection that broke: the request is made again, and the history says what happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import anthropic
import httpx2

from .result import Event

__all__ = ["Into", "Pages", "Unreadable", "checked", "checked_event", "readable"]

TOO_LONG = "Exceeds the limit"  # how Python begins to say that a number has too many digits
MAX_BARREN = 10  # pages in a row that bring nothing new: the list has no end


class Into(Protocol):
    """Takes the events of a list, one after the other; `take` returns whether more are wanted."""

    @property
    def events(self) -> list[Event]: ...

    def take(self, event: Event) -> bool: ...


class Unreadable(anthropic.APIConnectionError):
    """An answer of the service that is none: HTML, cut JSON, an event without a type.

    Args:
        what: the request, for the message.
        why: what is wrong with its answer.
        url: where it was sent.
    """

    def __init__(self, what: str, why: str, url: str = "http://unknown") -> None:
        message = f"the answer to {what} can't be read: {why}. A gateway, or the service itself, is broken"
        super().__init__(message=message, request=httpx2.Request("GET", url))
        self.what, self.why, self.url = what, why, url

    def __reduce__(self) -> Any:
        return type(self), (self.what, self.why, self.url), self.__dict__


@contextmanager
def readable(what: str, url: str = "http://unknown") -> Iterator[None]:
    """Where the SDK parses an answer.

    Raises:
        Unreadable: it could not.
    """
    try:
        yield
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError, httpx2.DecodingError) as error:
        raise Unreadable(what, f"{type(error).__name__}: {error}", url) from error
    except ValueError as error:
        if not str(error).startswith(TOO_LONG):
            raise
        raise Unreadable(what, str(error), url) from error
    except anthropic.APIResponseValidationError as error:
        raise Unreadable(what, error.message, url) from error
    except AttributeError as error:
        if error.name != "_set_private_attributes":  # of a page, which a text or a number doesn't have
            raise
        raise Unreadable(what, "it is no list", url) from error


def checked(what: str, reply: Any, sent: Iterable[Mapping[str, Any]] = ()) -> Any:
    """The SDK's reply, which is what the method is documented to return.

    Args:
        what: the method.
        reply: the SDK's.
        sent: the events that were sent with it. After a redirect a POST is a GET, whose answer is a list too.

    Raises:
        Unreadable: it is something else.
    """
    if what == "retrieve" and not isinstance(getattr(reply, "status", None), str):
        raise Unreadable(what, "it has no status")
    if what in ("events.send", "events.list", "files.list"):
        events = getattr(reply, "data", None)
        if "data" not in getattr(reply, "model_fields_set", ()) or not isinstance(events, list | None):
            raise Unreadable(what, "it has no list of events")
        if what == "events.send" and not events:
            raise Unreadable(what, "it doesn't say what was accepted")
        types = {checked_event(event, what).type for event in events or ()}
        if what == "events.send" and not types <= {event["type"] for event in sent}:
            raise Unreadable(what, "it has events that were not sent, as after a redirect")
    return reply


def checked_event(event: Any, what: str = "events.stream") -> Event:
    """An event, of which at least the type is known.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(getattr(event, "type", None), str):
        raise Unreadable(what, f"an event has no type: {event!r:.80}")
    id = getattr(event, "id", None)
    if not (id is None or isinstance(id, str) and id.isprintable()):  # half a character can't be sent back
        raise Unreadable(what, f"the id of a {event.type} is no text: {id!r:.80}")
    return event


class Pages:
    """A list that is read page by page, to its end or until no more is wanted.

    Args:
        what: the request, for messages.
        into: what takes the events.
    """

    def __init__(self, what: str, into: Into) -> None:
        self.what, self.into = what, into
        self._ids: set[str | None] = set()
        self._cursors: set[str] = set()
        self._barren = 0

    def take(self, page: Any) -> bool:
        """Take a page's events; returns whether the next one is wanted.

        Raises:
            Unreadable: the list leads back to itself, or page after page has nothing new.
        """
        events = page.data or []
        new = {event.id for event in events} - self._ids
        self._ids |= new
        if not all(self.into.take(event) for event in events) or not page.has_next_page():
            return False
        cursor = repr(page.next_page_info())
        self._barren = 0 if new else self._barren + 1
        if cursor in self._cursors or self._barren >= MAX_BARREN:
            raise Unreadable(self.what, "its pages have no end")
        self._cursors.add(cursor)
        return True
