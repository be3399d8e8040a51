"""Polling asks by time: nothing is lost or repeated, however late, timeless or crowded events are listed."""

from time import monotonic

import pytest

from tests.kit.calling import Caller
from tests.kit.polling import bit_by_bit, send, two_turns
from tests.kit.serving import POLLING, each, served
from tests.kit.turn_scripts import a_turn, types

pytestmark = pytest.mark.slow


@pytest.fixture(params=each(POLLING))
def kind(request):
    return request.param


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
    script.event("session.error", after=5.0)  # longer than what is read again anyway
    reads = 0

    def view(log, happened):
        nonlocal reads
        reads += happened == len(log)
        return [e for n, e in enumerate(log[:happened]) if reads > 9 or n != 16 + 3 + 5]

    with served(script) as session:
        assert followed(session, kind, view, quiet=0.3, timeout=10.0).outcome == "end_turn"


def test_a_services_clock_that_goes_back_strands_nothing(kind):
    """All after our message has a time of two hours before it: no read by time brings it."""

    def back(event):
        return {**event, "processed_at": f"2020-{event['processed_at'][5:]}"}

    def view(log, happened):
        return [event if n < 16 + 2 else back(event) for n, event in enumerate(log[:happened])]

    with served(two_turns(second=1)) as session:
        send(session, "go 0")
        with bit_by_bit(session, 1, view):
            result = session.follow(kind, "go 1", interval=0.001, quiet=0.2)
    assert (result.outcome, result.text) == ("end_turn", "working on it")


def test_what_is_listed_after_the_end_though_it_came_before_it_is_not_lost(kind):
    """The agent's last message, which the list that has the idle for the first time doesn't have yet."""
    ends = 0

    def view(log, happened):
        nonlocal ends
        ends += happened == 16 + 7
        return [event for n, event in enumerate(log[:happened]) if ends > 1 or n != 16 + 3]

    with served(two_turns(second=1)) as session:
        result = followed(session, kind, view)
    assert types(result.events)[-3:] == ["session.usage", "agent.message", "session.status_idle"]


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


# -- what it rests on ------------------------------------------------------------------------------------


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
