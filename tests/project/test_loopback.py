"""A server on this machine is reached whatever the environment says, and nobody else is."""

import asyncio
import socket
import ssl

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, DefaultHttpxClient

from tests.kit.calling import new_session
from tests.kit.waiting import wait_for
from tests.kit.webhooks import FAST, SECRET, Receiver
from utilities import connect
from utilities.loopback import confining, direct, is_loopback, loopback_only
from utilities.replay import Endpoint, Library, ReplayServer
from utilities.replay.testing import ManagedAgentsApi
from utilities.webhook import WebhookReceiver

pytestmark = pytest.mark.slow

ENVIRONMENTS = {
    "a proxy that isn't there": {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"},
    "a SOCKS proxy": {"ALL_PROXY": "socks5://127.0.0.1:9"},
    "a certificate that isn't there": {"SSL_CERT_FILE": "/nowhere/ca.pem"},
    "no certificate": {"SSL_CERT_FILE": __file__},
}


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    for name in ("COOKBOOK_OFFLINE", "COOKBOOK_STRICT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def company(request, monkeypatch):
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("led", ["by itself", "by ANTHROPIC_BASE_URL"])
@pytest.mark.parametrize("kind", [Anthropic, AsyncAnthropic])
def test_connect(company, kind, led, monkeypatch):
    with ReplayServer(Library()) as server:
        if led != "by itself":
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        client = connect(kind, max_retries=0)
        answer = client.beta.agents.list()
        page = asyncio.run(first_page(answer)) if kind is AsyncAnthropic else answer
        assert isinstance(page.data, list)  # other tests of this process use connect()'s server too


async def first_page(page):
    return await page


def test_an_http_client_of_the_users_own_is_kept():
    mine = DefaultHttpxClient(headers={"x-mine": "1"})
    connect(http_client=mine).close()
    assert mine.is_closed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK's half-made client
def test_live_the_proxy_of_the_environment_counts(monkeypatch):
    """As with the SDK's own client, which here says what it lacks for this proxy."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ImportError, match="socksio"):
        connect()


def test_the_clients_of_a_test_and_a_receiver(company):
    with ManagedAgentsApi() as api:
        assert list(api.client.beta.agents.list()) == []
        assert asyncio.run(first_page(api.async_client.beta.agents.list())).data == []
    WebhookReceiver("whsec_" + "A" * 32, lambda session_id, type: None).close()


def test_webhooks_are_delivered(company):
    with Receiver() as receiver:
        hook = Endpoint(receiver.url, SECRET, retries=FAST)
        with ReplayServer(Library(), webhook=hook) as server:
            way = direct(Anthropic, server.base_url)
            with Anthropic(api_key="x", base_url=server.base_url, **way) as client:
                new_session(client)
                wait_for(lambda: receiver.got)


def test_what_a_program_of_ours_is_given(company, monkeypatch):
    with ManagedAgentsApi() as api:
        for name, value in api.environment.items():
            monkeypatch.setenv(name, value)
        assert list(Anthropic().beta.agents.list()) == []
        with pytest.raises(httpx2.ConnectError):  # the proxy that isn't there
            httpx2.get("http://192.0.2.1/")


@pytest.mark.parametrize(
    ("given", "led"),
    [
        ({}, "127.0.0.1,localhost,::1"),
        ({"NO_PROXY": "db.example, localhost"}, "db.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "127.0.0.1,localhost,::1"),  # it would let every request out
    ],
)
def test_hosts_that_were_reached_directly_still_are(given, led):
    assert confining(given)["NO_PROXY"] == confining(given)["no_proxy"] == led


@pytest.mark.parametrize(
    ("local", "hosts"),
    [
        (True, ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST.", "0.0.0.0"]),
        (False, ["10.0.0.1", "localhost.example", "api.anthropic.com", "", None, "::2"]),
    ],
)
def test_what_is_this_machine(local, hosts):
    assert [host for host in hosts if is_loopback(host) is not local] == []


# -- nothing leaves ----------------------------------------------------------------------------------


class Stopped(BaseException):
    """What a program's `except Exception` doesn't catch."""


def test_a_request_is_stopped_on_a_connection_that_is_open_already():
    with ReplayServer(Library()) as server, httpx2.Client(trust_env=False) as client:
        agents = server.base_url + "/v1/agents"
        before = client.get(agents).status_code
        with loopback_only(Stopped, never=[server.base_url.removeprefix("http://")]) as stopped:
            with pytest.raises(Stopped, match=f"GET {agents}"):
                client.get(agents + "?secret=1")
            assert stopped == [f"GET {agents}"]
        assert client.get(agents).status_code == before


def test_async_and_every_other_way():
    async def ask():
        async with httpx2.AsyncClient(trust_env=False) as client:
            await client.get("https://192.0.2.1/")

    with loopback_only(Stopped) as stopped:
        with pytest.raises(Stopped):
            asyncio.run(ask())
        for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
            with socket.socket(family) as plain, pytest.raises(OSError, match="loopback only"):
                plain.connect((address, 443))
        secured = ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="a")
        with secured, pytest.raises(OSError, match="loopback only"):
            secured.connect(("192.0.2.1", 443))
        with pytest.raises(OSError, match=r"look-up of example\.com was stopped"):
            socket.create_connection(("example.com", 80))
        with pytest.raises(OSError, match="loopback only"):
            asyncio.run(asyncio.open_connection("192.0.2.1", 443))
        with socket.create_server(("127.0.0.1", 0)) as here:
            socket.create_connection(here.getsockname()).close()
    assert stopped == ["GET https://192.0.2.1/"]
    assert "connect" not in vars(socket.socket)


def test_hosts_that_are_allowed_are_asked():
    client = httpx2.Client(trust_env=False, timeout=0.05)
    nobody_there = pytest.raises((httpx2.TransportError, RuntimeError, OSError))  # or our own tests' guard
    with client, loopback_only(Stopped, allow=["192.0.2.1"]) as stopped, nobody_there:
        client.get("http://192.0.2.1/")
    assert stopped == []
