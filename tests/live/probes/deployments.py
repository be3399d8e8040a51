"""Deployments: what they take, how they end, and runs by hand. One probe starts a turn."""

from __future__ import annotations

from typing import Any

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run, message

NOON = {"type": "cron", "expression": "0 12 * * *", "timezone": "UTC"}
NOTE = {"type": "system.message", "content": [{"type": "text", "text": "be brief"}]}


@probe(
    "a deployment without initial events, with 51, or with none that starts work is 400",
    rule="a deployment has 1 to 50 initial events",
)
def initial_events_of_a_deployment(run: Run) -> Finding:
    lists = {"none": [], "51": [message("Hello.")] * 51, "none that starts work": [NOTE]}
    return _all_refused(run, {case: {"initial_events": events} for case, events in lists.items()})


@probe(
    "a deployment whose system.message comes first, or whose model takes none, is 400",
    rule="among a deployment's events a system.message comes last",
)
def a_system_message_of_a_deployment(run: Run) -> Finding:
    able = run.agent("able", model="claude-opus-5").id
    cases = {
        "first": {"agent": able, "initial_events": [NOTE, message("Hello.")]},
        "a model that takes none": {"initial_events": [message("Hello."), NOTE]},
    }
    return _all_refused(run, cases)


@probe(
    "a schedule with six fields, names, `@daily` or `L` is 400",
    rule="seconds, years, names, `@daily`, `L`, `W`, `#`, `?` and what can never come due are refused",
)
def schedules_that_are_refused(run: Run) -> Finding:
    expressions = ("0 0 12 * * *", "0 12 * * MON", "@daily", "0 12 L * *", "0 12 30 2 *")
    return _all_refused(run, {one: {"schedule": NOON | {"expression": one}} for one in expressions})


@probe(
    "a schedule's zone is an IANA one: another is 400", rule="a schedule's zone is one of the IANA database"
)
def a_zone_that_there_is_not(run: Run) -> Finding:
    return _all_refused(run, {"zone": {"schedule": NOON | {"timezone": "Mars/Olympus"}}})


@probe("up to five times ahead are told", rule="up to 5 times ahead are told")
def the_times_ahead(run: Run) -> Finding:
    deployment = run.deployment("ahead", schedule={**NOON, "expression": "0 12 1 1 *"})
    run.client.beta.deployments.archive(deployment.id)  # it must never come due
    ahead = deployment.schedule.upcoming_runs_at or []
    seen = [moment.isoformat() for moment in ahead]
    return found(len(ahead) == 5 and len({moment.year for moment in ahead}) == 5, seen)


@probe("a paused deployment says `manual`, and is active again when it is unpaused")
def pausing_a_deployment(run: Run) -> Finding:
    deployments, id = run.client.beta.deployments, run.deployment("paused").id
    paused, going = deployments.pause(id), deployments.unpause(id)
    reason = paused.paused_reason and paused.paused_reason.type
    seen = (paused.status, reason, going.status, going.paused_reason)
    return found(seen == ("paused", "manual", "active", None), seen)


@probe(
    "an archived deployment says active, and can't be changed, paused or run",
    rule="an archived deployment says active, has no times ahead, and can't be changed, paused or run",
)
def an_archived_deployment(run: Run) -> Finding:
    deployments, id = run.once.beta.deployments, run.deployment("archived").id
    archived = deployments.archive(id)
    got = [reply(deployments.update, id, description="a change"), reply(deployments.pause, id)]
    got += [reply(deployments.run, id)]
    holds = archived.status == "active" and archived.archived_at and all(one.status == 400 for one in got)
    return found(holds, f"{archived.status}; {'; '.join(map(str, got))}")


@probe(
    "archiving an agent archives its deployments in the same operation",
    rule="archiving an agent archives its deployments in the same operation",
)
def a_deployment_of_an_archived_agent(run: Run) -> Finding:
    agent = run.agent("deployed")
    deployment = run.deployment("of-an-archived-agent", agent=agent.id)
    run.client.beta.agents.archive(agent.id)
    archived_at = run.client.beta.deployments.retrieve(deployment.id).archived_at
    return found(archived_at is not None, f"archived at {archived_at}")


@probe(
    "`status` can't be combined with `include_archived`: 400",
    rule="deployments are listed by agent, status and time; `status` can't be combined",
)
def two_filters_that_exclude_each_other(run: Run) -> Finding:
    got = reply(run.once.beta.deployments.list, status="active", include_archived=True)
    return found(got.status == 400, got)


@probe(
    "the runs of a deployment that isn't there are an empty list",
    rule="runs are listed by deployment, trigger, error and time; a deployment that isn't there has none",
)
def runs_of_an_unknown_deployment(run: Run) -> Finding:
    got = reply(run.once.beta.deployment_runs.list, deployment_id="depl_01AAAAAAAAAAAAAAAAAAAAAA")
    return found(got.status == 200 and got.result.data == [], got)


@probe(
    "a run by hand that can't start a session is answered with the failed run, and pauses nothing",
    rule="a run by hand that can't start a session is answered with the failed run",
)
def a_run_that_can_not_start(run: Run) -> Finding:
    environment = run.environment("of-a-failed-run")
    deployment = run.deployment("failing", environment_id=environment.id)
    run.client.beta.environments.archive(environment.id)
    got = reply(run.once.beta.deployments.run, deployment.id)
    error = got.result.error.type if got.status == 200 and got.result.error else None
    status = run.client.beta.deployments.retrieve(deployment.id).status
    return found((error, status) == ("environment_archived_error", "active"), f"{got}; {error}; {status}")


@probe(
    "a run by hand starts a session at once, which says by which deployment",
    rule="a run by hand starts a session at once",
    cents=2,
)
def a_run_by_hand(run: Run) -> Finding:
    run.require(2)
    deployment = run.deployment("by-hand")
    started = run.client.beta.deployments.run(deployment.id)
    if started.session_id is None:
        return found(False, f"no session: {started.error}")
    run.turned[started.session_id] = 2
    session = run.client.beta.sessions.retrieve(started.session_id)
    run.next_idle(session.id, 0)
    seen = f"{started.trigger_context.type}, {session.deployment_id}"
    return found(session.deployment_id == deployment.id and started.trigger_context.type == "manual", seen)


def _all_refused(run: Run, cases: dict[str, dict[str, Any]]) -> Finding:
    """Whether a deployment with each of these is 400."""
    wanted = run.deploying("refused")
    got = {
        name: reply(run.once.beta.deployments.create, **(wanted | fields)) for name, fields in cases.items()
    }
    seen = "; ".join(f"{name}: {one}" for name, one in got.items())
    return found(all(one.status == 400 for one in got.values()), seen)
