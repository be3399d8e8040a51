"""Deployments and their runs, through the client; a schedule's time passes when a test says so."""

import anthropic
import pytest

from tests.kit.calling import AGENT, SAY_GO, Caller, serving, strict
from tests.kit.passing import Time
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.sessions import message
from utilities.replay.resources import deployments as module
from utilities.replay.webhooks.outbox import Outbox

pytestmark = pytest.mark.slow

GO = SAY_GO["events"]
NOON = {"type": "cron", "expression": "0 12 * * *", "timezone": "UTC"}
BUDGET = {"type": "limit", "max_list_cost": {"amount": "2000", "currency": "USD"}}
REPOSITORY = {"type": "github_repository", "url": "https://github.com/example/code"}


@pytest.fixture
def server():
    return serving(going())


@pytest.fixture
def time(server):
    return Time(server)


@pytest.fixture
def beta(server, time):
    with server:
        yield strict(server).beta


@pytest.fixture
def agent(beta):
    return beta.agents.create(**AGENT)


@pytest.fixture
def cloud(beta):
    return beta.environments.create(name="cloud")


@pytest.fixture
def deploy(beta, agent, cloud):
    """Creates a deployment with what is needed, and what a test adds."""

    def deploy(**fields):
        needed = {"name": "nightly", "agent": agent.id, "environment_id": cloud.id, "initial_events": GO}
        return beta.deployments.create(**{**needed, **fields})

    return deploy


def refused(status=400):
    return pytest.raises(anthropic.APIStatusError, match=f"^Error code: {status}")


# -- the resource ------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "a deployment pins the agent's version: the latest or the one given; an update with an id pins anew",
    topic="deployments",
    evidence="sdk",
    source="the docstrings of `agent`",
)
def test_a_deployment_pins_its_agents_version(beta, deploy, agent):
    deployment = deploy()
    assert (deployment.agent.id, deployment.agent.version) == (agent.id, 1)
    beta.agents.update(agent.id, version=1, system="brief")
    assert beta.deployments.retrieve(deployment.id).agent.version == 1
    assert deploy(agent={"type": "agent", "id": agent.id, "version": 1}).agent.version == 1
    assert beta.deployments.update(deployment.id, agent=agent.id).agent.version == 2
    run = beta.deployments.run(deployment.id)
    assert run.agent.version == beta.sessions.retrieve(run.session_id).agent.version == 2


@pytest.mark.rule(
    "a deployment shows what it was given, but for a repository's token",
    topic="deployments",
    evidence="sdk",
    source="the docstring of `resources`",
)
def test_what_a_deployment_shows(beta, deploy):
    file = beta.files.upload(file=("a.txt", b"a"))
    store = beta.memory_stores.create(name="notes")
    resources = [
        {**REPOSITORY, "authorization_token": "ghp_secret", "mount_path": "/workspace/code"},
        {"type": "file", "file_id": file.id, "mount_path": "a.txt"},
        {"type": "memory_store", "memory_store_id": store.id, "access": "read_only"},
    ]
    vault = beta.vaults.create(display_name="v")
    made = deploy(
        description="d", resources=resources, vault_ids=[vault.id], budget=BUDGET, metadata={"team": "x"},
    )  # fmt: skip
    assert made == beta.deployments.retrieve(made.id)
    shown = made.to_dict(mode="json")
    assert "ghp_secret" not in str(shown)
    assert shown["resources"] == [{**REPOSITORY, "mount_path": "/workspace/code"}, *resources[1:]]
    assert shown["initial_events"] == GO and shown["budget"] == BUDGET and shown["vault_ids"] == [vault.id]
    assert (shown["status"], shown["paused_reason"], shown["schedule"]) == ("active", None, None)
    assert (shown["description"], shown["metadata"]) == ("d", {"team": "x"})
    session = beta.sessions.retrieve(beta.deployments.run(made.id).session_id)
    assert [resource.type for resource in session.resources] == [resource["type"] for resource in resources]
    assert session.vault_ids == [vault.id]


@pytest.mark.rule(
    "a deployment without a budget has no such key", topic="deployments", evidence="sdk",
    source="the docstring of `budget`",
)  # fmt: skip
def test_no_budget_is_no_key(deploy):
    assert "budget" not in deploy().to_dict()


@pytest.mark.rule(
    "a deployment has 1 to 50 initial events, at least one of which starts work; system.message is taken too",
    topic="deployments",
    evidence="doc",
)
@pytest.mark.rule(
    "among a deployment's events a system.message comes last too, behind a message, and for models that "
    "take it",
    topic="deployments", evidence="sdk", source="beta_managed_agents_system_message_event_params.py",
    note="that it is looked at when the deployment is saved is ours",
)  # fmt: skip
def test_initial_events_of_a_deployment(beta, deploy):
    note = {"type": "system.message", "content": [{"type": "text", "text": "be brief"}]}
    taking = beta.agents.create(name="taking", model="claude-opus-5").id
    made = deploy(agent=taking, initial_events=[*GO, note])
    assert [event.type for event in made.initial_events] == ["user.message", "system.message"]
    for events in ([], [note], [*GO] * 51, [note, *GO], [*GO, note, note]):
        with refused():
            deploy(agent=taking, initial_events=events)
    with refused() as unable:
        deploy(initial_events=[*GO, note])
    assert "model_does_not_support_mid_conversation_system" in str(unable.value)
    with refused() as too_old:
        deploy(agent={"type": "agent", "id": taking, "version": 0})
    assert "agent.version: must be at least 1" in str(too_old.value)


@pytest.mark.rule(
    "a deployment has a name, at most 500 resources and 50 vaults, and 16 pairs of metadata",
    topic="deployments",
    evidence="sdk",
)
def test_limits_of_a_deployment(beta, deploy):
    file = beta.files.upload(file=("a.txt", b"a")).id
    vault = beta.vaults.create(display_name="v").id
    mounts = [{"type": "file", "file_id": file, "mount_path": f"{number}"} for number in range(501)]
    assert len(deploy(resources=mounts[:500], vault_ids=[vault] * 50).resources) == 500
    wrong = [
        {"name": " "},
        {"resources": mounts},
        {"vault_ids": [vault] * 51},
        {"metadata": dict.fromkeys("abcdefghijklmnopq", "")},
    ]
    for fields in wrong:
        with refused():
            deploy(**fields)


@pytest.mark.rule(
    "what a deployment names must be there and in use: agent, environment, vaults, files, stores",
    topic="deployments",
    evidence="ours",
    note="the SDK says it of the agent; when the others are looked at isn't known",
)
def test_what_a_deployment_names_must_be_of_use(beta, deploy):
    gone = {
        "agent": "agent_x",
        "environment_id": "env_x",
        "vault_ids": ["vlt_x"],
        "resources": [{"type": "file", "file_id": "file_x"}],
    }
    for field, value in gone.items():
        with refused(404):
            deploy(**{field: value})
    agent = beta.agents.archive(beta.agents.create(**AGENT).id).id
    environment = beta.environments.archive(beta.environments.create(name="old").id).id
    vault = beta.vaults.archive(beta.vaults.create(display_name="old").id).id
    for fields in ({"agent": agent}, {"environment_id": environment}, {"vault_ids": [vault]}):
        with refused():
            deploy(**fields)


@pytest.mark.rule(
    "a deployment to a self-hosted environment can have memory stores and nothing else",
    topic="deployments",
    evidence="doc",
)
def test_a_deployment_to_a_sandbox_of_ones_own(beta, deploy):
    own = beta.environments.create(name="own", config={"type": "self_hosted"}).id
    store = beta.memory_stores.create(name="notes").id
    made = deploy(environment_id=own, resources=[{"type": "memory_store", "memory_store_id": store}])
    session = beta.deployments.run(made.id).session_id
    assert [item.data.id for item in beta.environments.work.list(own)] == [session]
    with refused():
        deploy(environment_id=own, resources=[REPOSITORY])


@pytest.mark.rule(
    "a deployment's budget needs models with a price, and is copied onto each session; it can be set again",
    topic="deployments",
    evidence="doc",
)
def test_a_deployments_budget(beta, deploy):
    made = deploy(budget=BUDGET)
    first = beta.deployments.run(made.id).session_id
    assert "budget" not in beta.deployments.update(made.id, budget=None).to_dict()
    second = beta.deployments.run(made.id).session_id
    assert beta.deployments.update(made.id, budget=BUDGET).budget.max_list_cost.amount == "2000"
    budgets = [beta.sessions.retrieve(id).budget for id in (first, second)]
    assert budgets[0].max_list_cost.amount == "2000" and budgets[1] is None
    dear = beta.agents.create(name="tester", model="claude-opus-99").id
    with pytest.raises(anthropic.BadRequestError, match="no list price"):
        deploy(agent=dear, budget=BUDGET)


@pytest.mark.rule(
    'an update keeps what is left out, replaces lists, schedule and budget whole; null, `[]`, "" clear',
    topic="deployments",
    evidence="sdk",
    source="the docstrings of deployment_update_params",
)
def test_an_update_of_a_deployment(beta, deploy):
    vault = beta.vaults.create(display_name="v").id
    made = deploy(
        description="d", schedule=NOON, vault_ids=[vault], resources=[REPOSITORY], metadata={"a": "1"}
    )
    same = beta.deployments.update(made.id, name="other")
    assert same.to_dict() == {**made.to_dict(), "name": "other", "updated_at": same.updated_at}
    patched = beta.deployments.update(made.id, metadata={"a": None, "b": "2"})
    assert patched.metadata == {"b": "2"}
    cleared = beta.deployments.update(made.id, description="", schedule=None, vault_ids=None, resources=[])
    assert (cleared.description, cleared.schedule, cleared.vault_ids, cleared.resources) == (
        None,
        None,
        [],
        [],
    )
    for field in ("agent", "environment_id", "name", "initial_events"):
        with refused():
            beta.deployments.update(made.id, **{field: None})


@pytest.mark.rule(
    "deployments are listed by agent, status and time; `status` can't be combined with `include_archived`",
    topic="deployments",
    evidence="sdk",
    source="deployment_list_params.py",
)
def test_lists_of_deployments(beta, deploy):
    first, second, third = deploy(), deploy(), deploy()
    other = deploy(agent=beta.agents.create(**AGENT).id)
    beta.deployments.pause(second.id)
    beta.deployments.archive(third.id)

    def listed(**query):
        return [deployment.id for deployment in beta.deployments.list(**query)]

    assert listed() == [other.id, second.id, first.id]
    assert listed(include_archived=True, limit=2) == [other.id, third.id, second.id, first.id]
    assert listed(status="paused") == [second.id]
    assert listed(status="active") == [other.id, first.id]
    assert listed(agent_id=other.agent.id) == [other.id]
    assert listed(created_at_lte=second.created_at) == [second.id, first.id]
    with refused():
        listed(status="active", include_archived=True)


def test_a_deployment_that_is_not_there(beta):
    for call in (beta.deployments.retrieve, beta.deployments.run, beta.deployments.pause):
        with refused(404):
            call("depl_x")
    with refused(404):
        beta.deployment_runs.retrieve("drun_x")


# -- pausing and archiving ---------------------------------------------------------------------------------


@pytest.mark.rule(
    "pause stops the schedule, not runs by hand; unpause goes on with the next time, making up for nothing",
    topic="deployments",
    evidence="doc",
)
def test_pausing(beta, deploy, time):
    made = deploy(schedule=NOON)
    paused = beta.deployments.pause(made.id)
    assert (paused.status, paused.paused_reason.type) == ("paused", "manual")
    assert paused.schedule.upcoming_runs_at == made.schedule.upcoming_runs_at  # what it would do
    assert beta.deployments.pause(made.id) == paused
    time.passes(days=3)
    assert list(beta.deployment_runs.list(deployment_id=made.id)) == []
    assert beta.deployments.run(made.id).session_id is not None
    going_on = beta.deployments.unpause(made.id)
    assert (going_on.status, going_on.paused_reason) == ("active", None)
    assert beta.deployments.unpause(made.id) == going_on
    time.passes(days=1)
    runs = list(beta.deployment_runs.list(deployment_id=made.id, trigger_type="schedule"))
    assert [run.trigger_context.scheduled_at for run in runs] == going_on.schedule.upcoming_runs_at[:1]


@pytest.mark.rule(
    "an archived deployment says active, has no times ahead, and can't be changed, paused or run",
    topic="deployments",
    evidence="sdk",
    source="the docstrings of `status` and `upcoming_runs_at`",
)
def test_an_archived_deployment(beta, deploy, time):
    made = deploy(schedule=NOON)
    time.passes(days=1)
    beta.deployments.pause(made.id)
    archived = beta.deployments.archive(made.id)
    assert (archived.status, archived.paused_reason) == ("active", None) and archived.archived_at is not None
    assert archived.schedule.upcoming_runs_at == [] and archived.schedule.last_run_at is not None
    assert beta.deployments.archive(made.id) == archived
    deployments = beta.deployments
    for call in (deployments.run, deployments.pause, deployments.unpause, deployments.update):
        with refused():
            call(made.id)
    time.passes(days=3)
    assert len(list(beta.deployment_runs.list(deployment_id=made.id))) == 1


@pytest.mark.rule(
    "archiving an agent archives its deployments in the same operation, and records no run",
    topic="deployments",
    evidence="doc",
)
def test_an_archived_agent_takes_its_deployments_along(beta, deploy, agent, time):
    made, other = deploy(schedule=NOON), deploy(agent=beta.agents.create(**AGENT).id)
    beta.agents.archive(agent.id)
    assert beta.deployments.retrieve(made.id).archived_at is not None
    assert beta.deployments.retrieve(other.id).archived_at is None
    time.passes(days=2)
    assert list(beta.deployment_runs.list()) == []


# -- runs --------------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "a run by hand starts a session at once, which says by which deployment, and is listed by it",
    topic="deployments",
    evidence="doc",
)
def test_a_run_by_hand(beta, deploy):
    made, other = deploy(), deploy()
    run = beta.deployments.run(made.id)
    assert run.trigger_context.type == "manual" and run.error is None
    assert beta.deployment_runs.retrieve(run.id) == run
    session = beta.sessions.retrieve(run.session_id)
    assert session.deployment_id == made.id
    types = [event.type for event in beta.sessions.events.list(session.id)]
    assert types == [event["type"] for event in going().events]
    beta.deployments.run(other.id)
    assert [s.id for s in beta.sessions.list(deployment_id=made.id)] == [session.id]
    assert len(list(beta.sessions.list())) == 2


@pytest.mark.rule(
    "up to 5 times ahead are told, without jitter; runs by hand leave `last_run_at` as it is",
    topic="deployments",
    evidence="sdk",
    source="the docstrings of `upcoming_runs_at` and `last_run_at`",
)
@pytest.mark.rule(
    "a schedule counts from the recordings' time, with the seconds that the server has been running since",
    topic="deployments",
    evidence="ours",
)
def test_a_schedule(beta, deploy, time):
    made = deploy(schedule=NOON)
    ahead = made.schedule.upcoming_runs_at
    assert len(ahead) == 5 and all((a.hour, a.minute) == (12, 0) for a in ahead)
    assert all((late - early).days == 1 for early, late in zip(ahead, ahead[1:], strict=False))
    assert 0 < (ahead[0] - made.created_at).total_seconds() < 86400
    assert beta.deployments.run(made.id) and beta.deployments.retrieve(made.id).schedule.last_run_at is None
    time.passes(days=2)
    runs = list(beta.deployment_runs.list(deployment_id=made.id, trigger_type="schedule"))
    assert [run.trigger_context.scheduled_at for run in runs] == [ahead[1], ahead[0]]
    assert all(run.created_at >= run.trigger_context.scheduled_at for run in runs)
    assert len({run.session_id for run in runs}) == 2
    schedule = beta.deployments.retrieve(made.id).schedule
    assert schedule.last_run_at == runs[0].created_at and schedule.upcoming_runs_at[:3] == ahead[2:]


def test_a_new_schedule_counts_from_now(beta, deploy, time):
    made = deploy(schedule=NOON)
    hourly = {**NOON, "expression": "30 * * * *"}
    changed = beta.deployments.update(made.id, schedule=hourly)
    assert changed.schedule.upcoming_runs_at[0].minute == 30
    time.passes(hours=2)
    assert len(list(beta.deployment_runs.list())) == 2
    beta.deployments.update(made.id, schedule=None)
    time.passes(days=2)
    assert len(list(beta.deployment_runs.list())) == 2


def test_schedules_run_in_the_order_of_their_times(beta, deploy, time):
    by_hour = deploy(schedule={**NOON, "expression": "0 * * * *"})
    by_half = deploy(schedule={**NOON, "expression": "*/30 * * * *"})
    time.passes(hours=3)
    runs = list(beta.deployment_runs.list())[::-1]
    moments = [run.trigger_context.scheduled_at for run in runs]
    assert moments == sorted(moments) and len(runs) == 9
    assert {run.deployment_id for run in runs} == {by_hour.id, by_half.id}


def test_a_schedule_that_is_none(deploy):
    with pytest.raises(anthropic.BadRequestError, match=r"schedule\.expression: '\?' is no day"):
        deploy(schedule={**NOON, "expression": "0 9 ? * *"})
    with pytest.raises(anthropic.BadRequestError, match=r"schedule\.timezone"):
        deploy(schedule={**NOON, "timezone": "Mars/Olympus"})


@pytest.mark.rule("at most 1,000 deployments have a schedule", topic="deployments", evidence="doc")
def test_how_many_schedules_there_can_be(beta, deploy, monkeypatch):
    monkeypatch.setattr(module, "MOST_SCHEDULED", 1)
    made, manual = deploy(schedule=NOON), deploy()
    for create in (lambda: deploy(schedule=NOON), lambda: beta.deployments.update(manual.id, schedule=NOON)):
        with refused():
            create()
    assert beta.deployments.update(made.id, schedule={**NOON, "expression": "0 13 * * *"}).schedule
    beta.deployments.archive(made.id)
    assert deploy(schedule=NOON).schedule is not None


@pytest.mark.rule(
    "runs are listed by deployment, trigger, error and time; a deployment that isn't there has none",
    topic="deployments",
    evidence="sdk",
    source="deployment_run_list_params.py",
)
def test_lists_of_runs(beta, deploy, cloud, time):
    made = deploy(schedule=NOON)
    by_hand = beta.deployments.run(made.id)
    time.passes(days=1)
    beta.environments.archive(cloud.id)
    failed = beta.deployments.run(made.id)

    def listed(**query):
        return [run.id for run in beta.deployment_runs.list(**query)]

    everything = listed()
    assert len(everything) == 3 and everything[0] == failed.id and everything[2] == by_hand.id
    assert listed(has_error=True) == [failed.id]
    assert listed(has_error=False) == everything[1:]
    assert listed(trigger_type="schedule") == everything[1:2]
    assert listed(trigger_type="manual", limit=1) == [failed.id, by_hand.id]
    assert listed(created_at_gt=by_hand.created_at) == everything[:2]
    assert listed(deployment_id="depl_x") == []


# -- failures ----------------------------------------------------------------------------------------------


def archive_environment(beta, made):
    beta.environments.archive(made["environment_id"])


def delete_environment(beta, made):
    beta.environments.delete(made["environment_id"])


def archive_vault(beta, made):
    beta.vaults.archive(made["vault_ids"][0])


def delete_vault(beta, made):
    beta.vaults.delete(made["vault_ids"][0])


def delete_file(beta, made):
    beta.files.delete(made["resources"][0]["file_id"])


def archive_store(beta, made):
    beta.memory_stores.archive(made["resources"][1]["memory_store_id"])


def delete_store(beta, made):
    beta.memory_stores.delete(made["resources"][1]["memory_store_id"])


def archive_helper(beta, made):
    helper = next(agent for agent in beta.agents.list() if agent.name == "helper")
    beta.agents.archive(helper.id)


def host_it_oneself(beta, made):
    beta.environments.update(made["environment_id"], config={"type": "self_hosted"})


def close_the_network(beta, made):
    limited = {"type": "limited", "allowed_hosts": ["*.example.org"]}
    beta.environments.update(made["environment_id"], config={"type": "cloud", "networking": limited})


FAILURES = [
    (archive_environment, "environment_archived_error"),
    (delete_environment, "environment_not_found_error"),
    (archive_vault, "vault_archived_error"),
    (delete_vault, "vault_not_found_error"),
    (delete_file, "file_not_found_error"),
    (archive_store, "memory_store_archived_error"),
    (delete_store, "session_resource_not_found_error"),
    (archive_helper, "agent_archived_error"),
    (host_it_oneself, "self_hosted_resources_unsupported_error"),
    (close_the_network, "mcp_egress_blocked_error"),
]


@pytest.fixture
def fragile(beta, deploy):
    """A deployment with one of everything that can go."""
    helper = beta.agents.create(**{**AGENT, "name": "helper"})
    server = {"type": "url", "name": "crm", "url": "https://mcp.example.com/sse"}
    agent = beta.agents.create(
        **AGENT, mcp_servers=[server], tools=[{"type": "mcp_toolset", "mcp_server_name": "crm"}],
        multiagent={"type": "coordinator", "agents": [helper.id]},
    )  # fmt: skip
    file = beta.files.upload(file=("a.txt", b"a"))
    store = beta.memory_stores.create(name="notes")
    resources = [
        {"type": "file", "file_id": file.id},
        {"type": "memory_store", "memory_store_id": store.id},
    ]
    vault = beta.vaults.create(display_name="v")
    return deploy(agent=agent.id, resources=resources, vault_ids=[vault.id], schedule=NOON)


@pytest.mark.rule(
    "a scheduled run that can't start a session says why, and pauses the deployment with the same error",
    topic="deployments",
    evidence="doc",
    note="which of several reasons is told isn't known",
)
@pytest.mark.parametrize(("breaks", "type"), FAILURES, ids=[type for _, type in FAILURES])
def test_a_scheduled_run_that_fails(beta, fragile, time, breaks, type):
    breaks(beta, fragile.to_dict())
    time.passes(days=3)
    (run,) = beta.deployment_runs.list(deployment_id=fragile.id)
    assert (run.error.type, run.session_id) == (type, None) and run.error.message
    paused = beta.deployments.retrieve(fragile.id)
    assert (paused.status, paused.paused_reason.type) == ("paused", "error")
    assert paused.paused_reason.error.type == type


def test_what_can_go_is_there_at_first(beta, fragile, time):
    time.passes(days=1)
    (run,) = beta.deployment_runs.list()
    assert run.error is None and beta.deployments.retrieve(fragile.id).status == "active"


@pytest.mark.rule(
    "a run by hand that can't start a session is answered with the failed run, and pauses nothing",
    topic="deployments",
    evidence="ours",
    note="the documentation pauses when a scheduled run fails; of runs by hand it says nothing",
)
def test_a_run_by_hand_that_fails(beta, deploy, cloud):
    made = deploy(schedule=NOON)
    beta.environments.archive(cloud.id)
    run = beta.deployments.run(made.id)
    assert run.error.type == "environment_archived_error" and cloud.id in run.error.message
    assert beta.deployments.retrieve(made.id).status == "active"
    beta.deployments.update(made.id, environment_id=beta.environments.create(name="new").id)
    assert beta.deployments.run(made.id).error is None


@pytest.mark.rule(
    "a scheduled run whose session is refused for another reason has `session_creation_rejected_error` "
    "and pauses nothing; by hand, what no recording continues is 400",
    topic="deployments",
    evidence="sdk",
    source="the types of reasons to pause don't have it",
)
def test_what_no_recording_continues(beta, deploy, time):
    made = deploy(schedule=NOON, initial_events=[message("what nobody recorded")])
    with pytest.raises(anthropic.BadRequestError, match="no recording continues"):
        beta.deployments.run(made.id)
    time.passes(days=1)
    (run,) = beta.deployment_runs.list()
    assert run.error.type == "session_creation_rejected_error"
    assert beta.deployments.retrieve(made.id).status == "active"


# -- webhooks ----------------------------------------------------------------------------------------------


@pytest.mark.rule(
    "a deployment's life is told, and scheduled runs (started, then succeeded or failed, under one id); "
    "runs by hand aren't",
    topic="webhooks",
    evidence="doc",
)
def test_what_is_told_of_deployments():
    call = Caller(Script("going"), going())
    outbox = Outbox(("deployment", "deployment_run"))
    call.api.tell_to(outbox)

    def told():
        data = [delivery.data for delivery in outbox.take()]
        return [one["type"] for one in data], {one["id"] for one in data}

    agent = call.post("/agents", AGENT)["id"]
    environment = call.post("/environments", {"name": "e"})["id"]
    body = {
        "name": "d",
        "agent": agent,
        "environment_id": environment,
        "initial_events": GO,
        "schedule": NOON,
    }
    path = f"/deployments/{call.post('/deployments', body)['id']}"
    call.post(path, {"description": "d"})
    call.post(path, {"description": "d"})
    for verb in ("pause", "pause", "unpause", "unpause", "run"):
        call.post(f"{path}/{verb}")
    kinds = ["created", "updated", "paused", "unpaused"]
    assert told() == ([f"deployment.{kind}" for kind in kinds], {path.rpartition("/")[2]})
    call.now += 86400
    runs = call.get("/deployment_runs", trigger_type="schedule")["data"]
    assert told() == (["deployment_run.started", "deployment_run.succeeded"], {runs[0]["id"]})
    call.post(f"/environments/{environment}/archive")
    call.now += 86400
    call.get(path)
    assert told()[0] == ["deployment_run.started", "deployment_run.failed", "deployment.paused"]
    call.post(f"/agents/{agent}/archive")
    call.post(f"{path}/archive")
    assert told()[0] == ["deployment.archived"]
