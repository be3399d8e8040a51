"""What it accepts is handled: each session by one call at a time, whatever comes twice or out of order."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.kit.calling import new_session
from tests.kit.receiving import GOOD, IDLED, Calls, payload, post, signed, statuses
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET, hooked
from utilities import WebhookReceiver, serving, stream_until_end_turn
from utilities.webhook import FAILURES

pytestmark = pytest.mark.slow

# -- from the turn on the server to the handler ----------------------------------------------------


def test_the_handler_reads_what_the_stream_has_seen(door):
    read = Calls(lambda session, types: stream_until_end_turn(client, session, timeout=20))
    receiver = WebhookReceiver(SECRET, read, types={IDLED})
    with door(receiver) as url, hooked(url) as client:
        session = new_session(client)
        seen = stream_until_end_turn(client, session, "go", timeout=20)
        wait_for(lambda: read.results)
        (result,) = read.results
    assert read.all == [(session, (IDLED,))]
    assert (result.outcome, result.text) == (seen.outcome, seen.text) == ("end_turn", "half way\n\ndone")
    assert [event.id for event in result.events] == [event.id for event in seen.events]


def test_a_webhook_before_the_streams_idle_says_nothing_about_the_end():
    """It comes in the middle of the turn, says `idled` and is signed as it should be."""

    def read(session, types):
        history.append([event.type for event in client.beta.sessions.events.list(session)])
        return stream_until_end_turn(client, session, timeout=20)

    def hurry(event):
        if event.type == "agent.message" and not history:
            assert post(url, payload("too_early", session)).status_code == 202
            wait_for(lambda: history)

    calls, history = Calls(read), []
    receiver = WebhookReceiver(SECRET, calls, types={IDLED})
    with serving(receiver) as url, hooked(url, speed=5.0) as client:  # two seconds
        session = new_session(client)
        seen = stream_until_end_turn(client, session, "go", on_event=hurry, timeout=20)
        wait_for(lambda: len(calls.results) == 2)  # the early one's, and that of the turn's end
    assert "agent.message" in history[0] and "session.status_idle" not in history[0]
    for result in calls.results:
        assert result.outcome == "end_turn"
        assert [event.id for event in result.events] == [event.id for event in seen.events]


def test_twice_and_out_of_order_makes_no_difference(caplog):
    caplog.set_level("DEBUG", "utilities.webhook")
    read = Calls(lambda session, types: stream_until_end_turn(client, session, timeout=20).text)
    with (
        serving(WebhookReceiver(SECRET, read, types={IDLED})) as url,
        hooked(url, twice=True, out_of_order=True) as client,
    ):
        sessions = [new_session(client), new_session(client)]
        for session in sessions:
            stream_until_end_turn(client, session, "go", timeout=20)
        wait_for(lambda: len(read.results) == 2)
        wait_for(lambda: caplog.text.count("came again") == 2)
    assert sorted(read.sessions) == sorted(sessions)
    assert set(read.results) == {"half way\n\ndone"}


def test_no_room_means_later_and_the_sender_comes_again(caplog):
    calls = Calls()
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, capacity=1, workers=1)
    with serving(receiver) as url, hooked(url, retries=[0.05] * 100) as client:
        assert post(url, payload("a", "sesn_a")).status_code == 202
        wait_for(lambda: calls.sessions == ["sesn_a"])  # it works on that one
        assert statuses(url, payload("b", "sesn_b"), payload("c", "sesn_c")) == [202, 503]
        assert statuses(url, payload("b", "sesn_b")) == [200]  # a repeat needs no room
        session = new_session(client)
        wait_for(lambda: session in caplog.text and "put off" in caplog.text)
        calls.gate.set()
        wait_for(lambda: session in calls.sessions)
        wait_for(lambda: receiver.drain(0))
        assert post(url, payload("c", "sesn_c")).status_code == 202  # what was put off is not a repeat
    assert calls.sessions == ["sesn_a", "sesn_b", session, "sesn_c"]


# -- once, and one at a time -----------------------------------------------------------------------


def test_the_answer_does_not_wait_for_the_handler():
    calls = Calls()
    calls.gate.clear()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        assert post(url, GOOD).status_code == 202
        wait_for(lambda: calls.all)
        assert calls.results == []
        calls.gate.set()
    assert calls.results == [None]


def test_the_same_id_from_many_senders_at_once_is_handled_once():
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, workers=8)) as url, ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: post(url, GOOD).status_code, range(48)))
    assert sorted(got) == [200] * 47 + [202]
    assert len(calls.all) == 1


def test_one_call_for_a_session_at_a_time_and_other_sessions_go_on():
    calls = Calls()
    calls.gate.clear()
    with serving(WebhookReceiver(SECRET, calls)) as url:
        post(url, payload("1", "sesn_a", "session.created"))
        wait_for(lambda: calls.all)
        later = [
            payload("2", "sesn_a", IDLED),
            payload("3", "sesn_b"),
            payload("4", "sesn_a", "session.updated"),
        ]
        assert statuses(url, *later, payload("5", "sesn_a", IDLED)) == [202] * 4
        wait_for(lambda: len(calls.all) == 2)
        assert calls.sessions == ["sesn_a", "sesn_b"]  # both at once; a's others wait
        calls.gate.set()
    assert calls.all[2:] == [("sesn_a", (IDLED, "session.updated"))]  # and are one call


def test_interleaved_sessions_never_meet_themselves():
    running, met = [], []

    def work(session_id, types):
        met.append(running.count(session_id))
        running.append(session_id)
        time.sleep(0.002)
        running.remove(session_id)

    calls = Calls(work)
    with serving(WebhookReceiver(SECRET, calls, workers=8)) as url, ThreadPoolExecutor(8) as pool:
        bodies = [payload(f"w{n}", f"sesn_{n % 2}") for n in range(100)]
        assert set(pool.map(lambda body: post(url, body).status_code, bodies)) == {202}
    assert set(calls.sessions) == {"sesn_0", "sesn_1"}
    assert set(met) == {0}


def test_waiting_for_all_to_be_done_does_not_hold_up_what_comes():
    slow = threading.Event()
    calls = Calls(lambda session_id, types: session_id == "sesn_slow" and slow.wait(10))
    with serving(receiver := WebhookReceiver(SECRET, calls, workers=2)) as url, ThreadPoolExecutor(1) as pool:
        post(url, payload("slow", "sesn_slow"))
        wait_for(lambda: calls.all)
        drained = pool.submit(receiver.drain)
        for n in range(10):
            post(url, payload(f"w{n}", f"sesn_{n}"))
            wait_for(lambda n=n: len(calls.all) == n + 2)
        assert not drained.done()
        slow.set()
        assert drained.result(5)


def test_what_does_not_matter_is_acknowledged():
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, types={IDLED, "session.new_in_2027"})) as url:
        others = [payload("1", type="session.created"), payload("2", "vlt_1", "vault.archived")]
        assert statuses(url, *others) == [200, 200]
        assert statuses(url, payload("3", type="session.new_in_2027")) == [202]  # the SDK doesn't know it yet
    assert calls.all == [("sesn_1", ("session.new_in_2027",))]
    with serving(WebhookReceiver(SECRET, calls)) as url:
        assert statuses(url, payload("4", "vlt_1", "vault.archived")) == [200]
    assert len(calls.all) == 1


def test_only_the_newest_ids_are_remembered():
    calls = Calls()
    with serving(receiver := WebhookReceiver(SECRET, calls, remember=2)) as url:
        for id in ("1", "2", "3"):
            post(url, payload(id))
            assert receiver.drain(5)
        assert statuses(url, payload("3"), payload("2"), payload("1")) == [200, 200, 202]


# -- what goes wrong in the handler ----------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no such order"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_a_handler_raises_is_logged_kept_and_told_and_the_worker_lives(error, caplog):
    def work(session_id, types):
        if session_id == "sesn_bad":
            raise error

    calls, told = Calls(work), []

    def tell(failure):
        told.append(failure)
        raise RuntimeError("the pager is broken")

    with serving(receiver := WebhookReceiver(SECRET, calls, on_error=tell, workers=1)) as url:
        assert statuses(url, payload("1", "sesn_bad"), payload("2", "sesn_good")) == [202, 202]
        assert receiver.drain(5)
        assert statuses(url, payload("1", "sesn_bad")) == [200]
        (failure,) = receiver.failed
        assert told == [failure]
        assert (failure.session_id, failure.types, failure.error) == ("sesn_bad", (IDLED,), error)
        assert "the handler failed for session sesn_bad (session.status_idled)" in caplog.text
        assert type(error).__name__ in caplog.text and "the pager is broken" in caplog.text
        calls.do = lambda session_id, types: None
        assert receiver.retry() == 1
        assert receiver.drain(5)
        assert not receiver.failed
    assert calls.sessions == ["sesn_bad", "sesn_good", "sesn_bad"]


def test_a_handler_that_returns_a_coroutine_has_failed():
    async def work():
        raise AssertionError("nobody awaits it")

    with WebhookReceiver(SECRET, lambda session_id, types: work()) as receiver:
        receiver.take(signed(GOOD), GOOD.encode())
        assert receiver.drain(5)
        assert isinstance(receiver.failed[0].error, TypeError)


def test_failures_do_not_fill_the_memory(caplog):
    with WebhookReceiver(SECRET, Calls(lambda *_: 1 / 0), workers=1, capacity=2 * FAILURES) as receiver:
        for n in range(FAILURES + 1):
            body = payload(f"w{n}", f"sesn_{n}")
            assert receiver.take(signed(body), body.encode()) == 202
        assert receiver.drain(20)
        assert [receiver.failed[0].session_id, len(receiver.failed)] == ["sesn_1", FAILURES]
    assert "session sesn_0 is given up" in caplog.text
