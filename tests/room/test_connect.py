"""The notebooks' `connect()`, with the two variables that a learner sets."""

import re

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.calling import AGENT
from tests.kit.odd_answers import OddTransport
from utilities import connect

PROXIES = ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def as_set(monkeypatch, room):
    for name in ("COOKBOOK_OFFLINE", *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", room.base_url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "ROOM-KEY:Ada")


@pytest.mark.parametrize("kind", [Anthropic, AsyncAnthropic])
def test_it_says_that_these_are_recordings_on_the_rooms_server_and_whose_workspace(capsys, room, kind):
    connect(kind)
    (said,) = capsys.readouterr().out.splitlines()
    assert said == (
        f"connected to the room's server at {room.base_url} (ANTHROPIC_BASE_URL): recordings, nothing live, "
        "no cost; what you make is in the workspace 'Ada', which is yours"
    )


def test_what_it_makes_is_in_that_workspace(room, learner):
    agent = connect().beta.agents.create(**AGENT)
    assert [each.id for each in learner("ada").beta.agents.list()] == [agent.id]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("ROOM-KEY", "the key has no name"),
        ("sk-ant-mine", "invalid key"),
        ("ROOM-KEY:Jörg", "a character that can't be sent"),
    ],
)
def test_a_key_that_leads_nowhere_is_two_lines_that_say_how_one_looks(monkeypatch, key, told):
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with pytest.raises(ConnectionError) as caught:
        connect()
    first, second = str(caught.value).splitlines()
    assert told in first or "another character that can't be sent" in first
    assert "COOKBOOK_OFFLINE=1" in second and key not in first.replace("ROOM-KEY:ada", "")


def unreachable(request):
    raise httpx2.ConnectError("no route", request=request)


def knows_no_such_host(request):
    return httpx2.Response(503, headers={"content-type": "text/html"}, content=b"<html>no such host</html>")


@pytest.mark.parametrize("answer", [unreachable, knows_no_such_host])
def test_where_a_proxy_is_in_the_way_the_message_says_how_to_go_past_it(monkeypatch, answer):
    """It says that it knows no such host, or doesn't let the connection through."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://192.0.2.7:8600")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    with pytest.raises(ConnectionError, match=re.escape("nobody answers at http://192.0.2.7:8600")) as caught:
        connect(http_client=httpx2.Client(transport=OddTransport(answer)))
    assert "NO_PROXY=192.0.2.7" in str(caught.value)
