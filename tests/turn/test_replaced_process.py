"""A process that dies while it polls is replaced by another one, which knows the session's id and no more."""

import signal
from collections import Counter
from time import monotonic, sleep

import pytest

from tests.kit.forked import script
from tests.kit.serving import served
from tests.kit.turn_scripts import calls_in_turn

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
    path = diary.with_name("program.py")
    path.write_text(PROGRAM, "utf-8")
    return script(path, *arguments)


@pytest.mark.slow
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

    with served(calls_in_turn("a", "b")) as session:
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
