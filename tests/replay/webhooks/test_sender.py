"""Webhooks: signed deliveries to a real receiver, verified by the SDK; and a server that they can't hurt."""

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import get_args

import pytest
from anthropic import Anthropic
from anthropic.types.beta import BetaWebhookEvent, BetaWebhookEventData
from pydantic import TypeAdapter
from standardwebhooks import WebhookVerificationError

from tests.kit.calling import SAY_GO, Caller, new_session, serving, strict
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.replay.server.test_server_streams import wait_for
from tests.replay.session.test_budget import cents, costly
from utilities.replay import Endpoint
from utilities.replay.__main__ import main
from utilities.replay.webhooks.outbox import NEVER_TOLD, TOLD, Outbox

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FAST = (0.01, 0.02, 0.04)
TURN = ["session.created", "session.status_run_started", "session.status_idled"]
UNUSED = Anthropic(api_key="x")  # to verify; it asks nobody


class Receiver:
    """A receiver that keeps what it got, and answers the first requests with these statuses."""

    def __init__(self, *statuses):
        self.got, self.statuses = [], list(statuses)
        self.look = lambda raw: None  # what it does before it answers
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["content-length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.look(raw)
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.got.append((status, headers, raw))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hook"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def verified(self):
        """What it accepted, through the SDK."""
        accepted = [(headers, raw) for status, headers, raw in list(self.got) if 200 <= status < 300]
        return [UNUSED.beta.webhooks.unwrap(raw, headers=headers, key=SECRET) for headers, raw in accepted]

    def types(self):
        return [event.data.type for event in self.verified()]


@contextmanager
def hooked(receiver, *scripts, speed=0.0, **options):
    hook = Endpoint(getattr(receiver, "url", receiver), SECRET, **{"retries": FAST, **options})
    with serving(*(scripts or (going(),)), speed=speed, webhook=hook) as server:
        yield strict(server)


def turn(client, session):
    client.beta.sessions.events.send(session, events=SAY_GO["events"])


# -- what comes, verified by the SDK ----------------------------------------------------------


@pytest.mark.rule(
    "webhooks are signed as Standard Webhooks and have the type and the ids, no more",
    topic="webhooks",
    evidence="sdk",
    source="anthropic/resources/beta/webhooks.py",
)
@pytest.mark.rule(
    "status_running is told as session.status_run_started, status_idle as session.status_idled",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_a_turn_is_told_in_the_sdks_shapes_and_order():
    with Receiver() as receiver, hooked(receiver) as client:
        session = new_session(client)
        turn(client, session)
        wait_for(lambda: len(receiver.got) == 3)
        assert receiver.types() == TURN
        history = client.beta.sessions.events.list(session)
        idled = receiver.verified()[-1]
        assert idled.created_at == next(e.processed_at for e in history if e.type == "session.status_idle")
    for (_, headers, raw), event in zip(receiver.got, receiver.verified(), strict=True):
        TypeAdapter(BetaWebhookEvent).validate_python(json.loads(raw))
        assert (event.type, event.data.id, headers["webhook-id"]) == ("event", session, event.id)
        assert event.data.organization_id.startswith("org_")
        assert event.data.workspace_id.startswith("wrkspc_")
        assert set(json.loads(raw)["data"]) == {"type", "id", "organization_id", "workspace_id"}


def test_what_was_changed_on_the_way_is_not_verified():
    with Receiver() as receiver, hooked(receiver) as client:
        new_session(client)
        wait_for(lambda: receiver.got)
    _, headers, raw = receiver.got[0]
    for changed, key in ((raw.replace("created", "deleted"), SECRET), (raw, "whsec_b3RoZXI=")):
        with pytest.raises(WebhookVerificationError):
            UNUSED.beta.webhooks.unwrap(changed, headers=headers, key=key)


def test_a_session_that_nobody_looks_at_is_told_of_in_time():
    with Receiver() as receiver, hooked(receiver, speed=50.0) as client:  # ten seconds in a fifth of one
        turn(client, new_session(client))
        wait_for(lambda: len(receiver.got) >= 2)
        started = time.monotonic()
        wait_for(lambda: len(receiver.got) == 3)
        assert receiver.types() == TURN
        assert time.monotonic() - started > 0.1


# -- which come: the pure core ----------------------------------------------------------------


class Told:
    """What a server without a socket would deliver."""

    def __init__(self, *scripts, **options):
        self.call = Caller(*scripts, **options)
        self.call.api.sessions.outbox = self.outbox = Outbox()

    def types(self):
        bodies = [json.loads(delivery.body) for delivery in self.outbox.take()]
        for body in bodies:
            TypeAdapter(BetaWebhookEvent).validate_python(body)
        return [body["data"]["type"] for body in bodies]


@pytest.mark.rule(
    "session.pending, running, idled and requires_action are never sent: nobody says when they come",
    topic="webhooks",
    evidence="ours",
)
def test_every_type_that_is_told_is_one_of_the_sdk_and_each_session_type_is_accounted_for():
    models = get_args(get_args(BetaWebhookEventData)[0])
    known = {get_args(model.model_fields["type"].annotation)[0] for model in models}
    told = {*TOLD.values(), "session.created", "session.archived", "session.budget_reached"}
    assert told <= known
    assert {type for type in known if type.startswith("session.")} == told | set(NEVER_TOLD)


@pytest.mark.rule(
    "an archived session is told as terminated", topic="webhooks", evidence="doc", source="docs: webhooks"
)
@pytest.mark.rule(
    "creation, updates, archival and deletion of a session are told", topic="webhooks", evidence="ours"
)
def test_a_sessions_whole_life():
    told = Told(going())
    path = f"/sessions/{told.call.session(initial_events=SAY_GO['events'])['id']}"
    assert told.types() == TURN
    told.call.post(path, {"title": "t"})
    while told.call.get(path)["status"] != "idle":
        pass
    told.call.post(f"{path}/archive")
    told.call.post(f"{path}/archive")
    told.call.delete(path)
    ends = ["session.status_terminated", "session.archived", "session.deleted"]
    assert told.types() == ["session.updated", *ends]


def test_a_session_that_ended_by_itself_is_told_as_terminated_once():
    script = Script()
    script.message("go")
    script.event("session.status_terminated")
    told = Told(script)
    path = f"/sessions/{told.call.session(initial_events=SAY_GO['events'])['id']}"
    told.call.post(path, {"title": "t"})
    told.call.post(f"{path}/archive")
    assert told.types()[-3:] == ["session.status_terminated", "session.updated", "session.archived"]


def test_a_session_that_was_refused_is_not_told_of():
    told = Told(going())
    wrong = [{"type": "user.message", "content": [{"type": "text", "text": "what?"}]}]
    told.call.session(400, initial_events=wrong)
    assert told.types() == []


@pytest.mark.rule(
    "session.budget_reached is told once for each value of the budget",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_a_budget_that_is_reached_is_told_once_for_each_value():
    told = Told(costly())
    path = f"/sessions/{told.call.session(budget=cents(1), initial_events=SAY_GO['events'])['id']}"
    assert told.types() == [*TURN, "session.budget_reached"]
    told.call.post(f"{path}/events", SAY_GO)
    assert told.types() == TURN[1:]
    told.call.post(path, {"budget": cents(4)})
    assert told.types() == ["session.updated", *TURN[1:], "session.budget_reached"]


@pytest.mark.rule(
    "webhooks about threads are about those that the session has created, not about its first",
    topic="webhooks",
    evidence="ours",
)
def test_other_threads_outcomes_retries_and_ends():
    script = Script()
    script.message("go")
    other = {"session_thread_id": "sthr_2", "agent_name": "helper"}
    script.event("session.thread_created", **other)
    script.event("session.thread_status_idle", **other, stop_reason={"type": "end_turn"})
    script.event("session.thread_status_terminated", **other)
    script.event("span.outcome_evaluation_end")
    script.event("session.status_rescheduled")
    script.event("session.thread_status_idle", session_thread_id="sthr_1", agent_name="tester")
    script.event("session.status_terminated")
    told = Told(script)
    session = told.call.session(initial_events=SAY_GO["events"])
    events = told.call.get(f"/sessions/{session['id']}/events")["data"]
    created = next(e for e in events if e["type"] == "session.thread_created")["session_thread_id"]
    bodies = [json.loads(delivery.body)["data"] for delivery in told.outbox.waiting]
    assert [body.get("session_thread_id") for body in bodies] == [None, None, *[created] * 3, *[None] * 3]
    assert told.types() == [
        *TURN[:2], "session.thread_created", "session.thread_idled", "session.thread_terminated",
        "session.outcome_evaluation_ended", "session.status_rescheduled", "session.status_terminated",
    ]  # fmt: skip


def test_the_same_requests_give_the_same_deliveries():
    def deliveries():
        told = Told(going())
        told.call.session(initial_events=SAY_GO["events"])
        return told.outbox.take()

    assert deliveries() == deliveries()
    assert len({delivery.id for delivery in deliveries()}) == 3


# -- receivers that fail ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 404, 302, 429])
@pytest.mark.rule(
    "a delivery that doesn't get a 2xx is sent again under the same id",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_what_failed_is_sent_again_under_the_same_id(status):
    with Receiver(status, status) as receiver, hooked(receiver) as client:
        new_session(client)
        wait_for(lambda: receiver.types() == TURN[:1])
    ids = {headers["webhook-id"] for _, headers, _ in receiver.got}
    assert [each[0] for each in receiver.got] == [status, status, 200]
    assert len(ids) == 1


@pytest.mark.rule("a delivery is given up after three retries", topic="webhooks", evidence="ours")
def test_what_fails_for_good_is_given_up_and_said(caplog):
    with Receiver(*[500] * 4) as receiver, hooked(receiver) as client:
        session = new_session(client)
        wait_for(lambda: "given up" in caplog.text)
        turn(client, session)
        wait_for(lambda: receiver.types() == TURN[1:])
    assert len([1 for status, _, _ in receiver.got if status == 500]) == 1 + len(FAST)
    assert "session.created" in caplog.text and "the receiver answered 500" in caplog.text


def raw_receiver(answer):
    """A receiver below HTTP: answers each connection with these bytes; None keeps silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if answer is not None:
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/"


ENDLESS = b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\nstill"


@pytest.mark.parametrize(
    "answer", [None, b"garbage\r\n\r\n", b"", b"HTTP/1.1 999 What\r\n\r\n", ENDLESS],
    ids=["silent", "garbage", "closed", "no status", "no end"],
)  # fmt: skip
def test_a_bad_receiver_is_not_felt(answer, caplog):
    listener, url = raw_receiver(answer)
    with listener:
        with hooked(url, timeout=0.2) as client:
            started = time.monotonic()
            session = new_session(client)
            turn(client, session)
            types = [event.type for event in client.beta.sessions.events.list(session)]
            assert types[-1] == "session.status_idle"
            assert time.monotonic() - started < 3.0
            if answer is not ENDLESS:  # that one said 200, which is all that counts
                wait_for(lambda: caplog.text.count("given up") == 3)
            ending = time.monotonic()
        assert time.monotonic() - ending < 2.5
    assert "Traceback" not in caplog.text


def test_nobody_there_is_not_felt_either(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with hooked(url) as client:
        turn(client, new_session(client))
        wait_for(lambda: caplog.text.count("given up") == 3)


def test_a_receiver_may_ask_the_server_before_it_answers():
    """That is what the docs tell it to do: the delivery has only ids."""
    looked = []
    with Receiver() as receiver, hooked(receiver) as client:
        receiver.look = lambda raw: looked.append(
            client.beta.sessions.retrieve(json.loads(raw)["data"]["id"]).status
        )
        turn(client, new_session(client))
        wait_for(lambda: len(receiver.got) == 3)
    assert len(looked) == 3


def test_stopping_does_not_wait_for_retries():
    with Receiver(*[500] * 100) as receiver:
        with hooked(receiver, retries=(60.0,)) as client:
            new_session(client)
            wait_for(lambda: receiver.got)
            ending = time.monotonic()
        assert time.monotonic() - ending < 2.5


# -- on request: out of order, twice ----------------------------------------------------------


@pytest.mark.rule(
    "webhooks may come in any order: on request they do",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_out_of_order_on_request():
    with Receiver() as receiver, hooked(receiver, out_of_order=True) as client:
        new_session(client, initial_events=SAY_GO["events"])
        wait_for(lambda: len(receiver.got) == 3)
    assert receiver.types() == [TURN[1], TURN[0], TURN[2]]


@pytest.mark.rule(
    "webhooks may come more than once: on request they do",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_twice_on_request():
    with Receiver() as receiver, hooked(receiver, twice=True) as client:
        new_session(client)
        wait_for(lambda: len(receiver.got) == 2)
    first, second = receiver.verified()
    assert first == second


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "secret", "told"),
    [
        ("ftp://127.0.0.1/", SECRET, "expected http"),
        ("http://", SECRET, "expected http"),
        ("127.0.0.1:80", SECRET, "webhook URL"),
        ("http://127.0.0.1:x/", SECRET, "webhook URL"),
        ("http://127.0.0.1:99999/", SECRET, "webhook URL"),
        ("http://example.com/", SECRET, "--webhook-anywhere"),
        ("http://127.0.0.1/", "whsec_", "webhook secret"),
        ("http://127.0.0.1/", "whsec_!!!!", "webhook secret"),
        ("http://127.0.0.1/", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "webhook secret"),
        ("http://127.0.0.1/", "whsec_ünicode", "webhook secret"),
    ],
)
def test_a_wrong_url_or_secret_is_one_line(url, secret, told, capsys):
    with pytest.raises(ValueError, match=told):
        Endpoint(url, secret)
    assert main(["--webhook", url, "--webhook-secret", secret]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith("replay server: ") and told in error
    assert secret not in error or not secret.removeprefix("whsec_")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--webhook", "http://127.0.0.1/"], "--webhook-secret"),
        (["--webhook-secret", SECRET], "--webhook is missing"),
        (["--webhook-twice"], "--webhook is missing"),
        (["--webhook-anywhere"], "--webhook is missing"),
    ],
)
def test_half_of_it_is_one_line_too(arguments, told, capsys):
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_anywhere_means_anywhere_and_the_secret_is_not_shown():
    hook = Endpoint("https://example.com/hook", SECRET, anywhere=True)
    assert SECRET not in repr(hook)


def test_the_process_delivers_too():
    with Receiver() as receiver:
        process = subprocess.Popen(
            [sys.executable, "-m", "utilities.replay", "--webhook", receiver.url],
            env={**os.environ, "ANTHROPIC_WEBHOOK_SIGNING_KEY": SECRET},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            client = Anthropic(api_key="x", base_url=process.stdout.readline().strip(), max_retries=0)
            new_session(client)
            wait_for(lambda: receiver.types() == TURN[:1])
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
            process.communicate()
