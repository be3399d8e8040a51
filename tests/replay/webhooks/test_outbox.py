"""Which webhooks a server sends, and when: without a socket."""

import json
from typing import get_args

import pytest
from anthropic.types.beta import BetaWebhookEvent, BetaWebhookEventData
from pydantic import TypeAdapter

from tests.kit.budgets import cents, costly
from tests.kit.calling import SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.sessions import message
from utilities.replay.webhooks.outbox import NEVER_TOLD, TOLD, Outbox

TURN = ["session.created", "session.status_run_started", "session.status_idled"]


SHAPE = TypeAdapter(BetaWebhookEvent)


class Told:
    """What a server without a socket would deliver."""

    def __init__(self, *scripts, **options):
        self.call = Caller(*scripts, **options)
        self.call.api.sessions.outbox = self.outbox = Outbox()

    def types(self):
        """What there is to tell, once somebody has looked."""
        for session in self.call.api.sessions.plays:
            self.call.events(f"/sessions/{session}")
        bodies = [json.loads(delivery.body) for delivery in self.outbox.take()]
        for body in bodies:
            SHAPE.validate_python(body)
        return [body["data"]["type"] for body in bodies]


@pytest.mark.rule(
    "session.pending, running, idled and requires_action are never sent: nobody says when they come",
    topic="webhooks",
    evidence="ours",
)
def test_every_type_that_is_told_is_one_of_the_sdk_and_each_session_type_is_accounted_for():
    models = get_args(get_args(BetaWebhookEventData)[0])
    known = {get_args(model.model_fields["type"].annotation)[0] for model in models}
    told = {*TOLD.values(), "session.created", "session.archived", "session.budget_reached"}
    assert told <= known
    assert {type for type in known if type.startswith("session.")} == told | set(NEVER_TOLD)


@pytest.mark.rule(
    "an archived session is told as terminated", topic="webhooks", evidence="doc", source="docs: webhooks"
)
@pytest.mark.rule(
    "creation, updates, archival and deletion of a session are told", topic="webhooks", evidence="ours"
)
def test_a_sessions_whole_life():
    told = Told(going())
    path = f"/sessions/{told.call.session(initial_events=SAY_GO['events'])['id']}"
    assert told.types() == TURN
    told.call.post(path, {"title": "t"})
    while told.call.get(path)["status"] != "idle":
        pass
    told.call.post(f"{path}/archive")
    told.call.post(f"{path}/archive")
    told.call.delete(path)
    ends = ["session.status_terminated", "session.archived", "session.deleted"]
    assert told.types() == ["session.updated", *ends]


def test_a_session_that_ended_by_itself_is_told_as_terminated_once():
    script = Script()
    script.message("go")
    script.event("session.status_terminated")
    told = Told(script)
    path = f"/sessions/{told.call.session(initial_events=SAY_GO['events'])['id']}"
    told.call.events(path)
    told.call.post(path, {"title": "t"})
    told.call.post(f"{path}/archive")
    assert told.types()[-3:] == ["session.status_terminated", "session.updated", "session.archived"]


def test_a_session_that_was_refused_is_not_told_of():
    told = Told(going())
    wrong = [message("what?")]
    told.call.session(400, initial_events=wrong)
    assert told.types() == []


@pytest.mark.rule(
    "session.budget_reached is told once for each value of the budget",
    topic="webhooks",
    evidence="doc",
    source="docs: webhooks",
)
def test_a_budget_that_is_reached_is_told_once_for_each_value():
    told = Told(costly())
    path = f"/sessions/{told.call.session(budget=cents(1), initial_events=SAY_GO['events'])['id']}"
    assert told.types() == [*TURN, "session.budget_reached"]
    told.call.post(f"{path}/events", SAY_GO, 400)
    assert told.types() == []
    told.call.post(path, {"budget": cents(4)})
    assert told.types() == ["session.updated", *TURN[1:], "session.budget_reached"]


@pytest.mark.rule(
    "webhooks about threads are about those that the session has created, not about its first",
    topic="webhooks",
    evidence="ours",
)
def test_other_threads_outcomes_retries_and_ends():
    script = Script()
    script.message("go")
    other = {"session_thread_id": "sthr_2", "agent_name": "helper"}
    script.event("session.thread_created", **other)
    script.event("session.thread_status_idle", **other, stop_reason={"type": "end_turn"})
    script.event("session.thread_status_terminated", **other)
    script.event("span.outcome_evaluation_end")
    script.event("session.status_rescheduled")
    script.event("session.thread_status_idle", session_thread_id="sthr_1", agent_name="tester")
    script.event("session.status_terminated")
    told = Told(script)
    session = told.call.session(initial_events=SAY_GO["events"])
    events = told.call.get(f"/sessions/{session['id']}/events")["data"]
    created = next(e for e in events if e["type"] == "session.thread_created")["session_thread_id"]
    bodies = [json.loads(delivery.body)["data"] for delivery in told.outbox.waiting]
    assert [body.get("session_thread_id") for body in bodies] == [None, None, *[created] * 3, *[None] * 3]
    assert told.types() == [
        *TURN[:2], "session.thread_created", "session.thread_idled", "session.thread_terminated",
        "session.outcome_evaluation_ended", "session.status_rescheduled", "session.status_terminated",
    ]  # fmt: skip


def test_the_same_requests_give_the_same_deliveries():
    def deliveries():
        told = Told(going())
        told.call.events(f"/sessions/{told.call.session(initial_events=SAY_GO['events'])['id']}")
        return told.outbox.take()

    assert deliveries() == deliveries()
    assert len({delivery.id for delivery in deliveries()}) == 3
