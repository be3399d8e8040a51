"""A receiver that ends, is killed or is started again loses nothing that it has accepted."""

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.kit.receiving import GOOD, IDLED, Calls, payload, post, signed, statuses
from tests.kit.waiting import wait_for
from tests.kit.webhooks import SECRET
from utilities import WebhookReceiver, serving


def test_closing_finishes_what_waits_and_takes_nothing_more(caplog):
    calls, new, got = Calls(), itertools.count(), []
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, workers=1)

    def take():
        body = payload(f"w{(n := next(new))}", f"sesn_{n}")
        got.append(receiver.take(signed(body), body.encode()))
        return got[-1]

    with ThreadPoolExecutor(1) as pool:
        assert take() == take() == 202
        left = pool.submit(receiver.close)
        wait_for(lambda: take() == 503)  # at once, not only when all is done
        calls.gate.set()
        assert left.result() == []
    assert take() == 503
    assert len(calls.results) == got.count(202) >= 2
    assert "undone" not in caplog.text
    with pytest.raises(RuntimeError, match="was closed"):
        receiver.start()


def test_nobody_listens_after_the_block():
    with serving(WebhookReceiver(SECRET, Calls())) as url:
        assert post(url, GOOD).status_code == 202
    with pytest.raises(httpx2.ConnectError):
        post(url, GOOD)


@pytest.mark.parametrize("kept", [True, False])
def test_closing_says_what_is_left_undone(kept, tmp_path, caplog):
    calls = Calls()
    calls.gate.clear()
    receiver = WebhookReceiver(SECRET, calls, workers=1, inbox=tmp_path / "inbox.db" if kept else None)
    for n, session in enumerate(["sesn_a", "sesn_b", "sesn_a"]):
        body = payload(f"w{n}", session)
        receiver.take(signed(body), body.encode())
    wait_for(lambda: calls.all)
    assert receiver.close(timeout=0.01) == ["sesn_a", "sesn_b"]
    assert "2 sessions are left undone" in caplog.text and "sesn_a, sesn_b" in caplog.text
    assert ("kept in the inbox" in caplog.text) is kept
    drained = []  # waits for the call that runs, not for what nobody will do
    drain = threading.Thread(target=lambda: drained.append(receiver.drain()), daemon=True)
    drain.start()
    calls.gate.set()
    drain.join(5)
    assert drained == [False]
    assert "can't be noted" in caplog.text  # a call that ends after all hurts nobody
    assert calls.sessions == ["sesn_a"]


def test_a_restart_with_the_file_knows_what_came_and_goes_on_with_what_is_undone(tmp_path):
    inbox = tmp_path / "inbox.db"

    def work(session_id, types):
        if session_id == "sesn_bad":
            raise ValueError("not today")

    with serving(WebhookReceiver(SECRET, Calls(work), inbox=inbox)) as url:
        assert statuses(url, payload("1", "sesn_good"), payload("2", "sesn_bad")) == [202, 202]
    calls = Calls()
    with serving(receiver := WebhookReceiver(SECRET, calls, inbox=inbox)) as url:
        assert receiver.drain(5)
        assert calls.all == [("sesn_bad", (IDLED,))]
        assert statuses(url, payload("1", "sesn_good"), payload("2", "sesn_bad")) == [200, 200]
    again = Calls()
    with serving(WebhookReceiver(SECRET, again, inbox=inbox)):
        pass
    assert (calls.sessions, again.all) == (["sesn_bad"], [])


def test_what_is_undone_is_not_forgotten_however_much_comes_after_it(tmp_path):
    def work(session_id, types):
        if session_id == "sesn_bad":
            raise ValueError("not today")

    inbox = tmp_path / "inbox.db"
    with serving(receiver := WebhookReceiver(SECRET, Calls(work), inbox=inbox, remember=1)) as url:
        post(url, payload("1", "sesn_bad"))
        for n in range(4):
            post(url, payload(f"w{n}", f"sesn_{n}"))
        assert receiver.drain(5)
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox)):
        pass
    assert calls.sessions == ["sesn_bad"]


KILLED = """
import sys, time
from utilities import WebhookReceiver, serving
secret, inbox = sys.argv[1:]
with serving(WebhookReceiver(secret, lambda *_: time.sleep(600), inbox=inbox, workers=1)) as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_what_was_accepted_before_the_process_was_killed_is_handled_after_it(tmp_path):
    inbox = str(tmp_path / "inbox.db")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, SECRET, inbox], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        url = process.stdout.readline().strip()
        bodies = [payload("1", "sesn_a"), payload("2", "sesn_b", "session.created"), payload("3", "sesn_b")]
        assert statuses(url, *bodies) == [202] * 3
        with pytest.raises(ValueError, match="locked; close the receiver that has it"):
            WebhookReceiver(SECRET, Calls(), inbox=inbox)
    finally:
        process.kill()
        process.communicate()
    calls = Calls()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox, workers=1)) as url:
        assert statuses(url, *bodies) == [200] * 3
    assert calls.all == [("sesn_a", (IDLED,)), ("sesn_b", ("session.created", IDLED))]


FORKED = """
import json, os, sys
from utilities import WebhookReceiver
secret, body, headers = sys.argv[1:]
calls = []
with WebhookReceiver(secret, lambda *call: calls.append(call)) as receiver:
    child = os.fork()
    status = receiver.take(json.loads(headers), body.encode())
    if child == 0:
        os._exit(status == 503)
    put_off = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(put_off, status, calls)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_takes_nothing_for_workers_that_it_does_not_have():
    program = [sys.executable, "-c", FORKED, SECRET, GOOD, json.dumps(signed(GOOD))]
    done = subprocess.run(program, capture_output=True, text=True, env=os.environ, timeout=60)
    assert "made before a fork" in done.stderr
    assert done.stdout == f"1 202 [('sesn_1', ('{IDLED}',))]\n"


def test_what_the_inbox_can_not_keep_is_not_accepted(tmp_path, caplog):
    """No 2xx for what a crash could lose: the sender still has it."""
    inbox, calls = tmp_path / "inbox.db", Calls()
    with WebhookReceiver(SECRET, calls, inbox=inbox):
        pass
    with sqlite3.connect(inbox) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON webhooks BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    db.close()
    with serving(WebhookReceiver(SECRET, calls, inbox=inbox)) as url:
        assert post(url, GOOD).status_code == 503
    assert "put off: the inbox says: disk full" in caplog.text
    assert calls.all == []
