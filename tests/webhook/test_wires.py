"""What lies between a sender and a receiver: a tunnel with chunks, a sender that asks first, a websocket."""

import asyncio
import socket
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.kit.receiving import GOOD, SENDER, Calls, post, signed
from tests.kit.webhooks import SECRET
from utilities import WebhookApp, WebhookReceiver, serving
from utilities.webhook import LIMIT


def test_a_chunked_body(door):
    calls = Calls()
    body = GOOD.encode()
    with door(WebhookReceiver(SECRET, calls)) as url:
        pieces = iter([body[:10], body[10:11], body[11:]])
        assert SENDER.post(url, headers=signed(GOOD), content=pieces).status_code == 202
        endless = (b"x" * 1_000 for _ in range(LIMIT // 1_000 + 2))
        assert SENDER.post(url, headers=signed(GOOD), content=endless).status_code == 413
    assert calls.sessions == ["sesn_1"]


def raw(url, data, *later):
    """What the receiver answers to these bytes; `later` are sent once it has said something."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as sender:
        sender.sendall(data)
        heard = []
        for part in later:
            heard.append(sender.recv(1_000))
            sender.sendall(part)
        while part := sender.recv(1_000):
            heard.append(part)
    return heard


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"zz\r\nabc\r\n0\r\n\r\n", b"400"),
        (b"-1\r\nabc\r\n0\r\n\r\n", b"400"),
        (b"2\r\nabc\r\n0\r\n\r\n", b"400"),
        (b"0x3\r\nabc\r\n0\r\n\r\n", b"400"),
        (b"\r\n\r\n", b"400"),
        (b"3;a=b\r\nabc\r\n0\r\n\r\n", b"400"),  # well-formed, but no signature
        (b"ffffffff\r\n" + b"x" * (LIMIT + 1), b"413"),
    ],
)
def test_chunks_that_are_none(body, status):
    with serving(WebhookReceiver(SECRET, Calls())) as url:
        head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        assert raw(url, head + body)[0].split(b" ")[1] == status


def test_a_sender_that_asks_whether_it_may_go_on():
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        lines = {**signed(GOOD), "host": "x", "content-length": len(GOOD), "expect": "100-continue"}
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        first, second = raw(url, head.encode() + b"\r\n", GOOD.encode())
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 202 ")
    assert calls.sessions == ["sesn_1"]


def test_two_requests_on_one_connection_are_two_connections(door):
    with door(WebhookReceiver(SECRET, Calls())) as url, httpx2.Client(trust_env=False) as client:
        answers = [client.post(url, content=GOOD, headers=signed(GOOD)).status_code for _ in range(3)]
    assert answers == [202, 200, 200]


def test_a_websocket_is_refused():
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": []}
    with WebhookReceiver(SECRET, Calls()) as receiver:
        asyncio.run(WebhookApp(receiver)(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("change", ["deleted", "moved", "replaced", "emptied", "overwritten"])
def test_an_inbox_that_is_gone_takes_nothing_and_says_so(tmp_path, caplog, change):
    inbox, calls = tmp_path / "inbox.db", Calls()
    receiver = WebhookReceiver(SECRET, calls, inbox=inbox)
    with serving(receiver, timeout=0) as url:
        calls.gate.clear()
        assert post(url, GOOD).status_code == 202
        if change in ("deleted", "moved", "replaced"):
            inbox.rename(tmp_path / "elsewhere")
        if change == "deleted":
            (tmp_path / "elsewhere").unlink()
        elif change in ("replaced", "emptied"):
            inbox.write_bytes(b"")
        elif change == "overwritten":
            inbox.write_bytes(b"x" * 20_000)
        other = GOOD.replace("wevt_1", "wevt_2")
        answer = SENDER.post(url, content=other, headers=signed(other))
        assert answer.status_code == 503
    calls.gate.set()
    assert f"the file {inbox} is gone" in caplog.text
    assert "and the inbox is gone" in caplog.text and "kept in the inbox" not in caplog.text
