"""Outcomes: what they take, and how they end. Those that are taken start a turn."""

from __future__ import annotations

from typing import Any

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run, limit

RUBRIC = "The last message is one word, and that word is a greeting."
OUTCOME: dict[str, Any] = {
    "type": "user.define_outcome",
    "description": "A greeting of one word.",
    "rubric": {"type": "text", "content": RUBRIC},
    "max_iterations": 1,
}
MOST = 10  # cents


@probe(
    "two outcomes in `initial_events`, 21 iterations and a rubric of 262,145 characters are 400",
    rule="initial events have at most one outcome",
)
def outcomes_that_are_refused(run: Run) -> Finding:
    cases = {
        "two": [OUTCOME, OUTCOME],
        "21 iterations": [OUTCOME | {"max_iterations": 21}],
        "a long rubric": [OUTCOME | {"rubric": {"type": "text", "content": "x" * 262_145}}],
    }
    wanted = run.wanted | {"budget": limit(1)}  # should one be taken, it costs no more
    create = run.once.beta.sessions.create
    got = {name: reply(create, **wanted, initial_events=events) for name, events in cases.items()}
    seen = "; ".join(f"{name}: {one}" for name, one in got.items())
    return found(all(one.status == 400 for one in got.values()), seen)


@probe(
    "an outcome is echoed with its `processed_at` and an `outcome_id`",
    rule="an outcome is echoed with an `outcome_id`",
    cents=MOST,
)
def the_echo_of_an_outcome(run: Run) -> Finding:
    session = run.session_for_a_turn(MOST)
    (echo,) = run.send(session.id, OUTCOME).data
    run.send(session.id, {"type": "user.interrupt"})
    run.next_idle(session.id, 0)
    return found(echo.processed_at and echo.outcome_id, f"{echo.processed_at}, {echo.outcome_id}")


@probe(
    "an interrupt ends an outcome as `interrupted`, before an evaluation began: then it names no start",
    rule="an interrupt ends an outcome as `interrupted`",
    cents=MOST,
)
def an_interrupted_outcome(run: Run) -> Finding:
    session = run.session_for_a_turn(MOST)
    run.send(session.id, OUTCOME)
    run.send(session.id, {"type": "user.interrupt"})
    run.next_idle(session.id, 0)
    ends = [event for event in run.events(session.id) if event.type == "span.outcome_evaluation_end"]
    shown = [one.result for one in run.client.beta.sessions.retrieve(session.id).outcome_evaluations]
    seen = [(end.result, end.outcome_evaluation_start_id) for end in ends]
    return found(shown == ["interrupted"] and seen == [("interrupted", "")], f"{shown}, {seen}")


@probe(
    "a session shows the result of its outcome, with the id that the echo had",
    rule="a session shows how far the evaluation",
    cents=MOST,
)
def the_evaluation_of_an_outcome(run: Run) -> Finding:
    session = run.session_for_a_turn(MOST)
    (echo,) = run.send(session.id, OUTCOME).data
    run.next_idle(session.id, 0)
    evaluations = run.client.beta.sessions.retrieve(session.id).outcome_evaluations
    seen = [(one.outcome_id, one.result, one.completed_at) for one in evaluations]
    ended = [one for one in seen if one[1] in ("satisfied", "max_iterations_reached", "failed") and one[2]]
    return found(len(seen) == 1 and ended and ended[0][0] == echo.outcome_id, seen)


@probe(
    "another outcome, while the first isn't over, is 400",
    rule="a session works on one outcome at a time",
    cents=MOST,
)
def two_outcomes_at_a_time(run: Run) -> Finding:
    session = run.session_for_a_turn(MOST)
    run.send(session.id, OUTCOME)
    got = reply(run.send, session.id, OUTCOME)
    run.send(session.id, {"type": "user.interrupt"})
    run.next_idle(session.id, 0)
    return found(got.status == 400, got)
