"""An `end_turn` while a workflow run is running is not the end of the work, unless the caller says so."""

import pytest

from tests.kit.loose_events import MINE, RUNNING, event, idle, kinds, of_run
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities import TurnTimeout
from utilities.turn.history import History
from utilities.turn.protocol import Turn

pytestmark = pytest.mark.slow

CREATED, STARTED, RESTS, ENDED = map(of_run, ("created", "status_running", "status_idle", "status_ended"))


def finished(*events, **options):
    """The result, None if the turn goes on."""
    actions = Turn("sesn_1", **options).feed(*events)
    return actions[-1].result if kinds(actions)[-1] == "Finish" else None


def test_a_run_that_is_running_holds_up_the_end_until_the_idle_after_it():
    turn = Turn("sesn_1")
    assert kinds(turn.feed(RUNNING, CREATED, STARTED, idle())) == ["Show"] * 4
    assert kinds(turn.feed(ENDED, event("session.status_running", "again"))) == ["Show"] * 2
    result = turn.feed(idle(id="last"))[-1].result
    assert (result.outcome, result.open_runs, result.events[-1].id) == ("end_turn", [], "last")


def test_a_caller_may_end_at_once():
    result = finished(RUNNING, CREATED, STARTED, idle(), wait_for_runs=False)
    assert (result.outcome, result.open_runs) == ("end_turn", ["run"])


def test_runs_that_are_idle_hold_up_nothing():
    assert finished(RUNNING, CREATED, STARTED, RESTS, idle()).open_runs == ["run"]
    other = Turn("sesn_1")
    other.feed(RUNNING, CREATED, STARTED, idle())
    result = other.feed(RESTS)[-1].result  # it goes idle after the session
    assert (result.outcome, result.open_runs, result.stop_reason.type) == ("end_turn", ["run"], "end_turn")


@pytest.mark.parametrize("reason", ["retries_exhausted", "budget_reached", "refusal", "a_new_one"])
def test_what_is_no_end_turn_ends_in_any_case(reason):
    assert finished(RUNNING, CREATED, STARTED, idle(reason)).open_runs == ["run"]


def test_a_run_of_an_earlier_turn_is_known_when_it_says_something():
    assert finished(RUNNING, MINE, idle()).open_runs == []
    assert finished(RUNNING, MINE, of_run("phase_started"), idle()) is None
    assert finished(RUNNING, of_run("phase_started"), of_run("phase_ended"), idle()) is None
    failed = event("workflow_run.error", workflow_run_id=None)  # no run was made
    assert finished(RUNNING, failed, idle()).open_runs == []


def read_back(*events):
    reader = History(())
    for item in reversed(events):
        if not reader.take(item):
            break
    return [item.id for item in reader.events]


def test_an_end_while_a_run_was_running_is_not_where_a_turn_begins():
    again, last = event("session.status_running", "again"), idle(id="last")
    assert read_back(RUNNING, CREATED, STARTED, idle(), ENDED, again, last)[0] == "running"
    assert read_back(RUNNING, CREATED, STARTED, RESTS, idle(), ENDED, again, last) == [
        ENDED.id,
        "again",
        "last",
    ]
    assert read_back(RUNNING, CREATED, STARTED, ENDED, idle(), again, last) == ["again", "last"]


def with_a_run(*, after):
    script = Script()
    script.message("go")
    for what in ("created", "status_running"):
        script.event(f"workflow_run.{what}", workflow_run_id="wrun_1", name="audit", phases=[])
    script.say("it is under way")
    script.idle()
    if after:
        script.event(
            "workflow_run.status_ended", after=1.0, workflow_run_id="wrun_1", result={"type": "completed"}
        )
        script.running()
        script.say("it is done")
        script.idle()
    return script


def test_the_turn_goes_on_until_the_run_is_done(kind):
    with served(with_a_run(after=True)) as session:
        result = session.follow_showing_all(kind, "go")
        assert (result.outcome, result.open_runs) == ("end_turn", [])
        assert result.text == "it is under way\n\nit is done"
        assert session.follow(kind).text == result.text  # message=None: the same turn


def test_a_run_that_does_not_end_meets_the_deadline(kind):
    with served(with_a_run(after=False)) as session:
        with pytest.raises(TurnTimeout, match="open workflow runs: wrun_1") as caught:
            session.follow(kind, "go", timeout=0.7)
        assert caught.value.open_runs == ["wrun_1"]
        assert session.follow(kind, wait_for_runs=False).open_runs == ["wrun_1"]


def test_a_run_after_which_the_agent_has_nothing_to_say_is_not_waited_for_for_ever(kind):
    script = with_a_run(after=False)
    script.event("workflow_run.status_ended", workflow_run_id="wrun_1", result={"type": "completed"})
    with served(script) as session:
        result = session.follow(kind, "go", quiet=0.3)
    assert (result.outcome, result.open_runs, result.stop_reason.type) == ("end_turn", [], "end_turn")
