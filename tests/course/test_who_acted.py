"""Who acted, and what may be asserted of it."""

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.odd_answers import Hosted
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities.course import expect_move, provenance
from utilities.course.who_acted import replays


@pytest.fixture
def hosted(session):
    http = httpx2.Client(transport=Hosted())
    with Anthropic(api_key="x", base_url=session.server.base_url, http_client=http) as client:
        yield client


@pytest.fixture
def session():
    script = Script("06_a")
    script.message("go")
    script.idle()
    with served(script) as session:
        yield session


def test_the_agent_of_a_recording_is_named(session):
    assert provenance(session.client(), session.session_id) == "agent (scripted 06_a)"
    assert provenance(session.async_client(), session.session_id) == "agent (scripted 06_a)"


def test_a_move_is_asserted_on_recordings(session):
    expect_move(session.client(), "the agent looked it up", True)
    with pytest.raises(AssertionError, match="expected on recordings: the agent looked it up"):
        expect_move(session.client(), "the agent looked it up", False)
    assert replays(AsyncAnthropic(api_key="x", base_url=session.server.base_url))


def test_live_a_move_is_told(session, hosted, capsys):
    expect_move(hosted, "the agent looked it up", False)
    assert capsys.readouterr().out == "not this time: the agent looked it up\n"
    assert provenance(hosted, session.session_id) == "agent (live)"
