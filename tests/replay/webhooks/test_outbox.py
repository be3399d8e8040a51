"""Which webhooks a server sends, and when: without a socket."""

import json
from typing import get_args

import pytest
from anthropic.types.beta import BetaWebhookEvent, BetaWebhookEventData
from pydantic import TypeAdapter

from tests.kit.budgets import cents, costly
from tests.kit.calling import AGENT, SAY_GO, Caller
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.sessions import message
from utilities.replay.webhooks.outbox import NEVER_TOLD, RESOURCES, TYPES, Outbox

TURN = ["session.created", "session.status_run_started", "session.status_idled"]


SHAPE = TypeAdapter(BetaWebhookEvent)


class Told:
    """What a server without a socket would deliver."""

    def __init__(self, *scripts, **options):
        self.outbox = Outbox(options.pop("wanted", ("session",)))
        self.call = Caller(*scripts, **options)
        self.call.api.tell_to(self.outbox)

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
def test_every_type_that_is_told_is_one_of_the_sdk_and_each_of_its_types_is_accounted_for():
    models = get_args(get_args(BetaWebhookEventData)[0])
    known = {get_args(model.model_fields["type"].annotation)[0] for model in models}
    ours = {*TYPES, *NEVER_TOLD}
    newer = {type for type in ours if type.startswith("external_storage.")}  # SDK 2.11 hasn't them yet
    assert known in (ours, ours - newer) and len(ours) == len(TYPES) + len(NEVER_TOLD)


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
    evidence="doc",
    source="docs: webhooks",
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


# -- other resources ------------------------------------------------------------------------------------


@pytest.fixture
def others():
    """A server that tells of everything, and how to ask what it has told."""
    return Told(going(), wanted=RESOURCES)


@pytest.mark.rule(
    "an agent's creation, new versions and archival are told; an update that makes no version isn't",
    topic="webhooks",
    evidence="doc",
)
def test_what_is_told_of_agents(others):
    path = f"/agents/{others.call.post('/agents', AGENT)['id']}"
    for body in ({"system": "brief"}, {"system": "brief"}):
        others.call.post(path, body)
    others.call.post(f"{path}/archive")
    others.call.post(f"{path}/archive")
    assert others.types() == ["agent.created", "agent.updated", "agent.archived"]


@pytest.mark.rule(
    "an environment's life is told, but no update that changes nothing and no second archival; so is a "
    "memory store's, but for its updates and its memories",
    topic="webhooks",
    evidence="doc",
)
def test_what_is_told_of_environments_and_stores(others):
    call = others.call
    path = f"/environments/{call.post('/environments', {'name': 'e'})['id']}"
    for body in ({"name": "f"}, {"name": "f"}, {"config": {"type": "cloud"}}, {"metadata": {"a": "b"}}):
        call.post(path, body)
    for _ in range(2):
        call.post(f"{path}/archive")
    call.delete(path)
    kinds = ["created", "updated", "updated", "archived", "deleted"]
    assert others.types() == [f"environment.{kind}" for kind in kinds]
    path = f"/memory_stores/{call.post('/memory_stores', {'name': 's'})['id']}"
    call.post(path, {"name": "t"})
    call.post(f"{path}/memories", {"path": "/a.md", "content": "a"})
    for _ in range(2):
        call.post(f"{path}/archive")
    call.delete(path)
    assert others.types() == [f"memory_store.{kind}" for kind in ("created", "archived", "deleted")]


@pytest.mark.rule(
    "a vault's creation, archival and deletion are told; the latter two of each credential in it too",
    topic="webhooks",
    evidence="doc",
)
def test_what_is_told_of_vaults_and_their_credentials(others):
    call = others.call
    vault = call.post("/vaults", {"display_name": "v"})["id"]
    for number in range(3):
        auth = {"type": "static_bearer", "token": "x", "mcp_server_url": f"https://mcp{number}.example.com"}
        credential = call.post(f"/vaults/{vault}/credentials", {"auth": auth})["id"]
    bodies = [delivery.data for delivery in others.outbox.waiting]
    assert bodies[-1] == {
        **bodies[-1],
        "type": "vault_credential.created",
        "id": credential,
        "vault_id": vault,
    }
    assert others.types() == ["vault.created", *["vault_credential.created"] * 3]
    call.delete(f"/vaults/{vault}/credentials/{credential}")
    call.post(f"/vaults/{vault}/archive")
    kinds = ["archived", "archived", "deleted"]
    assert sorted(others.types()) == ["vault.archived", *(f"vault_credential.{kind}" for kind in kinds)]
    call.delete(f"/vaults/{vault}")
    assert sorted(others.types()) == ["vault.deleted", *["vault_credential.deleted"] * 2]


@pytest.mark.rule(
    "an endpoint gets only what it has subscribed to; here that is sessions unless it is told otherwise",
    topic="webhooks",
    evidence="doc",
    note="that it is sessions by default is ours",
)
def test_what_an_endpoint_has_not_subscribed_to_is_not_told():
    told = Told(going(), wanted=("vault", "agent.archived"))
    told.call.session()
    agent = told.call.post("/agents", AGENT)["id"]
    told.call.post(f"/agents/{agent}/archive")
    vault = told.call.post("/vaults", {"display_name": "v"})["id"]
    auth = {"type": "static_bearer", "token": "x", "mcp_server_url": "https://mcp.example.com"}
    told.call.post(f"/vaults/{vault}/credentials", {"auth": auth})
    assert told.types() == ["agent.archived", "vault.created"]
