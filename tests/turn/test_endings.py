"""Every way a turn can end, whichever helper follows it."""

import pytest
from anthropic import beta_tool

from tests.kit.polling import send
from tests.kit.recordings import Script
from tests.kit.serving import healthy, served
from tests.kit.turn_scripts import a_turn, types
from utilities import TurnError, TurnTimeout, stream_until_end_turn
from utilities.replay import Faults


@pytest.mark.parametrize(
    "reason", ["end_turn", "retries_exhausted", "budget_reached", "refusal", "a_reason_from_next_year"]
)
def test_every_stop_reason_ends_the_turn_under_its_own_name(kind, reason):
    with served(a_turn(reason)) as session:
        result = session.follow(kind, "go")
    assert result.outcome == result.stop_reason.type == reason
    assert result.text == "working on it\n\ndone"
    if reason == "end_turn":
        assert result.raise_for_outcome() is result
    else:
        with pytest.raises(TurnError, match=f"{session.session_id} stopped with {reason}"):
            result.raise_for_outcome()


def test_a_refusal_says_why(kind):
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    with served(a_turn("refusal", stop_details=details)) as session:
        result = session.follow(kind, "go")
    assert result.stop_details.category == "cyber"


@pytest.mark.parametrize("last", ["session.status_terminated", "session.deleted"])
def test_the_end_of_the_session_ends_the_turn(kind, last):
    script = Script()
    script.message("go")
    script.event(last)
    with served(script) as session:
        assert session.follow(kind, "go").outcome == last.rsplit("_")[-1].rsplit(".")[-1]


def test_an_action_that_nobody_takes_is_an_outcome_not_a_hang(kind):
    script = Script()
    script.message("go")
    call = script.custom("decide", what="lunch")
    script.idle("requires_action", [call])
    script.custom_result(call, "soup")
    script.running()
    script.say("soup it is")
    script.idle()
    with served(script) as session:
        result = session.follow(kind, "go")
        assert result.outcome == "requires_action"
        assert result.pending == [result.tool_calls[0].event.id]
        assert result.tool_calls[0].result is None
        with pytest.raises(TurnError, match=f"answer {result.pending[0]}"):
            result.raise_for_outcome()

        @beta_tool
        def decide(what: str) -> str:
            """Decide.

            Args:
                what: about what.
            """
            return {"lunch": "soup"}[what]

        resumed = session.follow(kind, tools=[decide])  # any process can take over with the id
    assert resumed.outcome == "end_turn"
    assert resumed.tool_calls[0].text == "soup"


def test_a_requires_action_that_names_no_call_does_not_wait_for_the_deadline(kind):
    script = Script()
    script.message("go")
    script.idle("requires_action", [])
    with served(script) as session:
        result = session.follow(kind, "go", timeout=5)
        assert (result.outcome, result.pending) == ("requires_action", [])
        assert session.follow(kind, timeout=5).outcome == "requires_action"


@pytest.mark.parametrize(
    ("retry", "ending", "outcome"),
    [
        ("retrying", "idle", "end_turn"),
        ("exhausted", "idle", "retries_exhausted"),
        ("terminal", "terminated", "terminated"),
    ],
)
def test_session_errors_are_told_apart(kind, retry, ending, outcome):
    script = Script()
    script.message("go")
    script.error(retry)
    if ending == "idle":
        script.idle(outcome)
    else:
        script.event("session.status_terminated")
    with served(script) as session:
        result = session.follow(kind, "go")
    assert result.outcome == outcome
    assert [event.error.retry_status.type for event in result.errors] == [retry]


def test_an_error_event_without_an_error_does_not_hide_the_outcome(kind):
    script = Script()
    script.message("go")
    script.event("session.error")
    script.idle("retries_exhausted")
    with served(script) as session:
        result = session.follow(kind, "go")
    with pytest.raises(TurnError, match="retries_exhausted"):
        result.raise_for_outcome()


def test_another_threads_idle_is_not_the_sessions(kind):
    script = Script()
    script.message("go")
    for reason in ("end_turn", "retries_exhausted"):
        stop = {"type": reason}
        script.event(
            "session.thread_status_idle", session_thread_id="sthr_2", agent_name="x", stop_reason=stop
        )
    script.say("still here")
    script.idle()
    with served(script) as session:
        assert session.follow(kind, "go").text == "still here"


def test_unknown_events_are_shown_and_do_no_harm(kind):
    script = Script()
    script.message("go")
    script.event("agent.telepathy", strength=3)
    script.idle()
    with served(script) as session:
        result = session.follow(kind, "go")
    assert "agent.telepathy" in types(result.events)
    assert result.outcome == "end_turn"


# -- where it begins and ends, in a session that has others ------------------------------------------


def test_a_turn_that_was_over_before_it_was_followed(kind):
    with served(a_turn()) as session:
        send(session, "go")
        result = session.follow(kind)
        assert result.outcome == "end_turn"
        assert result.events == session.history()


def test_only_the_last_turn_is_returned(kind):
    script = a_turn()
    script.message("and now")
    script.say("second")
    script.idle()
    with served(script) as session:
        session.follow(kind, "go")
        assert session.follow(kind, "and now").text == "second"
        assert session.follow(kind).text == "second"


def test_a_message_that_waits_for_the_turn_before_it(kind):
    script = a_turn()
    script.message("and now")
    script.say("second")
    script.idle()
    with served(script, speed=20) as session:
        send(session, "go")
        result = session.follow(kind, "and now")
        assert (result.outcome, result.text) == ("end_turn", "second")
        assert result.events == session.history()[len(a_turn().events) :]


# -- silence, and the deadline ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_terminal_error_without_a_last_word_ends_promptly(kind):
    script = Script()
    script.message("go")
    script.error("terminal")
    with served(script) as session:
        end = session.only_the_status_knows("session.error")
        assert session.follow(kind, "go", on_event=end, timeout=10).outcome == "terminated"


def test_silence_makes_the_connection_doubtful(kind):
    script = Script()
    script.message("go")
    script.say("and then nothing")
    with served(script) as session:
        end = session.only_the_status_knows("agent.message")
        assert session.follow(kind, "go", on_event=end, quiet=0.1, timeout=10).outcome == "terminated"


def test_the_deadline_says_what_it_waited_for_and_loses_nothing(kind):
    script = a_turn()
    script.events = script.events[:-1]  # it never becomes idle
    with served(script) as session:
        told = f"{session.session_id}.*last event was session.usage"
        with pytest.raises(TimeoutError, match=told) as caught:
            session.follow(kind, "go", timeout=0.8)  # time enough to read the turn
        assert isinstance(caught.value, TurnTimeout)
        assert caught.value.seconds >= 0.8
        assert caught.value.last_event.type == "session.usage"
        assert [event.id for event in caught.value.events] == [event.id for event in session.history()]
        assert caught.value.sent == "yes"
        with pytest.raises(TurnTimeout) as caught:
            session.follow(kind, timeout=0.3)
        assert caught.value.sent == "yes"


@pytest.mark.parametrize(("request_", "sent"), [("GET/events", "no"), ("POST/events", "perhaps")])
def test_a_deadline_says_whether_the_message_was_sent(kind, request_, sent):
    """Whoever is told to go on with message=None would be given the turn before, as a success."""
    script = a_turn()
    script.message("again")
    script.say("second")
    script.idle()
    with served(script, faults=Faults(f"hang,times=9,on={request_}")) as session:
        client = healthy(session.server)
        first = stream_until_end_turn(client, session.session_id, "go")
        with pytest.raises(TurnTimeout) as caught:
            session.follow(kind, "again", timeout=0.4)
        assert (caught.value.sent, caught.value.events) == (sent, [])
        assert stream_until_end_turn(client, session.session_id).text == first.text
        assert stream_until_end_turn(client, session.session_id, "again").text == "second"
