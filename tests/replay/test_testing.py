"""`ManagedAgentsApi`: what happened on the server, and whether all that was recorded was played."""

import pytest

from tests.kit.calling import SAY_GO, new_session
from tests.kit.recordings import Script
from tests.kit.scripts import asking
from tests.kit.sessions import confirm, message
from utilities.replay.testing import ManagedAgentsApi


def api_on(*scripts, **options):
    return ManagedAgentsApi([script.recording() for script in scripts], **options)


def test_finished_means_every_session_to_its_end():
    with api_on(two_turns()) as api:
        with pytest.raises(AssertionError, match="no request came: is the program's client made at import"):
            api.assert_finished()
        api.client.beta.agents.list()
        with pytest.raises(AssertionError, match="no session was created .* GET /v1/agents 200"):
            api.assert_finished()
        session = new_session(api.client)
        with pytest.raises(
            AssertionError, match="event 3 of 12 with user.message 'go', which was never sent"
        ):
            api.assert_finished()
        api.client.beta.sessions.events.send(session, **SAY_GO)
        with pytest.raises(AssertionError, match="user.message 'more', which was never sent"):
            api.assert_finished()
        api.client.beta.sessions.events.send(session, events=[message("more")])
        api.assert_finished()
        new_session(api.client)
        with pytest.raises(AssertionError, match="goes on at event 3"):
            api.assert_finished()


def test_a_session_on_a_recording_is_followed_whatever_it_has():
    """For code that gets its session from outside: agent and environment are the recorded ones."""
    left, right = asking("left", "allow"), asking("right", "deny")
    for script in (left, right):
        script.header = {"agent": {"name": "tester", "model": "claude-sonnet-4-6", "system": script.name}}
        script.header["agent"]["tools"] = [{"type": "custom", "name": "lookup"}]  # and no more is said of it
        script.header |= {"files": [{"mount_path": "/mnt/session/uploads/a", "size": 1}]}
    with api_on(left, right) as api:
        session = api.create_session("right", title="mine")
        created = api.client.beta.sessions.retrieve(session)
        assert (created.title, created.agent.system) == ("mine", "right")
        api.client.beta.sessions.events.send(session, events=[message("clean up")])
        (played,) = api.sessions
        assert (played.id, played.recording) == (session, "right")
        with pytest.raises(ValueError, match="there is no recording 'up'; there are left, right"):
            api.create_session("up")


def two_turns(name="two turns", turns=("go", "more")):
    script = Script(name)
    for text in turns:
        script.message(text)
        script.idle()
    return script


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_recordings_that_open_alike_one_is_enough(names):
    short, long = two_turns(names[0], ("go",)), two_turns(names[1])
    with api_on(short, long) as api:
        api.client.beta.sessions.events.send(new_session(api.client), **SAY_GO)
        api.assert_finished()


def test_a_recording_that_begins_with_the_client():
    script = Script()
    script.event("user.message", content=message("go")["content"])
    script.idle()
    with api_on(script) as api:
        new_session(api.client)
        with pytest.raises(
            AssertionError, match="at event 1 of 4 with user.message 'go', which was never sent"
        ):
            api.assert_finished()


def test_an_agent_that_is_not_done_is_not_finished():
    with api_on(two_turns(turns=("go",)), speed=1e-9) as api:
        api.client.beta.sessions.events.send(new_session(api.client), **SAY_GO)
        with pytest.raises(AssertionError, match="not played yet"):
            api.assert_finished()


def test_a_verdict_is_an_answer_too():
    with api_on(asking("1-approve", "allow"), asking("2-deny", "deny")) as api:
        session, events = new_session(api.client), api.client.beta.sessions.events
        events.send(session, events=[message("clean up")])
        call = next(event.id for event in events.list(session) if event.type == "agent.tool_use")
        events.send(session, events=[confirm(call, "deny")])
        (played,) = api.sessions
        assert played.answers == [("bash", "deny")]
        assert (played.recording, played.status, played.missing) == ("2-deny", "idle", None)


def test_what_was_not_recorded_can_be_asserted():
    with api_on(two_turns()) as api:
        session = new_session(api.client)
        api.assert_recorded()
        with pytest.raises(Exception, match="unrecorded"):
            api.client.beta.sessions.events.send(session, events=[message("stop")])
        with pytest.raises(AssertionError, match="it has 'go' where you sent 'stop'"):
            api.assert_recorded()
        assert [exchange.status for exchange in api.unrecorded] == [400]


@pytest.mark.parametrize(
    ("faults", "never"),
    [
        ("drop=99", "drop=99"),
        ("status=500,on=DELETE/agents", "status=500,on=DELETE/agents"),
        ("terminate,after=50", "terminate"),
        ("repeat settle=1 drop=1", None),  # the first two hold all the time
    ],
)
def test_finished_tells_a_fault_that_never_happened(faults, never):
    with api_on(two_turns(turns=("go",)), faults=faults) as api:
        session = new_session(api.client)
        with api.client.beta.sessions.events.stream(session) as stream:
            api.client.beta.sessions.events.send(session, **SAY_GO)
            next(iter(stream))
        if never is None:
            api.assert_finished()
        else:
            with pytest.raises(AssertionError, match=f"the fault {never} never happened: nothing came"):
                api.assert_finished()
