"""A receiver that could not work is not made, and why; one in an application, one in a project of its own."""

import base64
import socket
import sqlite3
import time
from contextlib import asynccontextmanager

import pytest
from anthropic import AsyncAnthropic
from starlette.applications import Starlette
from starlette.routing import Route

from tests.kit.copied import project_of, run
from tests.kit.receiving import GOOD, IDLED, SENDER, Calls, asgi, payload, post, signed, statuses
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET
from utilities import WebhookApp, WebhookReceiver, new_secret, serving

# -- what can't be used ----------------------------------------------------------------------------


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
        ([], print, {}, ValueError, "expected whsec_"),
        ([SECRET, "whsec_!!"], print, {}, ValueError, "expected whsec_"),
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
    for each in [secret] if isinstance(secret, str) else secret or []:
        key = each.removeprefix("whsec_")
        assert not key or key not in str(raised.value)


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


# -- in an application -----------------------------------------------------------------------------


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


# -- in a project of its own -----------------------------------------------------------------------


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


@pytest.mark.slow
@pytest.mark.parametrize("also", [("anthropic[webhooks]",), ()], ids=["with the extra", "without"])
def test_the_copy_needs_the_extra_and_says_so(also, tmp_path):
    project = project_of(tmp_path, "webhook.py")
    (project / "program.py").write_text(PROGRAM, "utf-8")
    done = run(project, "program.py", SECRET, GOOD, also=also)
    if also:
        assert (done.stdout, done.stderr) == ("sesn_1 ('session.status_idled',)\n", "")
    else:
        assert done.stderr.endswith("ImportError: to verify webhooks: pip install 'anthropic[webhooks]'\n")


def test_a_new_secret_is_one_that_signs_and_nobody_elses():
    secret = new_secret()
    assert secret != new_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    receiver = WebhookReceiver(secret, print)
    assert receiver.take(signed(GOOD, secret=secret), GOOD.encode()) == 202
    assert receiver.take(signed(GOOD), GOOD.encode()) == 400
