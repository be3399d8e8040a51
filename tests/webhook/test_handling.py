"""The webhook receiver: what it refuses, what it remembers, and that what it accepts is handled."""

import base64
import itertools
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import httpx2
import pytest
import standardwebhooks
import uvicorn
from anthropic import AsyncAnthropic
from starlette.applications import Starlette
from starlette.routing import Route

from tests.kit.calling import new_session
from tests.kit.copied import project_of, run
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET, hooked
from utilities import WebhookApp, WebhookReceiver, serving, stream_until_end_turn
from utilities.webhook import FAILURES, LIMIT

OTHER = "whsec_" + base64.b64encode(b"somebody else's").decode()
SENDER = httpx2.Client(trust_env=False)
IDLED = "session.status_idled"


def payload(id="wevt_1", session="sesn_1", type=IDLED):
    data = {"type": type, "id": session, "organization_id": "org_1", "workspace_id": "wrkspc_1"}
    return json.dumps({"type": "event", "id": id, "created_at": "2026-11-21T09:00:00Z", "data": data})


def signed(body, *, secret=SECRET, age=0.0, **changed):
    """The headers of a real sender, but for what is changed; None leaves a header out."""
    id, timestamp = "wevt_1", int(time.time() - age)
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    key = standardwebhooks.Webhook(secret)._whsecret
    signature = standardwebhooks.webhooks.hmac_data(key, f"{id}.{timestamp}.{text}".encode())
    headers = {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


def post(url, body, headers=None):
    """Deliver it, signed as it should be unless there are headers."""
    headers = signed(body) if headers is None else headers
    content = body.encode() if isinstance(body, str) else body
    return SENDER.post(url, content=content, headers=headers)


def statuses(url, *bodies):
    return [post(url, body).status_code for body in bodies]


class Calls:
    """A handler that keeps its calls, and can be held up."""

    def __init__(self, do=lambda session_id, types: None):
        self.all, self.results, self.do = [], [], do
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, session_id, types):
        self.all.append((session_id, types))
        assert self.gate.wait(10)
        self.results.append(self.do(session_id, types))

    @property
    def sessions(self):
        return [session_id for session_id, _ in self.all]


@contextmanager
def asgi(app):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


DOORS = {"loopback": serving, "asgi": lambda receiver: asgi(WebhookApp(receiver))}
through_each_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


# -- from the turn on the server to the handler ---------------------------------------------------


@through_each_door
def test_the_handler_reads_what_the_stream_has_seen(door):
    read = Calls(lambda session, types: stream_until_end_turn(client, session, timeout=20))
    receiver = WebhookReceiver(SECRET, read, types={IDLED})
    with door(receiver) as url, hooked(url) as client:
        session = new_session(client)
        seen = stream_until_end_turn(client, session, "go", timeout=20)
        wait_for(lambda: read.results)
        (result,) = read.results
    assert read.all == [(session, (IDLED,))]
    assert (result.outcome, result.text) == (seen.outcome, seen.text) == ("end_turn", "half way\n\ndone")
    assert [event.id for event in result.events] == [event.id for event in seen.events]


def test_a_webhook_before_the_streams_idle_says_nothing_about_the_end():
    """It comes in the middle of the turn, says `idled` and is signed as it should be."""

    def read(session, types):
        history.append([event.type for event in client.beta.sessions.events.list(session)])
        return stream_until_end_turn(client, session, timeout=20)

    def hurry(event):
        if event.type == "agent.message" and not history:
            assert post(url, payload("too_early", session)).status_code == 202
            wait_for(lambda: history)

    calls, history = Calls(read), []
    receiver = WebhookReceiver(SECRET, calls, types={IDLED})
    with serving(receiver) as url, hooked(url, speed=5.0) as client:  # two seconds
        session = new_session(client)
        seen = stream_until_end_turn(client, session, "go", on_event=hurry, timeout=20)
        wait_for(lambda: len(calls.results) == 2)  # the early one's, and that of the turn's end
    assert "agent.message" in history[0] and "session.status_idle" not in history[0]
    for result in calls.results:
        assert result.outcome == "end_turn"
        assert [event.id for event in result.events] == [event.id for event in seen.events]


def test_twice_and_out_of_order_makes_no_difference(caplog):
    caplog.set_level("DEBUG", "utilities.webhook")
    read = Calls(lambda session, types: stream_until_end_turn(client, session, timeout=20).text)
    with (
        serving(WebhookReceiver(SECRET, read, types={IDLED})) as url,
        hooked(url, twice=True, out_of_order=True) as client,
    ):
        sessions = [new_session(client), new_session(client)]
        for session in sessions:
            stream_until_end_turn(client, session, "go", timeout=20)
        wait_for(lambda: len(read.results) == 2)
        wait_for(lambda: caplog.text.count("came again") == 2)
    assert sorted(read.sessions) == sorted(sessions)
    assert set(read.results) == {"half way\n\ndone"}


def test_no_room_means_later_and_the_sender_comes_again(caplog):
    calls = Calls()
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, capacity=1, workers=1)
    with serving(receiver) as url, hooked(url, retries=[0.05] * 100) as client:
        assert post(url, payload("a", "sesn_a")).status_code == 202
        wait_for(lambda: calls.sessions == ["sesn_a"])  # it works on that one
        assert statuses(url, payload("b", "sesn_b"), payload("c", "sesn_c")) == [202, 503]
        assert statuses(url, payload("b", "sesn_b")) == [200]  # a repeat needs no room
        session = new_session(client)
        wait_for(lambda: session in caplog.text and "put off" in caplog.text)
        calls.gate.set()
        wait_for(lambda: session in calls.sessions)
        wait_for(lambda: receiver.drain(0))
        assert post(url, payload("c", "sesn_c")).status_code == 202  # what was put off is not a repeat
    assert calls.sessions == ["sesn_a", "sesn_b", session, "sesn_c"]


# -- what is refused ------------------------------------------------------------------------------

GOOD = payload()
NOT_UTF8 = GOOD.encode() + b"\xff"
NO_EVENTS = {
    "not an object": "[]",
    "no fields": "{}",
    "another type": GOOD.replace('"type": "event"', '"type": "list"'),
    "no id": GOOD.replace('"id": "wevt_1", ', ""),
    "data is text": '{"type": "event", "id": "wevt_1", "data": "session.status_idled"}',
    "no session": GOOD.replace('"id": "sesn_1", ', ""),
    "an id that is a number": GOOD.replace('"wevt_1"', "1"),
    "an id that leads elsewhere": GOOD.replace("sesn_1", "../files/file_1"),
    "an id that leads up": GOOD.replace("sesn_1", ".."),
    "an id with a line end": GOOD.replace("sesn_1", "sesn_1\\n"),
    "an event id with a line end": GOOD.replace("wevt_1", "wevt_1\\n"),
    "an id that is no text": GOOD.replace("sesn_1", "\\ud800"),
}
# The body that arrives, the body that was signed, and how; signed in the test, because time goes on.
FORGED = {
    "tampered": (GOOD.replace("sesn_1", "sesn_2"), GOOD, {}),
    "tampered by a space": (GOOD + " ", GOOD, {}),
    "another secret": (GOOD, GOOD, {"secret": OTHER}),
    "another id": (GOOD, GOOD, {"webhook_id": "wevt_2"}),
    "not base64": (GOOD, GOOD, {"webhook_signature": "v1,a"}),
    "no comma": (GOOD, GOOD, {"webhook_signature": "v1"}),
    "two commas": (GOOD, GOOD, {"webhook_signature": "v1,a,b"}),
    "another version": (GOOD, GOOD, {"webhook_signature": "v2,YWJj"}),
    "not ASCII": (GOOD, GOOD, {"webhook_signature": "v1,\xe9".encode("latin-1")}),
    "a hex digest": (GOOD, GOOD, {"webhook_signature": None, "x_anthropic_signature": "00" * 32}),
    "no headers": (GOOD, GOOD, dict.fromkeys(["webhook_id", "webhook_timestamp", "webhook_signature"])),
    "no id header": (GOOD, GOOD, {"webhook_id": None}),
    "no timestamp": (GOOD, GOOD, {"webhook_timestamp": None}),
    "no signature": (GOOD, GOOD, {"webhook_signature": None}),
    "a timestamp that is none": (GOOD, GOOD, {"webhook_timestamp": "yesterday"}),
    "a timestamp without an end": (GOOD, GOOD, {"webhook_timestamp": "inf"}),
    "stale": (GOOD, GOOD, {"age": 5 * 60 + 5}),
    "from the future": (GOOD, GOOD, {"age": -5 * 60 - 30}),
    "empty": ("", "", {}),
    "not JSON": ("go", "go", {}),
    "JSON without a bottom": ("[" * 50_000, "[" * 50_000, {}),
    "not UTF-8": (NOT_UTF8, NOT_UTF8, {}),
    **{name: (body, body, {}) for name, body in NO_EVENTS.items()},
}


@pytest.mark.parametrize(("body", "original", "how"), FORGED.values(), ids=FORGED)
def test_what_is_refused(body, original, how, caplog):
    caplog.set_level("DEBUG", "utilities.webhook")
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        answer = post(url, body, signed(original, **how))
        refused = [record for record in caplog.records if record.name == "utilities.webhook"]
        assert post(url, GOOD).status_code == 202  # a refused one counts as never seen
    assert (answer.status_code, answer.content) == (400, b"")  # whatever it was
    assert [record.levelname for record in refused] == ["WARNING"]
    said = refused[0].getMessage()
    assert said.startswith("webhook refused: ") and "\n" not in said and len(said) > 25
    for text in (SECRET, SECRET.removeprefix("whsec_"), "sesn_", "wevt_", "org_1"):
        assert text not in said
    assert calls.all == [("sesn_1", (IDLED,))]


def test_behind_asgi_the_same_is_refused():
    calls = Calls()
    with asgi(WebhookApp(WebhookReceiver(SECRET, calls))) as url:
        for name, (body, original, how) in FORGED.items():
            answer = post(url, body, signed(original, **how))
            assert (name, answer.status_code, answer.content) == (name, 400, b"")
        assert post(url, GOOD).status_code == 202
    assert calls.all == [("sesn_1", (IDLED,))]


def test_almost_five_minutes_are_fine_and_so_is_a_second_signature():
    """A sender signs with the old secret and the new one for a while."""
    old, new = signed(GOOD, secret=OTHER), signed(GOOD)
    two = new | {"webhook-signature": f"{old['webhook-signature']} {new['webhook-signature']}"}
    with WebhookReceiver(SECRET, Calls()) as receiver:
        assert receiver.take(signed(GOOD, age=290), GOOD.encode()) == 202
        assert receiver.take(two, GOOD.encode()) == 200
        upper = {name.upper(): value for name, value in signed(GOOD).items()}
        assert receiver.take(upper, GOOD.encode()) == 200


def raw(url, head, sent=b""):
    """The first line of the answer to a request by hand, of which no more than this is ever sent."""
    host, _, port = url.removeprefix("http://").strip("/").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n".encode() + sent)
        return connection.makefile("rb").readline()


@through_each_door
def test_a_huge_body_is_refused_before_it_is_there(door, caplog):
    with door(WebhookReceiver(SECRET, Calls())) as url:
        sent = b"" if door is serving else b"x" * (LIMIT + 1)
        assert b" 413 " in raw(url, "content-length: 1000000000000", sent)
        assert post(url, GOOD).status_code == 202
    assert f"more than {LIMIT} bytes" in caplog.text


def test_the_limit_is_the_last_byte_that_is_taken():
    with WebhookReceiver(SECRET, Calls(), limit=len(GOOD)) as receiver:
        assert receiver.take(signed(GOOD + " "), GOOD.encode() + b" ") == 413
        assert receiver.take(signed(GOOD), GOOD.encode()) == 202


@pytest.mark.parametrize(
    "head", ["a: b", "content-length: -1", "content-length: x", "content-length: " + "9" * 5000]
)
def test_a_length_that_is_none_is_refused(head, caplog):
    with serving(WebhookReceiver(SECRET, Calls())) as url:
        assert raw(url, head).split()[1] in (b"411", b"413")
    assert caplog.text.count("webhook refused") == 1


@through_each_door
def test_nothing_but_post(door):
    calls = Calls()
    with door(WebhookReceiver(SECRET, calls)) as url:
        assert SENDER.get(url).status_code == 405
        other = SENDER.request("BREW", url, content=GOOD, headers=signed(GOOD))
        assert other.status_code in (405, 501)
        assert (other.content, other.headers.get("server", "uvicorn")) == (b"", "uvicorn")
    assert calls.all == []


# -- once, and one at a time ----------------------------------------------------------------------


def test_the_answer_does_not_wait_for_the_handler():
    calls = Calls()
    calls.gate.clear()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        assert post(url, GOOD).status_code == 202
        wait_for(lambda: calls.all)
        assert calls.results == []
        calls.gate.set()
    assert calls.results == [None]


def test_the_same_id_from_many_senders_at_once_is_handled_once():
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, workers=8)) as url, ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: post(url, GOOD).status_code, range(48)))
    assert sorted(got) == [200] * 47 + [202]
    assert len(calls.all) == 1


def test_one_call_for_a_session_at_a_time_and_other_sessions_go_on():
    calls = Calls()
    calls.gate.clear()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        post(url, payload("1", "sesn_a", "session.created"))
        wait_for(lambda: calls.all)
        later = [
            payload("2", "sesn_a", IDLED),
            payload("3", "sesn_b"),
            payload("4", "sesn_a", "session.updated"),
        ]
        assert statuses(url, *later, payload("5", "sesn_a", IDLED)) == [202] * 4
        wait_for(lambda: len(calls.all) == 2)
        assert calls.sessions == ["sesn_a", "sesn_b"]  # both at once; a's others wait
        calls.gate.set()
    assert calls.all[2:] == [("sesn_a", (IDLED, "session.updated"))]  # and are one call


def test_interleaved_sessions_never_meet_themselves():
    running, met = [], []

    def work(session_id, types):
        met.append(running.count(session_id))
        running.append(session_id)
        time.sleep(0.002)
        running.remove(session_id)

    calls = Calls(work)
    with serving(WebhookReceiver(SECRET, calls, workers=8)) as url, ThreadPoolExecutor(8) as pool:
        bodies = [payload(f"w{n}", f"sesn_{n % 2}") for n in range(100)]
        assert set(pool.map(lambda body: post(url, body).status_code, bodies)) == {202}
    assert set(calls.sessions) == {"sesn_0", "sesn_1"}
    assert set(met) == {0}


def test_waiting_for_all_to_be_done_does_not_hold_up_what_comes():
    slow = threading.Event()
    calls = Calls(lambda session_id, types: session_id == "sesn_slow" and slow.wait(10))
    with serving(receiver := WebhookReceiver(SECRET, calls, workers=2)) as url, ThreadPoolExecutor(1) as pool:
        post(url, payload("slow", "sesn_slow"))
        wait_for(lambda: calls.all)
        drained = pool.submit(receiver.drain)
        for n in range(10):
            post(url, payload(f"w{n}", f"sesn_{n}"))
            wait_for(lambda n=n: len(calls.all) == n + 2)
        assert not drained.done()
        slow.set()
        assert drained.result(5)


def test_what_does_not_matter_is_acknowledged():
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, types={IDLED, "session.new_in_2027"})) as url:
        others = [payload("1", type="session.created"), payload("2", "vlt_1", "vault.archived")]
        assert statuses(url, *others) == [200, 200]
        assert statuses(url, payload("3", type="session.new_in_2027")) == [202]  # the SDK doesn't know it yet
    assert calls.all == [("sesn_1", ("session.new_in_2027",))]
    with serving(WebhookReceiver(SECRET, calls)) as url:
        assert statuses(url, payload("4", "vlt_1", "vault.archived")) == [200]
    assert len(calls.all) == 1


def test_only_the_newest_ids_are_remembered():
    calls = Calls()
    with serving(receiver := WebhookReceiver(SECRET, calls, remember=2)) as url:
        for id in ("1", "2", "3"):
            post(url, payload(id))
            assert receiver.drain(5)
        assert statuses(url, payload("3"), payload("2"), payload("1")) == [200, 200, 202]


# -- what goes wrong in the handler ---------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no such order"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_a_handler_raises_is_logged_kept_and_told_and_the_worker_lives(error, caplog):
    def work(session_id, types):
        if session_id == "sesn_bad":
            raise error

    calls, told = Calls(work), []

    def tell(failure):
        told.append(failure)
        raise RuntimeError("the pager is broken")

    with serving(receiver := WebhookReceiver(SECRET, calls, on_error=tell, workers=1)) as url:
        assert statuses(url, payload("1", "sesn_bad"), payload("2", "sesn_good")) == [202, 202]
        assert receiver.drain(5)
        assert statuses(url, payload("1", "sesn_bad")) == [200]
        (failure,) = receiver.failed
        assert told == [failure]
        assert (failure.session_id, failure.types, failure.error) == ("sesn_bad", (IDLED,), error)
        assert "the handler failed for session sesn_bad (session.status_idled)" in caplog.text
        assert type(error).__name__ in caplog.text and "the pager is broken" in caplog.text
        calls.do = lambda session_id, types: None
        assert receiver.retry() == 1
        assert receiver.drain(5)
        assert not receiver.failed
    assert calls.sessions == ["sesn_bad", "sesn_good", "sesn_bad"]


def test_a_handler_that_returns_a_coroutine_has_failed():
    async def work():
        raise AssertionError("nobody awaits it")

    with WebhookReceiver(SECRET, lambda session_id, types: work()) as receiver:
        receiver.take(signed(GOOD), GOOD.encode())
        assert receiver.drain(5)
        assert isinstance(receiver.failed[0].error, TypeError)


def test_failures_do_not_fill_the_memory(caplog):
    with WebhookReceiver(SECRET, Calls(lambda *_: 1 / 0), workers=1, capacity=2 * FAILURES) as receiver:
        for n in range(FAILURES + 1):
            body = payload(f"w{n}", f"sesn_{n}")
            assert receiver.take(signed(body), body.encode()) == 202
        assert receiver.drain(20)
        assert [receiver.failed[0].session_id, len(receiver.failed)] == ["sesn_1", FAILURES]
    assert "session sesn_0 is given up" in caplog.text


# -- ends and starts ------------------------------------------------------------------------------


def test_closing_finishes_what_waits_and_takes_nothing_more(caplog):
    calls, new, got = Calls(), itertools.count(), []
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, workers=1)

    def take():
        body = payload(f"w{(n := next(new))}", f"sesn_{n}")
        got.append(receiver.take(signed(body), body.encode()))
        return got[-1]

    with ThreadPoolExecutor(1) as pool:
        assert take() == take() == 202
        left = pool.submit(receiver.close)
        wait_for(lambda: take() == 503)  # at once, not only when all is done
        calls.gate.set()
        assert left.result() == []
    assert take() == 503
    assert len(calls.results) == got.count(202) >= 2
    assert "undone" not in caplog.text
    with pytest.raises(RuntimeError, match="was closed"):
        receiver.start()


def test_nobody_listens_after_the_block():
    with serving(WebhookReceiver(SECRET, Calls())) as url:
        assert post(url, GOOD).status_code == 202
    with pytest.raises(httpx2.ConnectError):
        post(url, GOOD)


@pytest.mark.parametrize("kept", [True, False])
def test_closing_says_what_is_left_undone(kept, tmp_path, caplog):
    calls = Calls()
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, workers=1, inbox=tmp_path / "inbox.db" if kept else None)
    for n, session in enumerate(["sesn_a", "sesn_b", "sesn_a"]):
        body = payload(f"w{n}", session)
        receiver.take(signed(body), body.encode())
    wait_for(lambda: calls.all)
    assert receiver.close(timeout=0.01) == ["sesn_a", "sesn_b"]
    assert "2 sessions are left undone" in caplog.text and "sesn_a, sesn_b" in caplog.text
    assert ("kept in the inbox" in caplog.text) is kept
    drained = []  # waits for the call that runs, not for what nobody will do
    drain = threading.Thread(target=lambda: drained.append(receiver.drain()), daemon=True)
    drain.start()
    calls.gate.set()
    drain.join(5)
    assert drained == [False]
    assert "can't be noted" in caplog.text  # a call that ends after all hurts nobody
    assert calls.sessions == ["sesn_a"]


def test_a_restart_with_the_file_knows_what_came_and_goes_on_with_what_is_undone(tmp_path):
    inbox = tmp_path / "inbox.db"

    def work(session_id, types):
        if session_id == "sesn_bad":
            raise ValueError("not today")

    with serving(WebhookReceiver(SECRET, Calls(work), inbox=inbox)) as url:
        assert statuses(url, payload("1", "sesn_good"), payload("2", "sesn_bad")) == [202, 202]
    calls = Calls()
    with serving(receiver := WebhookReceiver(SECRET, calls, inbox=inbox)) as url:
        assert receiver.drain(5)
        assert calls.all == [("sesn_bad", (IDLED,))]
        assert statuses(url, payload("1", "sesn_good"), payload("2", "sesn_bad")) == [200, 200]
    again = Calls()
    with serving(WebhookReceiver(SECRET, again, inbox=inbox)):
        pass
    assert (calls.sessions, again.all) == (["sesn_bad"], [])


def test_what_is_undone_is_not_forgotten_however_much_comes_after_it(tmp_path):
    def work(session_id, types):
        if session_id == "sesn_bad":
            raise ValueError("not today")

    inbox = tmp_path / "inbox.db"
    with serving(receiver := WebhookReceiver(SECRET, Calls(work), inbox=inbox, remember=1)) as url:
        post(url, payload("1", "sesn_bad"))
        for n in range(4):
            post(url, payload(f"w{n}", f"sesn_{n}"))
        assert receiver.drain(5)
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox)):
        pass
    assert calls.sessions == ["sesn_bad"]


KILLED = """
import sys, time
from utilities import WebhookReceiver, serving
secret, inbox = sys.argv[1:]
with serving(WebhookReceiver(secret, lambda *_: time.sleep(600), inbox=inbox, workers=1)) as url:
    print(url, flush=True)
    time.sleep(600)
"""


def test_what_was_accepted_before_the_process_was_killed_is_handled_after_it(tmp_path):
    inbox = str(tmp_path / "inbox.db")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, SECRET, inbox], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        url = process.stdout.readline().strip()
        bodies = [payload("1", "sesn_a"), payload("2", "sesn_b", "session.created"), payload("3", "sesn_b")]
        assert statuses(url, *bodies) == [202] * 3
        with pytest.raises(ValueError, match="locked; close the receiver that has it"):
            WebhookReceiver(SECRET, Calls(), inbox=inbox)
    finally:
        process.kill()
        process.communicate()
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox, workers=1)) as url:
        assert statuses(url, *bodies) == [200] * 3
    assert calls.all == [("sesn_a", (IDLED,)), ("sesn_b", ("session.created", IDLED))]


FORKED = """
import json, os, sys
from utilities import WebhookReceiver
secret, body, headers = sys.argv[1:]
calls = []
with WebhookReceiver(secret, lambda *call: calls.append(call)) as receiver:
    child = os.fork()
    status = receiver.take(json.loads(headers), body.encode())
    if child == 0:
        os._exit(status == 503)
    put_off = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(put_off, status, calls)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_takes_nothing_for_workers_that_it_does_not_have():
    program = [sys.executable, "-c", FORKED, SECRET, GOOD, json.dumps(signed(GOOD))]
    done = subprocess.run(program, capture_output=True, text=True, env=os.environ, timeout=20)
    assert "made before a fork" in done.stderr
    assert done.stdout == f"1 202 [('sesn_1', ('{IDLED}',))]\n"


def test_what_the_inbox_can_not_keep_is_not_accepted(tmp_path, caplog):
    """No 2xx for what a crash could lose: the sender still has it."""
    inbox, calls = tmp_path / "inbox.db", Calls()
    with WebhookReceiver(SECRET, calls, inbox=inbox):
        pass
    with sqlite3.connect(inbox) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON webhooks BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    db.close()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox)) as url:
        assert post(url, GOOD).status_code == 503
    assert "put off: the inbox says: disk full" in caplog.text
    assert calls.all == []


# -- in an application ----------------------------------------------------------------------------


def test_as_a_route_of_an_application():
    calls = Calls()
    receiver = WebhookReceiver(SECRET, calls, client=AsyncAnthropic(api_key="x"))

    @asynccontextmanager
    async def lifespan(app):
        with receiver:
            yield

    route = Route("/webhook", WebhookApp(receiver), methods=["POST"])
    with asgi(Starlette(routes=[route], lifespan=lifespan)) as url:
        assert post(url, GOOD).status_code == 404
        assert statuses(url + "webhook", GOOD, GOOD) == [202, 200]
        assert SENDER.get(url + "webhook").status_code == 405
    assert calls.sessions == ["sesn_1"]
    assert receiver.take(signed(GOOD), GOOD.encode()) == 503  # closed with the application


def test_on_its_own_it_starts_with_what_is_undone_and_ends_with_nothing(tmp_path):
    inbox, calls = tmp_path / "inbox.db", Calls(lambda *_: time.sleep(0.05))
    before = WebhookReceiver(SECRET, Calls(lambda *_: 1 / 0), inbox=inbox)
    before.take(signed(GOOD), GOOD.encode())
    assert before.close() == ["sesn_1"]
    receiver = WebhookReceiver(SECRET, calls, inbox=inbox)
    with asgi(WebhookApp(receiver)) as url:
        wait_for(lambda: calls.sessions == ["sesn_1"])
        assert statuses(url, payload("2", "sesn_2"), payload("3", "sesn_3")) == [202, 202]
    assert len(calls.results) == 3
    assert receiver.take(signed(GOOD), GOOD.encode()) == 503  # it was closed


# -- what can't be used ---------------------------------------------------------------------------


async def async_handler(session_id, types):
    pass


@pytest.mark.parametrize(
    ("secret", "handle", "options", "kind", "told"),
    [
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", print, {}, ValueError, "expected whsec_"),
        ("whsec_", print, {}, ValueError, "expected whsec_"),
        ("whsec_!!", print, {}, ValueError, "expected whsec_"),
        ("whsec_ünicode", print, {}, ValueError, "expected whsec_"),
        (None, print, {}, ValueError, "expected whsec_"),
        (SECRET, async_handler, {}, TypeError, "asyncio.run"),
        (SECRET, None, {}, TypeError, "plain function"),
        (SECRET, print, {"types": IDLED}, TypeError, "a set of event types"),
        *[
            (SECRET, print, {name: 0}, ValueError, name)
            for name in ("capacity", "workers", "remember", "limit")
        ],
    ],
)
def test_a_receiver_that_could_not_work_is_not_made(secret, handle, options, kind, told):
    with pytest.raises(kind, match=told) as raised:
        WebhookReceiver(secret, handle, **options)
    key = str(secret).removeprefix("whsec_")
    assert not key or key not in str(raised.value) or secret is None


def test_a_type_that_never_comes_is_warned_of(caplog):
    WebhookReceiver(SECRET, print, types=[IDLED, "session.status_idle", "tea"])
    assert [record.getMessage() for record in caplog.records] == [
        "types: the SDK knows no webhook event 'session.status_idle'; 'session.status_idled'?",
        "types: the SDK knows no webhook event 'tea'",
    ]


@pytest.mark.parametrize("content", [b"this is not a database, but a letter to you", None])
def test_an_inbox_that_can_not_be_used(content, tmp_path):
    path = tmp_path / "letter.txt" if content else tmp_path
    if content:
        path.write_bytes(content * 100)
    with pytest.raises(ValueError, match="inbox .*: .*; name another file"):
        WebhookReceiver(SECRET, print, inbox=path)


def test_an_inbox_that_is_another_programs_is_told_and_left_to_it(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as shop:
        shop.execute("CREATE TABLE webhooks (url TEXT)")
    shop.close()
    with pytest.raises(ValueError, match="inbox .*: no such column.*; name another") as caught:
        WebhookReceiver(SECRET, print, inbox=path)
    shop = sqlite3.connect(path, timeout=0.1)
    shop.execute("INSERT INTO webhooks VALUES ('mine')")  # not locked, though the error is still here
    shop.close()
    assert caught.value


def test_an_inbox_whose_pages_are_damaged_is_told(tmp_path):
    path = tmp_path / "inbox.db"
    with WebhookReceiver(SECRET, Calls(), inbox=path) as receiver:
        receiver.take(signed(GOOD), GOOD.encode())
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\x99" * (len(whole) - 4096))
    with pytest.raises(ValueError, match="inbox .*malformed; name another"):
        WebhookReceiver(SECRET, print, inbox=path)


def test_an_inbox_in_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ValueError, match="inbox .*unable to open database file; name another file"):
        WebhookReceiver(SECRET, print, inbox=tmp_path / "nowhere" / "inbox.db")


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=f"127.0.0.1 port {port}: .*; port=0 takes a free one"),
            serving(WebhookReceiver(SECRET, print), port=port),
        ):
            pass


def test_the_secret_is_not_shown():
    assert SECRET.removeprefix("whsec_") not in repr(WebhookReceiver(SECRET, print))


# -- in a project of its own ----------------------------------------------------------------------

PROGRAM = """
import sys
from datetime import UTC, datetime

from helpers.webhook import WebhookReceiver

secret, body = sys.argv[1:]
with WebhookReceiver(secret, print) as receiver:
    from standardwebhooks import Webhook

    now = datetime.now(UTC)
    headers = {"webhook-id": "1", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = Webhook(secret).sign("1", now, body)
    assert receiver.take(headers, body.encode()) == 202
"""


@pytest.mark.parametrize("also", [("anthropic[webhooks]",), ()], ids=["with the extra", "without"])
def test_the_copy_needs_the_extra_and_says_so(also, tmp_path):
    project = project_of(tmp_path, "webhook.py")
    (project / "program.py").write_text(PROGRAM, "utf-8")
    done = run(project, "program.py", SECRET, GOOD, also=also)
    if also:
        assert (done.stdout, done.stderr) == ("sesn_1 ('session.status_idled',)\n", "")
    else:
        assert done.stderr.endswith("ImportError: to verify webhooks: pip install 'anthropic[webhooks]'\n")
