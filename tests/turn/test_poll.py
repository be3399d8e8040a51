"""Polling reads only what is new, comes to the same results as the stream, and keeps to its deadline."""

from time import sleep

import pytest
from anthropic import beta_tool
from anthropic.lib.tools import ToolError

from tests.kit.clocks import Clock
from tests.kit.places import RECORDINGS
from tests.kit.polling import Wire, bit_by_bit, send, two_turns
from tests.kit.serving import POLLING, Posts, Served, each, served
from tests.kit.turn_scripts import a_turn, asking
from utilities import TurnTimeout, poll_until_end_turn
from utilities.replay import Faults, Library
from utilities.replay.http.errors import ApiError
from utilities.replay.resources.sessions import SHORTEST_PAGE
from utilities.replay.testing import ManagedAgentsApi
from utilities.turn.poll import PollPlan

pytestmark = pytest.mark.slow


@pytest.fixture(params=each(POLLING))
def kind(request):
    return request.param


# -- only what is new ------------------------------------------------------------------------------------


@pytest.mark.unsettled
@pytest.mark.parametrize("step", [1, 3])
def test_a_poll_costs_the_same_however_long_the_session_is(step):
    """Counted: requests, events and bytes of a turn, after one of 16 events and after one of 1,506."""
    wires = []
    for before in (10, 1500):
        with served(two_turns(first=before)) as session:
            send(session, "go 0")
            wire = Wire()
            with bit_by_bit(session, step):
                turn = poll_until_end_turn(wire.client(session), session.session_id, "go 1", interval=0.001)
            assert len(turn.events) == 16
            assert len(session.history()) == 16 + before + 6
            wires.append(wire)
    short, long = wires
    assert long.polls == short.polls and len(long.polls) >= 16 // step
    assert (long.events, len(long.asked)) == (short.events, len(short.asked))
    assert not [path for path, *_ in long.asked if path.endswith("/stream")]
    # Nothing but what is new, and what is a second older than the newest that was known.
    assert max(events for events, _ in long.polls) <= step + 7


def test_a_poll_of_a_silent_session_asks_for_one_event_at_most():
    script = a_turn()
    script.events = script.events[:-1]
    with served(script) as session:
        wire = Wire()
        with pytest.raises(TurnTimeout):
            poll_until_end_turn(wire.client(session), session.session_id, "go", interval=0.05, timeout=2.0)
    assert len(wire.polls) > 6
    assert {events for events, _ in wire.polls[-3:]} == {1}  # those of the newest time, which may get more


@pytest.mark.unsettled
def test_a_turn_that_is_taken_over_is_read_once_and_the_session_before_it_is_not():
    with served(two_turns(first=1500)) as session:
        send(session, "go 0")
        send(session, "go 1")
        wire = Wire()
        result = poll_until_end_turn(wire.client(session), session.session_id)
    assert len(result.events) == 16
    asked = [(path.split("/")[-1], events) for path, _, events, _ in wire.asked]
    assert asked == [("events", 100), ("events", 4)]  # and its last second, in which something may come late


@pytest.mark.unsettled
def test_more_new_events_than_a_page_has(kind):
    with served(two_turns(second=1500)) as session:
        send(session, "go 0")
        shown = []
        result = session.follow(kind, "go 1", on_event=shown.append)
        whole = session.history()
    assert [event.id for event in result.events] == [event.id for event in whole[16:]]
    assert shown == result.events


# -- the same as by the stream ---------------------------------------------------------------------------


def results_of(recording, kind):
    """Every turn of a recording: what its client answered, answered again."""
    events = recording.events
    results = {e["custom_tool_use_id"]: e for e in events if e["type"] == "user.custom_tool_result"}
    verdicts = {e["tool_use_id"]: e for e in events if e["type"] == "user.tool_confirmation"}
    calls = {e["id"]: e for e in events if "input" in e}

    def tool(name):
        mine = [id for id in results if calls[id]["name"] == name]

        def answer(**given):
            id = next(id for id in mine if calls[id]["input"] == given)
            mine.remove(id)
            if results[id]["is_error"]:
                raise ToolError(results[id]["content"])
            return results[id]["content"]

        return beta_tool(answer, name=name, input_schema={"type": "object"})

    def confirm(call):
        verdict = next(v for id, v in verdicts.items() if calls[id]["input"] == call.input)
        return verdict["result"] == "allow" or verdict.get("deny_message") or False

    tools = [tool(name) for name in dict.fromkeys(calls[id]["name"] for id in results)]
    with ManagedAgentsApi(recording) as api:
        session = Served(api.server, api.create_session(recording.name))
        messages = [event["content"] for event in events if event["type"] == "user.message"]
        turns = [session.follow(kind, content, tools=tools, confirm=confirm) for content in messages]
        assert [event.id for turn in turns for event in turn.events] == [e.id for e in session.history()]
    assert [turn.outcome for turn in turns] == ["end_turn"] * len(messages)
    return turns


EVERY = Library.load(RECORDINGS).recordings
LONG = [recording for recording in EVERY if len(recording.events) > SHORTEST_PAGE]
SHORT = [recording for recording in EVERY if recording not in LONG]


@pytest.mark.parametrize("recording", SHORT, ids=lambda each: each.name)
def test_every_recording_has_the_same_results_by_polling_as_by_the_stream(recording):
    require_the_same(recording)


@pytest.mark.unsettled
@pytest.mark.parametrize("recording", LONG, ids=lambda each: each.name)
def test_so_has_one_whose_events_may_be_on_several_pages(recording):
    require_the_same(recording)


def require_the_same(recording):
    streamed = results_of(recording, "sync")
    assert streamed == results_of(recording, "poll-sync")
    assert streamed == results_of(recording, "poll-async")
    assert all(turn.usage is not None for turn in streamed)


# -- the session's end, the deadline, a busy service -----------------------------------------------------


@pytest.mark.parametrize(("last", "outcome"), [("idle", "end_turn"), ("message", "terminated")])
def test_a_session_that_was_archived_meanwhile(kind, last, outcome):
    """The status says terminated; how the turn ended before that, the history says, if it does."""
    script = a_turn()
    script.events = script.events if last == "idle" else script.events[:4]
    with served(script) as session, bit_by_bit(session):
        end = session.only_the_status_knows("user.message")
        result = session.follow(kind, "go", on_event=end, quiet=0.1, timeout=10)
    assert result.outcome == outcome


def test_a_session_that_is_deleted_meanwhile(kind):
    def delete(event):
        if event.type == "user.message":
            session.delete()

    with served(a_turn()) as session, bit_by_bit(session):
        result = session.follow(kind, "go", on_event=delete, timeout=10)
    assert (result.outcome, result.events[-1].type) == ("deleted", "user.message")


@pytest.mark.unsettled
def test_many_slow_pages_do_not_outlast_the_deadline(kind):
    """Each comes within the time that is left, all of them don't."""

    def slow(log, happened):
        sleep(0.2)
        return log

    with served(two_turns(second=2000)) as session:
        send(session, "go 0")
        send(session, "go 1")
        with bit_by_bit(session, 1, slow), pytest.raises(TurnTimeout) as caught:
            session.follow(kind, timeout=0.5)
    assert caught.value.seconds < 2.0  # of four
    assert caught.value.sent == "yes"


def test_there_is_a_last_look_at_the_deadline(kind):
    with served(a_turn()) as session:
        assert session.follow(kind, "go", interval=600.0, timeout=1.0).outcome == "end_turn"


def test_there_is_a_last_look_at_the_deadline_of_a_later_turn(kind):
    with served(two_turns()) as session:
        send(session, "go 0")
        assert session.follow(kind, "go 1", interval=600.0, timeout=1.0).outcome == "end_turn"


def test_a_verdict_whose_response_was_lost_is_not_given_twice_while_it_waits(kind):
    """It is in the history without its time; whether the API would take a second one isn't known."""
    asked = 0

    def view(log, happened):
        nonlocal asked
        verdict = [event for event in log if event["type"] == "user.tool_confirmation"]
        asked += bool(verdict)
        if not verdict or asked > 3:
            return log
        return [*log[: log.index(verdict[0])], {**verdict[0], "processed_at": None}]

    with served(*asking(("allow", {})), posts=Posts(lose=1)) as session:
        with bit_by_bit(session, 1, view):
            result = session.follow(kind, "go", confirm=lambda call: True)
        assert result.text == "allow it is"
        assert len(session.posts.events_posts) == 2


def test_a_busy_service_is_asked_again_when_it_wants_to_be_and_else_after_the_interval():
    reads = 0

    def view(log, happened):
        nonlocal reads
        reads += 1
        if reads in (4, 5):
            raise ApiError(529, "busy")
        return log[:happened]

    busy = Faults("status=429,retry-after=7.5,times=2,on=GET/events")
    with served(a_turn(), faults=busy) as session, bit_by_bit(session, 3, view):
        clock = Clock("poll_until_end_turn", session.client())
        plan = PollPlan(session.session_id, "go", 600.0, retries=5, clock=lambda: clock.now)
        result = clock.run(plan.steps())
    assert result.outcome == "end_turn"
    assert clock.waited == (7.5, 7.5, *[2.0] * 3, 0.5, 1.0, *[2.0] * (len(clock.waited) - 8), 1.0)


# -- mistakes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [0, -1, float("inf")])
def test_an_interval_that_is_none_is_told(kind, interval):
    with served(a_turn()) as session:
        with pytest.raises(ValueError, match=f"interval must be .* not {interval}"):
            session.follow(kind, "go", interval=interval)
        assert session.history() == []
