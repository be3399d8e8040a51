"""Polling reads only what is new, however late it is listed; a process that dies is replaced by another."""

import os
import signal
import subprocess
import sys
from collections import Counter
from time import monotonic, sleep

import pytest
from anthropic import beta_tool
from anthropic.lib.tools import ToolError

from tests.kit.calling import Caller
from tests.kit.places import RECORDINGS, ROOT
from tests.kit.polling import Wire, bit_by_bit, send, two_turns
from tests.kit.serving import POLLING, Posts, Served, healthy, served
from tests.kit.turn_scripts import a_turn, asking, parallel_calls
from utilities import TurnTimeout, poll_until_end_turn
from utilities.replay import Faults, Library, ReplayServer
from utilities.replay.http.errors import ApiError
from utilities.turn.drive import Sync
from utilities.turn.plan import Pause
from utilities.turn.poll import PollPlan


@pytest.fixture(params=POLLING)
def kind(request):
    return request.param


# -- only what is new --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 3])
def test_a_poll_costs_the_same_however_long_the_session_is(step):
    """Counted: requests, events and bytes of a turn, after one of 16 events and after one of 5,006."""
    wires = []
    for before in (10, 5000):
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


def test_a_turn_that_is_taken_over_is_read_once_and_the_session_before_it_is_not():
    with served(two_turns(first=3000)) as session:
        send(session, "go 0")
        send(session, "go 1")
        wire = Wire()
        result = poll_until_end_turn(wire.client(session), session.session_id)
    assert len(result.events) == 16
    assert [(path.split("/")[-1], events) for path, _, events, _ in wire.asked] == [("events", 100)]


def test_more_new_events_than_a_page_has(kind):
    with served(two_turns(second=2500)) as session:
        send(session, "go 0")
        shown = []
        result = session.follow(kind, "go 1", on_event=shown.append)
        whole = session.history()
    assert [event.id for event in result.events] == [event.id for event in whole[16:]]
    assert shown == result.events


# -- times ---------------------------------------------------------------------------------------------


def followed(session, kind, view, *, timeless=False, **options):
    """A second turn, bit by bit; all of it is shown, each event once, and nothing of the first."""
    send(session, "go 0")
    before = len(session.history())
    shown = []
    with bit_by_bit(session, 1, view, timeless):
        result = session.follow(kind, "go 1", on_event=shown.append, interval=0.001, **options)
    whole = [event.id for event in session.history()[before:]]
    assert sorted(event.id for event in shown) == sorted(whole)
    assert sorted(event.id for event in result.events) == sorted(whole)
    return result


def test_events_of_the_same_time_are_not_lost(kind):
    """A clock that only knows tens of seconds, so that many events have the time of the newest known."""

    def coarse(log, happened):
        return [{**e, "processed_at": e["processed_at"][:18] + "0.000000Z"} for e in log[:happened]]

    with served(two_turns(second=25)) as session:
        assert followed(session, kind, coarse).outcome == "end_turn"


def late_by(reads, place):
    """The event at this place is listed so many reads after its time."""

    def view(log, happened):
        return [e for number, e in enumerate(log[:happened]) if number != place or happened > place + reads]

    return view


def test_an_event_that_is_listed_after_later_ones_is_not_lost(kind):
    script = two_turns(second=1)
    script.events = script.events[:-3]
    for command in ("ls", "pwd"):
        script.builtin_result(script.builtin(command=command))
    script.idle()
    with served(script) as session:
        assert followed(session, kind, late_by(2, place=16 + 4)).outcome == "end_turn"  # µs before its result


def test_a_first_turns_first_event_may_be_listed_late_too(kind):
    shown = []
    with served(a_turn()) as session:
        with bit_by_bit(session, 1, late_by(2, place=0)):
            result = session.follow(kind, "go", on_event=shown.append, interval=0.001)
        assert sorted(event.id for event in shown) == sorted(event.id for event in session.history())
    assert result.outcome == "end_turn"


def test_an_event_that_is_listed_late_by_the_clock_is_not_lost_however_short_the_interval(kind):
    """Reads bring nothing new for a while, and then one with a much later time."""
    script = two_turns(second=1)
    script.events = script.events[:-3]
    for command in ("ls", "pwd"):
        script.builtin_result(script.builtin(command=command))
    script.say("much later", after=5.0)
    script.idle()
    late, since = 16 + 4, 0.0

    def view(log, happened):
        nonlocal since
        if happened <= late + 2:
            return [event for number, event in enumerate(log[:happened]) if number != late]
        since = since or monotonic()
        if monotonic() - since < 0.2:
            return [event for number, event in enumerate(log[: late + 2]) if number != late]
        return log[: late + 2] if monotonic() - since < 0.6 else log[:happened]

    with served(script) as session:
        assert followed(session, kind, view).outcome == "end_turn"


def test_the_idle_of_the_turn_before_may_be_listed_after_our_message(kind):
    """It is older than our message, so it is not its end."""
    with served(two_turns()) as session:
        send(session, "go 0")
        with bit_by_bit(session, 1, late_by(4, place=15)):
            result = session.follow(kind, "go 1", interval=0.001)
        assert [event.id for event in result.events] == [event.id for event in session.history()[16:]]


def test_an_event_that_is_listed_very_late_is_found_when_there_is_silence(kind):
    """The idle, long after an error that was processed after it: nothing else could end the turn."""
    script = two_turns(second=3)
    script.event("session.error", after=0.5)
    reads = 0

    def view(log, happened):
        nonlocal reads
        reads += happened == len(log)
        return [e for n, e in enumerate(log[:happened]) if reads > 9 or n != 16 + 3 + 5]

    with served(script) as session:
        assert followed(session, kind, view, quiet=0.3, timeout=10.0).outcome == "end_turn"


@pytest.mark.parametrize("timeless", [False, True])
def test_a_message_that_is_listed_without_its_time_first(kind, timeless):
    """It waits with `processed_at` null while others are processed; then it has its time, and its place."""

    def view(log, happened):
        ours = 16 + 2  # behind the running pair
        if not ours < happened <= ours + 3:
            return log[:happened]
        return [*log[:ours], *log[ours + 1 : happened], {**log[ours], "processed_at": None}]

    with served(two_turns()) as session:
        assert all(event.processed_at for event in followed(session, kind, view, timeless=timeless).events)


# -- the same as by the stream -------------------------------------------------------------------------


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
    with ReplayServer(Library([recording]), strict=True) as server:
        client = healthy(server)
        agent = client.beta.agents.create(**recording.header["agent"])
        environment = client.beta.environments.create(**recording.header["environment"])
        session = Served(
            server, client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id
        )
        messages = [event["content"] for event in events if event["type"] == "user.message"]
        turns = [session.follow(kind, content, tools=tools, confirm=confirm) for content in messages]
        assert [event.id for turn in turns for event in turn.events] == [e.id for e in session.history()]
    assert [turn.outcome for turn in turns] == ["end_turn"] * len(messages)
    return turns


@pytest.mark.parametrize("recording", Library.load(RECORDINGS).recordings, ids=lambda each: each.name)
def test_every_recording_has_the_same_results_by_polling_as_by_the_stream(recording):
    streamed = results_of(recording, "sync")
    assert streamed == results_of(recording, "poll-sync")
    assert streamed == results_of(recording, "poll-async")
    assert all(turn.usage is not None for turn in streamed)


# -- a process that dies -------------------------------------------------------------------------------

# Follows a session, keeps a diary, and stops where it is told to, to be killed there.
PROGRAM = """
import sys, time
from pathlib import Path
from anthropic import Anthropic, Middleware, beta_tool
from utilities import poll_until_end_turn

url, session, diary, stop = sys.argv[1:5]
message = sys.argv[5] if len(sys.argv) > 5 else None

def note(line):
    with open(diary, "a") as file:
        print(line, file=file)
    if line == stop:
        with open(diary, "a") as file:
            print("stopped", file=file)
        time.sleep(600)

@beta_tool
def work(name: str) -> str:
    '''Work.'''
    note(f"called {name}")
    paid = Path(f"{diary}.{name}")  # what makes it safe to run twice: it sees that it has run
    if not paid.exists():
        paid.touch()
        note(f"paid {name}")
    return f"{name} ok"

class Posts(Middleware):
    count = 0

    def handle(self, request, call_next):
        response = call_next(request)
        if request.method.upper() == "POST":
            self.count += 1
            note(f"response {self.count}")
        return response

def show(event):
    note(event.type)

client = Anthropic(api_key="x", base_url=url, middleware=[Posts()])
result = poll_until_end_turn(
    client, session, message, tools=[work], on_event=show, interval=0.02, timeout=30
)
note(f"{result.outcome}: {result.text}")
"""


def program(session, diary, stop, *message):
    arguments = [session.server.base_url, session.session_id, str(diary), stop, *message]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env=environment)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are not killed like this here")
@pytest.mark.parametrize(
    ("stop", "runs"),
    [
        # The call waits, and nobody has begun it.
        ("session.status_idle", {"a": 1, "b": 1}),
        # The session has the answer to `a`; the process dies before it can know.
        ("response 2", {"a": 1, "b": 1}),
        # `a` is answered. `b` is at work: it has had its effect, and will never be answered.
        ("paid b", {"a": 1, "b": 2}),
    ],
)
def test_a_process_that_is_killed_is_replaced_by_another_that_knows_the_session_id(stop, runs, tmp_path):
    diary = tmp_path / "diary"
    diary.touch()

    def lines():
        return diary.read_text("utf-8").splitlines()

    with served(parallel_calls(["a"], ["b"])) as session:
        first = program(session, diary, stop, "go")
        try:
            deadline = monotonic() + 60
            while "stopped" not in lines() and first.poll() is None and monotonic() < deadline:
                sleep(0.01)
            assert lines()[-2:] == [stop, "stopped"]
        finally:
            first.kill()
        assert first.wait(10) == -signal.SIGKILL
        second = program(session, diary, "nowhere")
        try:
            assert second.wait(60) == 0
        finally:
            second.kill()
        sent = Counter(event.type for event in session.history())
    assert lines()[-1] == "end_turn: all done"
    assert {name: lines().count(f"called {name}") for name in "ab"} == runs
    assert {name: lines().count(f"paid {name}") for name in "ab"} == {"a": 1, "b": 1}
    assert (sent["user.message"], sent["user.custom_tool_result"]) == (1, 2)


# -- the session's end, the deadline, a busy service ------------------------------------------------------


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
        assert session.follow(kind, "go", interval=600.0, timeout=0.2).outcome == "end_turn"


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


class Clock(Sync):
    """What is waited for has passed."""

    now = 0.0

    def do(self, step):
        if not isinstance(step, Pause):
            return super().do(step)
        self.waited = [*getattr(self, "waited", []), step.seconds]
        self.now += step.seconds


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
    assert clock.waited == [7.5, 7.5, *[2.0] * 3, 0.5, 1.0, *[2.0] * (len(clock.waited) - 7)]


# -- mistakes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", [0, -1, float("inf")])
def test_an_interval_that_is_none_is_told(kind, interval):
    with served(a_turn()) as session:
        with pytest.raises(ValueError, match=f"interval must be .* not {interval}"):
            session.follow(kind, "go", interval=interval)
        assert session.history() == []


# -- what it rests on -------------------------------------------------------------------------------------


@pytest.mark.rule(
    "a session's events are ordered and filtered by `processed_at`: one that waited is listed by the time of "
    "its processing, not of its sending",
    topic="lists",
    evidence="sdk",
    source="event_list_params.py",
)
@pytest.mark.rule(
    "an event without `processed_at` is in no time range",
    topic="lists",
    evidence="ours",
    note="the documentation doesn't say; polling is right with or without it",
)
def test_an_event_that_waited_is_listed_by_the_time_of_its_processing():
    script = two_turns()
    call = Caller(script, speed=1.0)
    path = f"/sessions/{call.session()['id']}/events"
    first, second = (
        {"type": "user.message", "content": [{"type": "text", "text": text}]} for text in ("go 0", "go 1")
    )
    call.post(path, {"events": [first]})
    call.now = 5.0
    newest = call.get(path)["data"][-1]["processed_at"]
    [waits] = call.post(path, {"events": [second]})["data"]
    assert waits["processed_at"] is None
    assert [event["processed_at"] for event in call.get(path, **{"created_at[gte]": newest})["data"]] == [
        newest
    ]
    for call.now in (100.0, 200.0):  # the end of the first turn, that of the second
        call.get(path)
    found = call.get(path, **{"created_at[gte]": newest})["data"]
    times = [event["processed_at"] for event in found]
    assert times == sorted(times)
    place = [event["id"] for event in found].index(waits["id"])
    assert "session.status_idle" in [event["type"] for event in found[:place]]  # of the turn before
