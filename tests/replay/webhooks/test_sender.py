"""Webhooks: signed deliveries to a real receiver, verified by the SDK; and a server that they can't hurt."""

import json
import socket
import threading
import time

import pytest
from anthropic.types.beta import BetaWebhookEvent
from pydantic import TypeAdapter
from standardwebhooks import WebhookVerificationError

from tests.kit.calling import AGENT, SAY_GO, new_session, serving, strict
from tests.kit.waiting import wait_for
from tests.kit.webhooks import FAST, SECRET, UNUSED, Receiver, hooked
from utilities.replay import Endpoint
from utilities.replay.__main__ import main
from utilities.replay.webhooks.sender import Health

pytestmark = pytest.mark.slow

TURN = ["session.created", "session.status_run_started", "session.status_idled"]


def hook(receiver, *events):
    return Endpoint(receiver.url, SECRET, retries=FAST, events=events)


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
    "a webhook event's id begins with `whe_`, and is the header `webhook-id` too",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
    note="Anthropic's skill, a month older, writes `event_`; the SDK says nothing of it",
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
        assert event.id.startswith("whe_")
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


def test_other_resources_are_told_to_an_endpoint_that_wants_them():
    with Receiver() as receiver, hooked(receiver, events=("agent", "vault.created")) as client:
        new_session(client)
        client.beta.vaults.create(display_name="v")
        wait_for(lambda: len(receiver.got) == 2)
        assert receiver.types() == ["agent.created", "vault.created"]


def test_a_run_that_nobody_looks_at_is_told_of():
    """The endpoint's own looking starts what a schedule has: no request comes meanwhile."""
    with Receiver() as receiver, serving(webhook=hook(receiver, "deployment_run")) as server:
        client = strict(server)
        agent = client.beta.agents.create(**AGENT).id
        environment = client.beta.environments.create(name="e").id
        client.beta.deployments.create(
            name="d", agent=agent, environment_id=environment, initial_events=SAY_GO["events"],
            schedule={"type": "cron", "expression": "* * * * *", "timezone": "UTC"},
        )  # fmt: skip
        # One second before a full minute: the recordings' time, at which the server begins.
        wait_for(lambda: len(receiver.got) == 2)
        assert receiver.types() == ["deployment_run.started", "deployment_run.succeeded"]


def test_a_session_that_nobody_looks_at_is_told_of_in_time():
    with Receiver() as receiver, hooked(receiver, speed=50.0) as client:  # ten seconds in a fifth of one
        session, started = new_session(client), time.monotonic()
        turn(client, session)
        wait_for(lambda: len(receiver.got) == 3)
        assert receiver.types() == TURN
        assert time.monotonic() - started > 0.15  # however slow the machine is, it is never earlier


# -- receivers that fail ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 404, 429])
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


@pytest.mark.rule(
    "a delivery has three attempts in all, with growing waits of 5 to 120 seconds, never the same ones; "
    "then it is dropped",
    topic="webhooks",
    evidence="doc",
    note="where between 5 and 120 seconds a wait lies isn't published",
)
def test_three_attempts_with_documented_waits():
    endpoint = Endpoint("http://127.0.0.1:1/", SECRET)
    drawn = [endpoint.retries() for _ in range(200)]
    assert all(len(waits) == 2 and 5 <= waits[0] <= 25 <= waits[1] <= 120 for waits in drawn)
    assert len({waits[0] for waits in drawn}) > 100


@pytest.mark.rule(
    "a redirect is not followed and disables the endpoint at once; so do failures for long without a "
    "success; what happens then is not told later either",
    topic="webhooks",
    evidence="doc",
    note="how long isn't published; that an address must be public isn't asked for by a server on loopback",
)
def test_a_redirect_disables_the_endpoint(caplog):
    with Receiver(*[302] * 9) as receiver, hooked(receiver) as client:
        session = new_session(client)
        wait_for(lambda: "auto-disabled: endpoint URL returned a redirect (3xx)" in caplog.text)
        turn(client, session)
    assert [status for status, _, _ in receiver.got] == [302]
    assert "given up" not in caplog.text


def test_failures_for_long_disable_the_endpoint(caplog):
    with Receiver(*[500] * 9) as receiver, hooked(receiver, sustained=0.0) as client:
        turn(client, new_session(client))
        wait_for(lambda: "auto-disabled after sustained delivery failures" in caplog.text)
    assert len(receiver.got) == 1


def test_a_success_begins_the_count_of_failures_anew():
    health = Health(sustained=60.0)
    health.failed(0.0)
    health.failed(59.0)
    health.delivered()
    health.failed(100.0)
    health.failed(159.0)
    assert health.disabled is None
    health.failed(160.0)
    assert health.disabled == "auto-disabled after sustained delivery failures"


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
        with hooked(url, timeout=0.05) as client:
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
    assert receiver.types() == [TURN[0], TURN[2], TURN[1]]  # the first came alone: nobody looked, so far


@pytest.mark.rule(
    "webhooks may come more than once: on request they do",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
    note="that one comes at all isn't promised: after three failures it is dropped",
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
        (["--webhook-events", "agent"], "--webhook is missing"),
        (
            ["--webhook", "http://127.0.0.1/", "--webhook-secret", SECRET, "--webhook-events", "agent,agnt"],
            "webhook events: 'agnt' is unknown",
        ),
    ],
)
def test_half_of_it_is_one_line_too(arguments, told, capsys):
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


def test_anywhere_means_anywhere_and_the_secret_is_not_shown():
    hook = Endpoint("https://example.com/hook", SECRET, anywhere=True)
    assert SECRET not in repr(hook)
