"""What a turn looks like from outside: its order, its end, its files. Each probe starts one."""

from __future__ import annotations

import time

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.probes.requests import MANAGED
from tests.live.run import Run, message

HELLO = "Say hello in one word."
WRITE = "Write the word hello to /mnt/session/outputs/hello.txt with bash, then say done."


def _hello(run: Run) -> str:
    """A session that has said hello; its id."""
    session = run.session_for_a_turn(2)
    run.turn(session.id, HELLO)
    return str(session.id)


def _followed(run: Run, session_id: str, text: str) -> None:
    """Say something and return as soon as the stream says idle: for what is about the moments after that."""
    with run.client.beta.sessions.events.stream(session_id) as stream:
        run.send(session_id, message(text))
        for event in stream:
            if event.type == "session.status_idle":
                return
    raise NotAsked("the stream ended before the session was idle")


@probe(
    "the idle event comes before the `status` field says idle",
    rule="the idle event comes before the `status` field says idle",
    cents=2,
)
def the_lag_of_the_status(run: Run) -> Finding:
    session = run.session_for_a_turn(2)
    _followed(run, session.id, HELLO)
    first = run.client.beta.sessions.retrieve(session.id).status
    began = time.monotonic()
    run.settled(session.id)
    seen = f"the first look said {first}; idle at the latest {time.monotonic() - began:.1f} s later"
    return found(first == "running", seen)


@probe(
    "a turn opens with the running pair and `user.message`, and closes with the thread's idle, usage, idle",
    rule="a turn closes with thread_status_idle",
    cents=2,
)
def the_order_of_a_turn(run: Run) -> Finding:
    session_id = _hello(run)
    types = [event.type for event in run.events(session_id)]
    opening = ["session.status_running", "session.thread_status_running", "user.message"]
    closing = ["session.thread_status_idle", "session.usage", "session.status_idle"]
    return found(types[:3] == opening and types[-3:] == closing, types)


@probe("`list_cost` is a whole number of cents", cents=2, rule="`list_cost` is reported in whole cents")
def the_cost_of_a_turn(run: Run) -> Finding:
    session_id = _hello(run)
    cost = run.client.beta.sessions.retrieve(session_id).usage.list_cost
    return found(cost is not None and cost.amount.isdigit(), cost)


@probe("a session with `initial_events` is `running` as it is returned", cents=2)
def initial_events_run_at_once(run: Run) -> Finding:
    session = run.session_for_a_turn(2, initial_events=[message(HELLO)])
    return found(session.status == "running", session.status)


@probe("a message is echoed with `processed_at: null`", rule="an accepted event is echoed", cents=2)
def the_echo_of_a_message(run: Run) -> Finding:
    session = run.session_for_a_turn(2)
    (echo,) = run.send(session.id, message(HELLO)).data
    run.next_idle(session.id, 0)
    return found(echo.processed_at is None, echo.processed_at)


@probe(
    "archive while running is 400, and the turn goes on",
    rule="archive or delete while running is 400",
    cents=2,
)
def archive_while_running(run: Run) -> Finding:
    session = run.session_for_a_turn(2)
    run.send(session.id, message("Count slowly from 1 to 50, one number a line."))
    got = reply(run.once.beta.sessions.archive, session.id)
    return found(got.status == 400, got)


@probe(
    "what is left in /mnt/session/outputs is listed within ten seconds of the idle event",
    rule="what the agent leaves in `/mnt/session/outputs`",
    cents=3,
)
def outputs_come_late(run: Run) -> Finding:
    agent = run.agent("writer", tools=[{"type": "agent_toolset_20260401"}])
    session = run.session_for_a_turn(3, agent=agent.id)
    _followed(run, session.id, WRITE)

    def there() -> bool:
        return bool(run.client.beta.files.list(scope_id=session.id, betas=[MANAGED]).data)

    seconds = run.until(there, "no file was listed", seconds=60)
    return found(seconds < 10, f"listed {seconds:.1f} s after the idle event")


@probe("a session's event list has `span.model_request_end` for every start", cents=2)
def every_request_ends(run: Run) -> Finding:
    session_id = _hello(run)
    events = run.events(session_id)
    starts = {event.id for event in events if event.type == "span.model_request_start"}
    ends = {event.model_request_start_id for event in events if event.type == "span.model_request_end"}
    return found(starts and starts == ends, f"{len(starts)} starts, {len(ends)} ends")
