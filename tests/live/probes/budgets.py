"""A session that has reached its budget: each probe starts a turn that costs more than its one cent."""

from __future__ import annotations

from tests.live.probe import Finding, NotAsked, found, probe, reply
from tests.live.probes.sessions import ONE_CENT
from tests.live.run import Run, message

LONG = "Write an essay of three thousand words about the history of the teapot."
MOST = 6  # cents: the request that crosses the budget is finished


def _at_the_cap(run: Run) -> str:
    session = run.session_for_a_turn(MOST, budget=ONE_CENT)
    idle = run.turn(session.id, LONG)
    if idle.stop_reason.type != "budget_reached":
        raise NotAsked(f"the session stopped with {idle.stop_reason.type}")
    return str(session.id)


@probe(
    "a turn that ends on its budget: the thread says end_turn, the session budget_reached",
    rule="a last request that crosses the budget and ends the turn",
    cents=MOST,
)
def the_end_on_the_budget(run: Run) -> Finding:
    events = run.events(_at_the_cap(run))
    stops = [event.stop_reason.type for event in events if event.type.endswith("status_idle")]
    return found(stops == ["end_turn", "budget_reached"], stops)


@probe(
    "a message to a session at its budget is 400 and names the four types that are taken",
    rule="at its budget a session takes only",
    cents=MOST,
)
def a_message_at_the_budget(run: Run) -> Finding:
    got = reply(run.send, _at_the_cap(run), message("Go on."))
    return found(got.status == 400 and "user.tool_confirmation" in got.message, got)


@probe(
    "an interrupt at the budget is accepted and not listed",
    cents=MOST,
    rule="an interrupt to a session that its budget has paused",
)
def an_interrupt_at_the_budget(run: Run) -> Finding:
    session_id = _at_the_cap(run)
    got = reply(run.send, session_id, {"type": "user.interrupt"})
    types = [event.type for event in run.events(session_id)]
    return found(got.status == 200 and "user.interrupt" not in types, f"{got}; then {types[-3:]}")


@probe(
    "a new budget of what is used already is 400 `budget_not_raised`",
    cents=MOST,
    rule="a budget at or below what is used",
)
def a_budget_that_is_used_up(run: Run) -> Finding:
    got = reply(run.once.beta.sessions.update, _at_the_cap(run), budget=ONE_CENT)
    return found(got.status == 400, got)
