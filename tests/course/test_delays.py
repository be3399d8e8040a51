"""What lesson 05 measures with: the wire, what was seen when, the pictures and tables made from it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic import Anthropic

from tests.kit.calling import new_session
from tests.kit.scripts import going
from utilities import stream_until_end_turn
from utilities.course.lesson05.delays import (
    TimedTurn,
    Watch,
    requests_for,
    what_knowing_costs,
    what_was_visible,
)
from utilities.course.lesson05.wire import Wire
from utilities.course.table import Table
from utilities.replay.ids import parse_time
from utilities.replay.testing import ManagedAgentsApi
from utilities.show.events import moment

# -- the wire -------------------------------------------------------------------------------------------


def test_every_request_is_counted_also_those_that_the_sdk_repeats():
    with ManagedAgentsApi(
        going().recording(), faults="status=429,retry-after=0.01,times=2,on=GET/events"
    ) as api:
        session = new_session(api.client)
        wire = Wire()
        list(wire.tap(api.client).beta.sessions.events.list(session))
    assert [exchange.status for exchange in wire.exchanges] == [429, 429, 200]
    assert wire.requests == 3
    assert {(e.method, e.path) for e in wire.exchanges} == {("GET", f"/v1/sessions/{session}/events")}


def test_bytes_are_those_of_both_directions():
    with ManagedAgentsApi(going().recording()) as api:
        wire = Wire()
        client = wire.tap(api.client)
        raw = client.beta.agents.with_raw_response.create(
            name="n", description="d" * 1000, model="claude-sonnet-4-6"
        )
        [exchange] = wire.exchanges
        heads = sum(len(f"{k}: {v}\r\n") for k, v in raw.headers.items()) + 2
        assert exchange.received == heads + len(raw.http_response.content)
        assert 1000 < exchange.sent < 2500 and wire.bytes == exchange.sent + exchange.received
        client.beta.agents.with_raw_response.create(
            name="n", description="d" * 2000, model="claude-sonnet-4-6"
        )
    assert wire.exchanges[1].sent == exchange.sent + 1000
    assert wire.exchanges[1].received == exchange.received + 1000


def test_a_stream_goes_through_and_can_be_closed_by_the_helper():
    with ManagedAgentsApi(going().recording()) as api:
        session, wire = new_session(api.client), Wire()
        result = stream_until_end_turn(wire.tap(api.client), session, "go", timeout=20)
        api.assert_finished()
    stream = next(exchange for exchange in wire.exchanges if exchange.path.endswith("/stream"))
    assert result.outcome == "end_turn"
    assert stream.received > sum(len(event.to_json()) for event in result.events) / 2
    assert sum(count for _, count in stream.arrivals) == stream.received


def test_what_lies_between_two_times():
    now = iter(range(100))
    with ManagedAgentsApi(going().recording()) as api:
        wire = Wire(clock=lambda: float(next(now)))
        client = wire.tap(api.client)
        for name in ("a", "b"):
            client.beta.agents.create(name=name, model="claude-sonnet-4-6")
    second = wire.exchanges[1]
    assert wire.between(second.at, 100) == (1, second.sent + second.received)
    assert wire.between(0, second.at) == (1, wire.bytes - second.sent - second.received)
    assert wire.between(-2, -1) == (0, 0)


# -- a turn at a pace -----------------------------------------------------------------------------------

CLIENT = Anthropic(api_key="nobody is asked")


def events() -> list[Any]:
    """A message, a call that takes 20 seconds, its result, and the end, as the SDK has them."""
    start = parse_time("2026-11-21T09:00:00Z")
    kinds = {
        "user.message": 0, "span.model_request_start": 0, "agent.tool_use": 2,
        "span.model_request_end": 2, "agent.tool_result": 22, "session.status_idle": 25,
    }  # fmt: skip
    return [
        SimpleNamespace(
            id=kind, type=kind, processed_at=start + timedelta(seconds=second),
            model_request_start_id="span.model_request_start", tool_use_id="agent.tool_use",
        )
        for kind, second in kinds.items()
    ]  # fmt: skip


def watch(way: str, late: float, every: float | None = None, asked: int = 1) -> Watch:
    """One that saw every event so many seconds of the turn late; ten of them pass in one."""
    found = Watch(way, CLIENT, every)
    for event, second in zip(events(), (0, 0, 2, 2, 22, 25), strict=True):
        found.seen[event.id] = 100.0 + (second + late) / 10
    found.wire.exchanges += [
        SimpleNamespace(at=100.0 + n / 10, sent=1, received=1, arrivals=[]) for n in range(asked)
    ]
    return found


TURN = TimedTurn(sent=100.0, speed=10.0, events=events())


def test_the_clock_is_turned_into_seconds_of_the_turn():
    assert TURN.second(101.0) == 10.0
    assert [TURN.happened(event) for event in TURN.events] == [0, 0, 2, 2, 22, 25]
    assert (TURN.seconds, TURN.silence) == (25.0, (2.0, 22.0))
    assert TURN.delays(watch("stream", 0.5)) == pytest.approx([0.5] * 6)
    assert TURN.end_delay(watch("stream", 0.5)) == pytest.approx(0.5)


def test_only_what_was_asked_in_the_silence_counts_as_that():
    """One request a second of the turn from its start on; the silence is from second 2 to 22."""
    assert TURN.in_silence(watch("poll", 1.0, 1.0, asked=25))[0] == 20
    assert TURN.in_silence(watch("stream", 1.0, asked=2)) == (0, 0)


def test_a_watch_remembers_the_first_time_and_says_when_it_begins():
    begun: list[int] = []
    found = Watch("stream", CLIENT, begun=lambda: begun.append(len(found.seen)))
    first, second, *_ = events()
    found(first)
    when = dict(found.seen)
    found(first)
    found(second)
    assert (
        begun == [1] and found.seen[first.id] == when[first.id] and list(found.seen) == [first.id, second.id]
    )
    assert (found.name, Watch("poll", CLIENT, every=2.5).name) == ("stream", "poll 2.5 s")
    assert moment(first) is not None


# -- the pictures ---------------------------------------------------------------------------------------


def all_ways() -> list[Watch]:
    return [watch("stream", 0.1, asked=3), watch("poll", 1.0, 2.0, 13), watch("poll", 7.5, 10.0, 4),
            watch("webhook", 0.3)]  # fmt: skip


def words(picture: Any) -> str:
    return "\n".join(text.get_text() for axes in picture.figure.axes for text in axes.texts)


def test_the_lanes_say_in_words_what_they_show():
    picture = what_was_visible(TURN, all_ways())
    for said in ("25 seconds", "from second 2 to 22", "poll 10 s: news", "7.5 s late, 4 requests"):
        assert said in picture.alt
    assert "20 s without an event" in words(picture) and "7.5 s" in words(picture)
    [axes] = picture.figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "the session", "stream", "poll 2 s", "poll 10 s", "webhook"
    ]  # fmt: skip


def test_the_price_shows_the_mean_of_those_that_polled_and_what_was_expected():
    picture = what_knowing_costs(TURN, [*all_ways(), watch("poll", 2.5, 10.0, 4)])
    assert "poll every 10 s: 4 requests, on average 5.0 s after the end (expected 5.1)" in picture.alt
    assert "stream: 3 requests, 0.1 s after the end" in picture.alt
    for label in ("stream", "webhook", "poll 2 s", "poll 10 s", "interval / 2"):
        assert label in words(picture)
    assert requests_for(TURN, 5.0) == 6.5


@pytest.mark.parametrize("draw", [what_was_visible, what_knowing_costs])
def test_the_same_numbers_make_the_same_picture(draw):
    ways = all_ways()
    assert draw(TURN, ways).png == draw(TURN, ways).png != draw(TURN, ways[:2]).png


def overlapping(picture: Any) -> list[tuple[str, str]]:
    """Words of a picture that lie on top of each other."""
    [axes] = picture.figure.axes
    shown = [text for text in axes.texts if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
    return [(a, b) for n, (a, one) in enumerate(boxes) for b, other in boxes[:n] if one.overlaps(other)]


@pytest.mark.parametrize("draw", [what_was_visible, what_knowing_costs])
def test_no_words_lie_on_each_other(draw):
    assert overlapping(draw(TURN, all_ways())) == []


# -- the table ------------------------------------------------------------------------------------------


def test_a_table_is_readable_as_text_and_escaped_as_html():
    table = Table(
        "Which <one>?", {"stream": {"late": "0.1 s", "kB": 16}, "poll & wait": {"late": "<b>", "kB": 1}}
    )
    assert str(table).split("\n") == [
        "Which <one>?",
        "",
        "             late   kB",
        "stream       0.1 s  16",
        "poll & wait  <b>    1",
    ]
    bundle = table._repr_mimebundle_()
    assert bundle["text/plain"] == str(table)
    page = bundle["text/html"]
    assert "<b>" not in page and "&lt;b&gt;" in page and "poll &amp; wait" in page
    assert ">Which &lt;one&gt;?</caption>" in page
    assert page.count('scope="row"') == 2 and page.count('scope="col"') == 3
