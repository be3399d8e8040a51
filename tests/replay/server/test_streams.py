"""The server's open streams on a real socket, their faults, and the server as a process."""

import asyncio
import gc
import itertools
import logging
import socket
import time

import httpx2
import pytest

from tests.kit.calling import JSON_HEAD, SAY_GO, TURN, new_session, serving, strict
from tests.kit.scripts import going
from tests.kit.sessions import message
from tests.kit.streams import followed
from tests.kit.waiting import wait_for
from utilities.replay import Faults
from utilities.replay.resources.sessions import Subscription

# -- streams -------------------------------------------------------------------------------------------------


@pytest.mark.rule("opening a stream replays nothing", topic="streams", evidence="doc")
def test_a_stream_has_only_what_comes_after_it_was_opened():
    script = going()
    script.message("more")
    script.idle()
    with serving(script) as server:
        client = strict(server)
        session = new_session(client, initial_events=SAY_GO["events"])
        assert len(list(client.beta.sessions.events.list(session))) == len(TURN)  # the turn is over
        more = message("more")
        with client.beta.sessions.events.stream(session) as stream:
            client.beta.sessions.events.send(session, events=[more])
            live = [event.id for event in itertools.islice(stream, 6)]
        assert live == [event.id for event in client.beta.sessions.events.list(session)][len(TURN) :]


@pytest.mark.rule(
    "every open stream of a session gets every event as it happens", topic="streams", evidence="ours"
)
def test_all_streams_get_everything():
    with serving(speed=50.0) as server:  # ten seconds in a fifth of one
        client = strict(server)
        session = new_session(client)
        first, second = [], []
        threads = [followed(client, session, into) for into in (first, second)]
        client.beta.sessions.events.send(session, events=SAY_GO["events"])
        wait_for(lambda: len(first) == len(second) == len(TURN))
        server.stop()
        for thread in threads:
            thread.join(5)
        assert [e.type for e in first] == [e.type for e in second] == TURN


def test_an_event_comes_when_it_happens():
    """Not with the last of its turn, recorded five seconds later: then there would be no gap in any turn."""

    def gap(client):
        session = new_session(client)
        with client.beta.sessions.events.stream(session) as stream:
            client.beta.sessions.events.send(session, events=SAY_GO["events"])
            times = [(event.type, time.monotonic()) for event in itertools.islice(stream, len(TURN))]
        message, done = (at for kind, at in times if kind == "agent.message")
        return done - message

    with serving(speed=50.0) as server:  # a busy machine may read one of them late
        assert any(gap(strict(server)) > 0.05 for _ in range(5))


@pytest.mark.rule(
    "a stream ends cleanly when its session is archived, and after `session.deleted` when it is deleted",
    topic="streams",
    evidence="sdk",
    source="the event's docstring",
    note="that archive ends streams is ours",
)
@pytest.mark.parametrize("action", ["archive", "delete"])
def test_a_stream_ends_with_its_session(action):
    with serving() as server:
        client, seen = strict(server), []
        session = new_session(client)
        thread = followed(client, session, seen)
        getattr(client.beta.sessions, action)(session)
        thread.join(5)
        assert not thread.is_alive()
    archived = ["session.thread_status_terminated", "session.status_terminated"]
    assert [event.type for event in seen] == (["session.deleted"] if action == "delete" else archived)


def held():
    """How many streams this process holds, and what they wait on."""
    gc.collect()
    return sum(type(each) in (Subscription, asyncio.Event) for each in gc.get_objects())


@pytest.mark.slow
def test_a_stream_leaves_nothing_behind():
    """Neither one that its client gives up nor one whose session is deleted."""
    with serving() as server:
        before, client = held(), strict(server)
        with client.beta.sessions.events.stream(new_session(client)):
            assert held() > before
        thread = followed(client, deleted := new_session(client), [])
        client.beta.sessions.delete(deleted)
        thread.join(5)
        client.close()
        wait_for(lambda: held() <= before)


def test_stopping_does_not_wait_for_a_body_that_does_not_come(caplog):
    with serving() as server:
        raw = socket.create_connection(server.base_url.removeprefix("http://").split(":"))
        raw.sendall(f"POST /v1/agents HTTP/1.1\r\n{JSON_HEAD}content-length: 100\r\n\r\n{{".encode())
        strict(server).beta.agents.list()  # answered after the other request has begun
    with raw:
        assert raw.recv(1000) == b""
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_server_is_started_once():
    server = serving().start()
    server.stop()
    with pytest.raises(RuntimeError, match="make another one"):
        server.start()


def test_stopping_ends_open_streams_at_once():
    server = serving().start()
    client, seen = strict(server), []
    thread = followed(client, new_session(client), seen)
    start = time.monotonic()
    server.stop()
    thread.join(5)
    assert not thread.is_alive() and seen == []
    assert time.monotonic() - start < 2.5  # less than what a client that stopped reading would get
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.base_url)


@pytest.mark.parametrize(
    ("faults", "seen"),
    [
        (Faults(), TURN),
        (Faults("drop=3"), [*TURN[:3], "RemoteProtocolError"]),
        (Faults("drop=0"), ["RemoteProtocolError"]),
        (Faults("end=3"), TURN[:3]),
        (Faults("silent=3"), TURN[:3]),
        (Faults("end=3,times=0"), TURN),
        (Faults("repeat"), [kind for kind in TURN for _ in range(2)]),
        (Faults("queued"), [*TURN[:3], *TURN[2:]]),
    ],
)
def test_faults_do_what_they_say_and_once(faults, seen, caplog):
    with serving(faults=faults) as server:
        client = strict(server)
        session, got, whole = new_session(client), [], []
        thread = followed(client, session, got)
        again = followed(client, session, whole)
        client.beta.sessions.events.send(session, events=SAY_GO["events"])
        wait_for(lambda: len(got) == len(seen) and len(whole) >= len(TURN))
        if faults.first("silent"):
            thread.join(0.2)
            assert thread.is_alive()  # it is not over, there is only nothing more
    for each in (thread, again):
        each.join(5)
    assert [getattr(item, "type", type(item).__name__) for item in got] == seen
    assert {event.type for event in whole} == set(TURN)  # the second stream is not cut
    if faults.first("queued"):
        assert [event.processed_at is None for event in got[2:4]] == [True, False]
        assert got[2].id == got[3].id
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
