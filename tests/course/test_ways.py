"""How lesson 05 judges ways to drive a turn: by what they did and told, against the session's history.

What the ways of others do is in test_other_drivers.py; the lesson itself asserts every cell of its table.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from anthropic import beta_tool

from tests.kit.recordings import Script
from utilities import stream_until_end_turn
from utilities.course.lesson05 import ways
from utilities.course.lesson05.five_ways import WAYS, Job, Way
from utilities.course.lesson05.ways import Outcome, under

pytestmark = pytest.mark.slow

PATHS = ("/cart", "/quote")


def tickets() -> Script:
    """A built-in call, then two tickets at once."""
    script = Script("tickets")
    script.message("go")
    script.builtin_result(script.builtin("bash", command="ls"))
    calls = [script.custom("open_ticket", path=path) for path in PATHS]
    script.idle("requires_action", calls)
    for call, path in zip(calls, PATHS, strict=True):
        script.custom_result(call, f"opened for {path}")
    script.running()
    script.say("Done.")
    script.idle()
    return script


EVENTS = len(tickets().events)


def judged(way: Way, faults: str = "") -> Outcome:
    return under([faults], "go", tickets().recording(), "tester", [way])[faults, way.name]


def ours(job: Job, times: int = 1, listen: bool = True) -> None:
    """Our helper, with a tool that opens each ticket so many times."""

    @beta_tool
    def open_ticket(path: str) -> str:
        """Open a ticket."""
        return [job.open_ticket(path) for _ in range(times)][0]

    def hear(event: Any) -> None:
        if listen:
            job.told.add(event.id)

    stream_until_end_turn(job.client(), job.session_id, job.message, tools=[open_ticket], on_event=hear)


def test_a_way_that_does_all_and_tells_all_is_fine():
    assert str(judged(Way("good", ours))) == "fine" == judged(Way("good", ours)).verdict


def test_what_a_caller_never_heard_of_is_lost():
    assert judged(Way("mute", lambda job: ours(job, listen=False))).lost == EVENTS
    mute = Way("mute", lambda job: ours(job, listen=False), ("agent.message",))
    assert str(judged(mute)) == "1 lost"


def test_a_text_that_was_told_is_not_lost():
    def texts(job: Job) -> None:
        ours(job, listen=False)
        job.told.add("All of it: Done.")

    assert judged(Way("texts", texts, ("agent.message",))).verdict == "fine"


def test_a_ticket_that_is_opened_again_is_seen():
    outcome = judged(Way("double", lambda job: ours(job, times=2)))
    assert (outcome.twice, outcome.verdict) == (len(PATHS), "twice")


def test_a_message_that_arrives_again_is_seen():
    script = Script("talk")
    script.message("go")
    script.say("Done.")
    script.idle()
    naive = WAYS[0]  # the SDK repeats its message when the response is lost
    outcome = under(["lose"], "go", script.recording(), "tester", [naive])["lose", naive.name]
    assert (outcome.messages, outcome.lost) == (2, len(script.events))  # it left after the first of two turns
    assert outcome.verdict == "lost twice" and "2 messages" in str(outcome)


def test_a_way_that_gives_up_leaves_the_session_parked():
    def ask_only(job: Job) -> None:
        job.client().beta.sessions.events.send(job.session_id, events=[job.user_message])
        raise ZeroDivisionError

    outcome = judged(Way("quitter", ask_only))
    assert (outcome.ended, outcome.left) == ("ZeroDivisionError", "requires_action")
    assert outcome.verdict == "lost parked raised" and "ZeroDivisionError" in str(outcome)


def test_a_way_that_never_returns_hangs_and_is_left_behind(monkeypatch):
    monkeypatch.setattr(ways, "STILL", 0.2)
    release = threading.Event()

    def stuck(job: Job) -> None:
        ours(job)
        release.wait()

    assert judged(Way("stuck", stuck)).verdict == "hung"
    release.set()


def test_an_async_way_that_never_returns_is_cancelled(monkeypatch):
    monkeypatch.setattr(ways, "STILL", 0.2)
    cancelled: list[str] = []

    async def stuck(job: Job) -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            cancelled.append(job.session_id)
            raise

    assert judged(Way("stuck", stuck)).ended == "hung"
    assert len(cancelled) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "ways"]


def test_each_fault_is_for_one_session_only():
    naive = WAYS[0]
    outcomes = under(["", "drop=6"], "go", tickets().recording(), "tester", [naive])
    assert outcomes["", naive.name].verdict == "fine"
    assert outcomes["drop=6", naive.name].ended == "RemoteProtocolError"


@pytest.mark.parametrize("faults", ["", "drop=2", "end=6", "silent=6", "repeat", "lose,on=POST/events"])
def test_both_of_ours_are_fine(faults):
    mine = [way for way in WAYS if way.name.startswith("ours")]
    outcomes = under([faults], "go", tickets().recording(), "tester", mine)
    assert {name: str(outcome) for (_, name), outcome in outcomes.items()} == dict.fromkeys(
        ("ours, stream", "ours, poll"), "fine"
    )


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ("", "fine"),
        ("drop=6", "fine"),
        ("error=exhausted,after=4", "fine"),
        ("lose,on=POST/events", "twice"),
    ],
)
def test_the_sdks_runner_listens_before_the_message_is_sent(faults, verdict):
    """As the other ways do. Else all of a turn that is played at once is history to it, and its faults hit
    another part of the turn than theirs."""
    (runner,) = [way for way in WAYS if way.name == "tool_runner"]
    assert judged(runner, faults).verdict == verdict
