"""Workflow runs, of which only the SDK's types speak. The probe starts a turn."""

from __future__ import annotations

from tests.live.probe import Finding, NotAsked, found, probe
from tests.live.run import Run

PLAN = "Start a workflow run: two agents say hello in one word each. Wait for it, then say what they said."
MOST = 30  # cents
RUNS = "workflow_run."


@probe(
    "a workflow run's first event says that it was created, its last that it ended; then its session is idle",
    cents=MOST,
)
def the_end_of_a_workflow_run(run: Run) -> Finding:
    enabled = {"type": "multiagent_20261001", "workflows": {"type": "enabled"}}
    session = run.session_for_a_turn(MOST, agent=run.agent("planner", multiagent=enabled).id)
    run.turn(session.id, PLAN)
    types = [event.type for event in run.events(session.id)]
    of_runs = [type for type in types if type.startswith(RUNS)]
    if not of_runs:
        raise NotAsked("the agent started no workflow run")
    end = types.index("session.status_idle")
    before = [type for type in types[:end] if type.startswith(RUNS)]
    holds = of_runs[0] == f"{RUNS}created" and before[-1:] == [f"{RUNS}status_ended"] and before == of_runs
    return found(holds, types)
