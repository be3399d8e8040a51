"""Answers that can't be read, that drip or have no end: a broken connection, and the deadline holds."""

import itertools
import json
import socket
import threading

import anthropic
import httpx2
import pytest

from tests.kit.clocks import Clock
from tests.kit.odd_answers import Both, Dripping, always, once, page
from tests.kit.serving import HELPERS, KINDS, Served, each, served
from tests.kit.turn_scripts import a_turn, types
from utilities import TurnTimeout
from utilities.replay.faults import FAULTS_HEADER
from utilities.turn.reading import MAX_BARREN, Unreadable
from utilities.turn.retry import wait_before
from utilities.turn.stream import StreamPlan

pytestmark = pytest.mark.slow

UNREADABLE = [
    (b"<html>busy</html>", "text/html"),
    (b"", "application/json"),
    (b'{"data": [', "application/json"),
    (b'{"data": "\xff"}', "application/json"),
    (b"null", "application/json"),
    (b"5", "application/json"),
    (b"{}", "application/json"),
    (b'{"data": 5}', "application/json"),
    (b'{"data": [5]}', "application/json"),
    (b'{"data": [{"id": "sevt_1"}]}', "application/json"),
    (b'{"data": [{"type": "agent.message", "id": {}}]}', "application/json"),
    (b'{"data": [{"type": "agent.message", "id": "\\ud800"}]}', "application/json"),
    (b'{"data": [], "next_page": %s}' % (b"9" * 5000), "application/json"),
]


# -- what can't be read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["GET/events", "POST/events"])
@pytest.mark.parametrize(("body", "type"), UNREADABLE)
def test_an_answer_that_cannot_be_read_is_a_connection_that_broke(kind, on, body, type):
    with served(a_turn()) as session:
        session.odd = once(on, lambda: page(body, type))
        assert session.follow(kind, "go").outcome == "end_turn"
        assert types(session.history()).count("user.message") == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": []}',
        b'{"data": null}',
        b'{"data": [{"type": "session.status_idle", "id": "sevt_1"}]}',  # a list: a POST that became a GET
    ],
)
def test_so_is_one_that_does_not_say_what_was_accepted(kind, body):
    with served(a_turn()) as session:
        session.odd = once("POST/events", lambda: page(body))
        assert session.follow(kind, "go").outcome == "end_turn"
        assert types(session.history()).count("user.message") == 1


@pytest.mark.parametrize("kind", ["poll-sync", "poll-async"])
@pytest.mark.parametrize(("body", "type"), UNREADABLE)
def test_so_is_one_in_the_middle_of_a_turn(kind, body, type):
    with served(a_turn()) as session:
        session.odd = once("GET/events", lambda: page(body, type), number=2)
        assert session.follow_showing_all(kind, "go").outcome == "end_turn"


@pytest.mark.parametrize("kind", each(KINDS))
@pytest.mark.parametrize(("body", "type"), UNREADABLE[:7])
def test_so_is_a_status_that_is_none(kind, body, type):
    with served(a_turn()) as session:
        session.headers = {FAULTS_HEADER: "drop=4"}  # so that the status is asked for
        answers = [page(body, type)]
        session.odd = once(f"GET/{session.session_id}", answers.pop)
        assert session.follow_showing_all(kind, "go").outcome == "end_turn"
    assert answers == []


FRAME = b"event: agent.message\ndata: %s\n\n"


@pytest.mark.parametrize("kind", each(KINDS))
@pytest.mark.parametrize(
    "frame",
    [
        b": \xff\n\n",
        *(FRAME % data for data in (b'{"type": "agent', b"5", b"null", b"[]", b"{}", b'{"type": 5}')),
    ],
)
def test_so_is_a_frame_of_the_stream_that_is_no_event(kind, frame):
    with served(a_turn()) as session:
        session.odd = once("GET/stream", lambda: frame)
        assert session.follow_showing_all(kind, "go").outcome == "end_turn"


@pytest.mark.parametrize("kind", each(KINDS))
def test_so_is_a_page_in_the_place_of_the_stream(kind):
    with served(a_turn()) as session:
        session.odd = once("GET/stream", lambda: page(b"<html>busy</html>", "text/html"))
        assert session.follow(kind, "go").outcome == "end_turn"


@pytest.mark.parametrize("on", ["GET/events", "POST/events"])
def test_so_is_a_redirect_that_leads_nowhere(kind, on):
    with served(a_turn()) as session:
        session.odd = once(on, lambda: httpx2.Response(304))
        assert session.follow(kind, "go").outcome == "end_turn"
        assert types(session.history()).count("user.message") == 1


@pytest.mark.parametrize("kind", each(KINDS))
def test_so_is_a_status_that_is_waited_for(kind):
    with served(a_turn()) as session:
        session.follow(kind, "go")
        answers = [page(b"<html>busy</html>", "text/html"), page(b"5"), httpx2.Response(409)]
        session.odd = lambda request: answers.pop() if answers else None
        assert session.settled(kind).status == "idle"
    assert answers == []


@pytest.mark.parametrize("kind", each(KINDS))
def test_so_is_a_list_of_outputs(kind):
    with served(a_turn()) as session:
        answers = [page(b"<html>busy</html>", "text/html"), page(b"5"), page(b"{}"), httpx2.Response(302)]
        session.odd = lambda request: answers.pop() if answers else None
        assert session.outputs(kind, expect=()) == []
    assert answers == []


def test_a_gateway_that_stays_broken_is_a_connection_error_that_says_so(kind):
    with served(a_turn()) as session:
        session.odd = always("GET/events", lambda: page(b"<html>busy</html>", "text/html"))
        with pytest.raises(
            anthropic.APIConnectionError, match="the answer to events.list can't be read"
        ) as caught:
            session.follow(kind, "go")
        assert caught.value.__notes__ == [f"session {session.session_id}: the message was not sent"]


# -- what has no end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["GET/events", "POST/events"])
def test_a_response_that_drips_does_not_outlast_the_deadline(kind, on):
    with served(a_turn()) as session:
        session.odd = always(on, lambda: httpx2.Response(200, stream=Dripping()))
        with pytest.raises(TurnTimeout) as caught:
            session.follow(kind, "go", timeout=0.5)
        assert caught.value.sent == ("no" if on == "GET/events" else "perhaps")
        assert caught.value.seconds < Dripping.DRIPS * Dripping.EVERY / 4


@pytest.mark.parametrize("kind", each(KINDS))
@pytest.mark.parametrize("wait", [Served.settled, Served.outputs])
def test_a_look_that_drips_does_not_either(kind, wait):
    with served(a_turn()) as session:
        session.odd = lambda request: httpx2.Response(200, stream=Dripping())
        with pytest.raises(TimeoutError, match=r"could not be (seen|listed)"):
            wait(session, kind, timeout=0.2)


@pytest.mark.parametrize("kind", ["sync", "poll-sync"])
def test_a_response_that_never_begins_does_not_either(kind):
    """Whatever the transport makes of its timeouts: this one doesn't know any."""
    gate = threading.Event()
    with served(a_turn()) as session:
        session.odd = lambda request: gate.wait(20) and None
        try:
            with pytest.raises(TurnTimeout) as caught:
                session.follow(kind, "go", timeout=0.5)
        finally:
            gate.set()
        assert caught.value.seconds < 10


@pytest.mark.parametrize("cursors", [itertools.repeat("x"), itertools.count()])
def test_pages_without_an_end_are_not_read_without_an_end(kind, cursors):
    asked = 0

    def empty():
        nonlocal asked
        asked += 1
        return page(json.dumps({"data": [], "next_page": str(next(cursors))}).encode())

    with served(a_turn()) as session:
        session.odd = always("GET/events", empty)
        with pytest.raises(Unreadable, match="its pages have no end"):
            session.follow(kind, "go")
    assert asked <= 3 * MAX_BARREN  # once, and the client's max_retries


@pytest.mark.parametrize("kind", each(KINDS))
def test_nor_are_pages_of_outputs_though_each_has_another(kind):
    numbers = itertools.count()

    def another(request):
        number = next(numbers)
        file = {"type": "file", "id": f"file_{number}"}
        return page(json.dumps({"data": [file], "next_page": str(number), "has_more": True}).encode())

    with served(a_turn()) as session:
        session.odd = another
        with pytest.raises(TimeoutError, match="could not be listed"):
            session.outputs(kind, timeout=0.2)


def test_a_service_that_asks_to_wait_for_nothing_or_for_ever():
    def asking(seconds):
        response = httpx2.Response(
            429, headers={"retry-after": seconds}, request=httpx2.Request("GET", "http://x")
        )
        return anthropic.RateLimitError("busy", response=response, body=None)

    assert [wait_before(asking(none), 1) for none in ("", "nan", "inf", "-inf", "soon")] == [0.5] * 5
    assert [wait_before(asking("0"), failures) for failures in (1, 2, 3, 99)] == [0.1, 0.2, 0.4, 1.0]
    assert wait_before(asking("-3"), 1) == 0.1


def test_a_stream_that_opens_and_breaks_is_opened_less_and_less_often():
    """A preview is no news: failures count until something has really come."""
    preview = json.dumps({"type": "event_start", "event": {"type": "agent.message", "id": "sevt_1"}})
    body = f"event: event_start\ndata: {preview}\n\n".encode()

    def odd(request):
        if request.url.path.endswith("/stream"):
            return page(body, "text/event-stream")
        listed = request.method == "GET" and request.url.path.endswith("/events")
        return page(b'{"data": [], "next_page": null}') if listed else None

    with served(a_turn()) as session:
        session.odd = odd
        clock = Clock("stream_until_end_turn", session.client())
        plan = StreamPlan(session.session_id, "go", 60.0, clock=lambda: clock.now)
        with pytest.raises(TurnTimeout):
            clock.run(plan.steps())
    assert clock.waited == (0.0, 1.0, 2.0, 4.0, 8.0, *[10.0] * 4, 5.0)


# -- wires -----------------------------------------------------------------------------------------------


class Socket:
    """The connection under a response."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)

    def get_extra_info(self, info):
        return self.ours if info == "socket" else None

    def is_open(self):
        try:
            return self.theirs.recv(1) != b""
        except BlockingIOError:
            return True


class Hanging(Both):
    def __init__(self):
        self.gate = threading.Event()

    def __iter__(self):
        self.gate.wait(20)
        yield b""

    def close(self):
        self.gate.set()


@pytest.mark.parametrize(("version", "stays"), [(b"HTTP/2", True), (b"HTTP/1.1", False)])
def test_closing_a_stream_cuts_no_others_off(version, stays):
    """On HTTP/2 all streams share a connection."""
    connection = Socket()
    extensions = {"network_stream": connection, "http_version": version}
    with served(a_turn()) as session:
        session.odd = once(
            "GET/stream", lambda: httpx2.Response(200, stream=Hanging(), extensions=extensions)
        )
        assert session.follow("sync", "go", quiet=0.2).outcome == "end_turn"
    assert connection.is_open() is stays


@pytest.mark.parametrize("kind", ["async", "poll-async"])
def test_another_event_loop_than_asyncios_is_told(kind):
    with served(a_turn()) as session:
        turn = HELPERS[kind](session.async_client(), session.session_id, "go")
        with pytest.raises(TypeError, match=f"{HELPERS[kind].__name__} needs asyncio"):
            turn.send(None)  # as trio would, without a loop of asyncio
        assert session.history() == []


@pytest.mark.parametrize(
    ("message", "error"), [("something else", anthropic.BadRequestError), ("\ud800", UnicodeEncodeError)]
)
def test_what_was_refused_or_could_not_be_sent_did_not_arrive(kind, message, error):
    with served(a_turn()) as session, pytest.raises(error) as caught:
        session.follow(kind, message)
    assert caught.value.__notes__ == [f"session {session.session_id}: the message was not sent"]


def test_an_error_in_the_middle_of_a_turn_names_the_session(kind):
    with served(a_turn()) as session:
        session.headers = {FAULTS_HEADER: "drop=4"}
        session.odd = once("GET/events", lambda: httpx2.Response(403), number=2)
        with pytest.raises(anthropic.PermissionDeniedError) as caught:
            session.follow(kind, "go")
    told = f"session {session.session_id}: the turn goes on without us: follow it with message=None"
    assert caught.value.__notes__ == [told]
