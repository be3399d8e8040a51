"""What a receiver refuses, and that it says nothing of it to whoever sent it."""

import socket

import pytest

from tests.kit.receiving import GOOD, IDLED, OTHER, SENDER, Calls, asgi, post, signed
from tests.kit.webhooks import SECRET
from utilities import WebhookApp, WebhookReceiver, new_secret, serving
from utilities.webhook import LIMIT

pytestmark = pytest.mark.slow

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


def test_a_receiver_with_two_secrets_takes_either_and_no_third():
    """While a secret is replaced, webhooks come with the old one and with the new one."""
    other = GOOD.replace("wevt_1", "wevt_2")
    with WebhookReceiver([SECRET, OTHER], Calls()) as receiver:
        assert receiver.take(signed(GOOD, secret=OTHER), GOOD.encode()) == 202
        assert receiver.take(signed(GOOD), GOOD.encode()) == 200  # the same event again
        assert receiver.take(signed(other, webhook_id="wevt_2"), other.encode()) == 400  # not what was signed
        assert receiver.take(signed(GOOD, secret=new_secret()), GOOD.encode()) == 400
        assert receiver.take(signed(GOOD, age=5 * 60 + 5), GOOD.encode()) == 400


def raw(url, head, sent=b""):
    """The first line of the answer to a request by hand, of which no more than this is ever sent."""
    host, _, port = url.removeprefix("http://").strip("/").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n".encode() + sent)
        return connection.makefile("rb").readline()


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


def test_nothing_but_post(door):
    calls = Calls()
    with door(WebhookReceiver(SECRET, calls)) as url:
        assert SENDER.get(url).status_code == 405
        other = SENDER.request("BREW", url, content=GOOD, headers=signed(GOOD))
        assert other.status_code in (405, 501)
        assert (other.content, other.headers.get("server", "uvicorn")) == (b"", "uvicorn")
    assert calls.all == []
