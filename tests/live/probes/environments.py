"""Environments: names, their end, networking."""

from __future__ import annotations

from tests.live.probe import Finding, found, probe, reply
from tests.live.run import Run


@probe(
    "an environment can't have a name that another active one has: 409",
    rule="an environment's name that an active one has",
    question="environment-names",
)
def environment_names(run: Run) -> Finding:
    first = run.environment("twice")
    got = reply(run.once.beta.environments.create, name=first.name, metadata=run.marks)
    return found(got.status == 409, got, answer="any" if got.status == 200 else "unique")


@probe(
    "the name of an archived environment is free again", rule="an environment's name that an active one has"
)
def the_name_of_an_archived_environment(run: Run) -> Finding:
    first = run.environment("freed")
    run.client.beta.environments.archive(first.id)
    got = reply(run.once.beta.environments.create, name=first.name, metadata=run.marks)
    return found(got.status == 200, got)


@probe(
    "an environment that a session refers to can't be deleted",
    rule="an environment that a session refers to isn't deleted",
)
def an_environment_in_use(run: Run) -> Finding:
    environment = run.environment("used")
    run.session(environment_id=environment.id)
    got = reply(run.once.beta.environments.delete, environment.id)
    return found(got.status in (400, 409), got)


@probe(
    "an archived environment can't be used by new sessions: 400", rule="an archived environment can't be used"
)
def an_archived_environment(run: Run) -> Finding:
    environment = run.environment("archived")
    run.client.beta.environments.archive(environment.id)
    wanted = run.wanted | {"environment_id": environment.id}
    got = reply(run.once.beta.sessions.create, **wanted)
    return found(got.status == 400, got)


@probe(
    "archiving an environment again changes nothing", rule="archiving an environment again changes nothing"
)
def archiving_an_environment_twice(run: Run) -> Finding:
    environment = run.environment("archived-twice")
    first = run.client.beta.environments.archive(environment.id)
    got = reply(run.once.beta.environments.archive, environment.id)
    return found(got.status == 200 and got.result.archived_at == first.archived_at, got)


@probe(
    "packages under limited networking need `allow_package_managers`: 400",
    rule="packages under limited networking need",
)
def packages_under_limited_networking(run: Run) -> Finding:
    config = {"type": "cloud", "networking": {"type": "limited"}, "packages": {"pip": ["six"]}}
    wanted = {"name": run.name("packages"), "config": config, "metadata": run.marks}
    got = reply(run.once.beta.environments.create, **wanted)
    return found(got.status == 400, got)


@probe("`config.type: anthropic_cloud` is accepted", rule="the type `anthropic_cloud`")
def the_type_anthropic_cloud(run: Run) -> Finding:
    wanted = {
        "name": run.name("anthropic-cloud"),
        "config": {"type": "anthropic_cloud"},
        "metadata": run.marks,
    }
    got = reply(run.once.beta.environments.create, **wanted)
    return found(got.status == 200, got)


@probe("`scope: account` is refused with 400", rule="`scope: account` is 400")
def the_scope_account(run: Run) -> Finding:
    wanted = {"name": run.name("account"), "scope": "account", "metadata": run.marks}
    got = reply(run.once.beta.environments.create, **wanted)
    return found(got.status == 400, got)


@probe(
    "a file can't be a resource in a self-hosted environment: 400",
    rule="a session of a self-hosted environment gets memory stores only",
)
def a_file_in_a_self_hosted_environment(run: Run) -> Finding:
    environment = run.environment("self-hosted", config={"type": "self_hosted"})
    mounted = [{"type": "file", "file_id": run.file("self-hosted").id}]
    wanted = run.wanted | {"environment_id": environment.id}
    got = reply(run.once.beta.sessions.create, **wanted, resources=mounted)
    return found(got.status == 400, got)
