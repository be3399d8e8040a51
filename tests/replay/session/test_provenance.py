"""The header `x-replay-recording`: whose moves an agent makes, on all that is answered about its session."""

import pytest

from tests.kit.recordings import Script
from tests.kit.serving import served

HEADER = "x-replay-recording"


def script(name, text="go", **header):
    one = Script(name)
    one.message(text)
    one.idle()
    one.header = header
    return one


@pytest.mark.rule(
    "answers about a session name the recording that its agent follows, in the header `x-replay-recording`",
    topic="replay",
    evidence="ours",
)
def test_it_is_on_what_is_listed_sent_retrieved_and_streamed():
    with served(script("06_a")) as session:
        id, sessions = session.session_id, session.client().beta.sessions
        with sessions.events.with_streaming_response.stream(id) as stream:
            assert stream.headers[HEADER] == "scripted 06_a"
        go = {"type": "user.message", "content": [{"type": "text", "text": "go"}]}
        for answer in (
            sessions.events.with_raw_response.send(id, events=[go]),
            sessions.events.with_raw_response.list(id),
            sessions.with_raw_response.retrieve(id),
        ):
            assert answer.headers[HEADER] == "scripted 06_a"
        assert HEADER not in session.client().beta.agents.with_raw_response.list().headers


def test_an_exported_session_says_when_and_with_which_model():
    live = script("06_a", provenance="live", recorded_at="2027-02-03T09:00:00Z")
    with served(live) as session:
        answer = session.client().beta.sessions.with_raw_response.retrieve(session.session_id)
        assert answer.headers[HEADER] == "live, 2027-02-03, claude-sonnet-4-6"


@pytest.mark.parametrize(
    ("second", "before", "after"),
    [
        ({}, "scripted", "scripted 06_b"),
        ({"provenance": "live"}, None, "live, 2026-11-21, claude-sonnet-4-6"),
    ],
)
def test_while_several_agree_it_is_what_they_have_in_common(second, before, after):
    with served(script("06_a", "one"), script("06_b", "two", **second)) as session:
        id, sessions = session.session_id, session.client().beta.sessions
        assert sessions.with_raw_response.retrieve(id).headers.get(HEADER) == before
        two = {"type": "user.message", "content": [{"type": "text", "text": "two"}]}
        assert sessions.events.with_raw_response.send(id, events=[two]).headers[HEADER] == after
