"""What was left running is found by its mark, and ended without harm to anything else."""

from datetime import datetime, timedelta

import pytest
from anthropic import APIConnectionError, AsyncAnthropic, Middleware

from tests.kit.asked import _answers, pytest_generate_tests  # noqa: F401 (pytest takes them from here)
from tests.kit.calling import AGENT, serving, strict
from tests.kit.names import fresh
from tests.kit.recordings import Script
from tests.kit.scripts import going
from tests.kit.serving import broken
from utilities import stream_until_end_turn, user_message
from utilities.leftovers import KINDS, leftovers, sweep
from utilities.replay import Faults

MARK = {"job": "nightly"}
MINE = {"metadata": {**MARK, "more": "of it"}}
HOST = "https://mcp.example.com/"


def waiting():
    """A turn that waits for an answer."""
    script = Script("waiting")
    script.message("ask")
    script.idle("requires_action", [script.custom("lookup", key="a")])
    return script


def long_turn():
    """A turn that is at work for an hour, and another message."""
    script = Script()
    script.message("go")
    script.say("begun", after=0.01)
    script.say("working", after=3600.0)
    script.idle()
    script.message("and then")
    script.say("done")
    script.idle()
    return script


@pytest.fixture
def client():
    with serving(waiting(), going()) as server, strict(server) as client:
        yield client


def credential_in(client, vault, **more):
    auth = {"type": "static_bearer", "mcp_server_url": HOST + fresh(), "token": "secret"}
    return client.beta.vaults.credentials.create(vault.id, auth=auth, **more)


def vault_of(client, **more):
    return client.beta.vaults.create(display_name="trial", **more)


def parts_of(client, **more):
    agent = client.beta.agents.create(**AGENT, **more)
    return agent, client.beta.environments.create(name=fresh(), **more)


def session_of(client, parts, **more):
    agent, environment = parts
    return client.beta.sessions.create(agent=agent.id, environment_id=environment.id, **more)


def deployment_of(client, parts, **more):
    agent, environment = parts
    return client.beta.deployments.create(
        name="daily",
        agent=agent.id,
        environment_id=environment.id,
        initial_events=[user_message("go")],
        **more,
    )


def send(client, session, text):
    client.beta.sessions.events.send(session.id, events=[user_message(text)])


class OutOfOrder(Middleware):
    """Nothing that names this id can be archived."""

    def __init__(self, id):
        self.id = id

    def handle(self, request, call_next):
        if f"{self.id}/archive" in request.url:
            raise broken(request)
        return call_next(request)


def ids(items):
    return {item.id for item in items}


def test_each_kind_that_has_metadata_is_found_and_ended(client):
    parts = parts_of(client, **MINE)
    vault = vault_of(client, **MINE)
    credential = credential_in(client, vault)
    session = session_of(client, parts, vault_ids=[vault.id], title="one", **MINE)
    deployment = deployment_of(client, parts, **MINE)

    found = leftovers(client, MARK)

    assert [item.kind for item in found] == list(KINDS)
    assert ids(found) == {credential.id, vault.id, session.id, deployment.id, *ids(parts)}
    swept = sweep(client, found, dry_run=False)
    assert list(swept.ended) == found and swept.left == swept.failed == ()
    assert leftovers(client, MARK) == []
    assert client.beta.sessions.retrieve(session.id).archived_at
    assert client.beta.vaults.credentials.retrieve(credential.id, vault_id=vault.id).archived_at


def test_a_dry_run_says_the_same_and_changes_nothing(client):
    vault = vault_of(client, **MINE)
    session = session_of(client, parts_of(client), vault_ids=[vault.id], title="one", **MINE)
    found = leftovers(client, MARK)

    looked = sweep(client, found)

    assert str(looked).splitlines() == [
        f"would end session {session.id} 'one', idle",
        f"would end vault {vault.id} 'trial'",
    ]
    assert leftovers(client, MARK) == found
    assert sweep(client, found, dry_run=False).ended == looked.ended


@pytest.mark.parametrize("other", [{}, {"job": "daily"}, {"job": "nightly"}, {"more": "of it"}], ids=str)
def test_what_has_not_the_whole_mark_is_nobodys_to_sweep(other, client):
    vault = vault_of(client, metadata=other)
    credential_in(client, vault, metadata=other)
    session_of(client, parts_of(client, metadata=other), vault_ids=[vault.id], metadata=other)
    assert leftovers(client, MINE["metadata"]) == []


def test_an_empty_mark_is_refused(client):
    with pytest.raises(ValueError, match="on everything"):
        leftovers(client, {})


def test_an_async_client_is_refused():
    with pytest.raises(TypeError, match="needs Anthropic"):
        leftovers(AsyncAnthropic(api_key="x"), MARK)


def test_a_session_that_waits_stays_and_so_does_all_that_it_uses(client):
    parts, vault = parts_of(client, **MINE), vault_of(client, **MINE)
    credential = credential_in(client, vault)
    session = session_of(client, parts, vault_ids=[vault.id], **MINE)
    assert stream_until_end_turn(client, session.id, "ask").outcome == "requires_action"
    idle = session_of(client, parts, **MINE)

    swept = sweep(client, leftovers(client, MARK), dry_run=False)

    assert ids(swept.ended) == {idle.id}
    reasons = {item.id: why for item, why in swept.left}
    assert reasons.pop(session.id) == "it waits for a decision"
    assert reasons == dict.fromkeys(
        [credential.id, vault.id, *(part.id for part in reversed(parts))], f"still used by {session.id}"
    )
    assert str(swept).splitlines()[1].startswith(f"left session {session.id}, idle (requires_action): ")

    told = sweep(client, leftovers(client, MARK), dry_run=False, waiting=True)
    assert ids(told.ended) == {session.id, credential.id, vault.id, *ids(parts)}


def test_a_session_that_begins_to_wait_after_it_was_listed_stays(client):
    session = session_of(client, parts_of(client), **MINE)
    found = leftovers(client, MARK)
    stream_until_end_turn(client, session.id, "ask")
    swept = sweep(client, found, dry_run=False)
    assert swept.ended == () and swept.left == ((found[0], "it waits for a decision"),)
    assert found[0].id == session.id


@pytest.mark.parametrize("waiting", [False, True], ids=["", "waiting"])
def test_a_session_that_has_gone_on_since_it_was_listed_stays(waiting, client):
    session = session_of(client, parts_of(client), **MINE)
    [item] = found = leftovers(client, MARK)
    stream_until_end_turn(client, session.id, "go")

    swept = sweep(client, found, dry_run=False, waiting=waiting)

    assert swept.ended == () and swept.left == ((item, "it has gone on since it was listed"),)
    assert client.beta.sessions.retrieve(session.id).archived_at is None
    assert ids(sweep(client, leftovers(client, MARK), dry_run=False).ended) == {session.id}


def test_a_message_that_nobody_has_taken_up_yet_is_a_sign_too():
    with serving(long_turn(), speed=1.0) as server, strict(server) as client:
        session = session_of(client, parts_of(client), **MINE)
        send(client, session, "go")
        found = leftovers(client, MARK)
        send(client, session, "and then")
        swept = sweep(client, found, dry_run=False)
        assert swept.left == ((found[0], "it has gone on since it was listed"),)
        [again] = leftovers(client, MARK)
        assert again.since >= found[0].since > session.created_at


def test_what_is_used_since_it_was_listed_stays(client):
    parts, vault = parts_of(client, **MINE), vault_of(client, **MINE)
    credential = credential_in(client, vault)
    found = leftovers(client, MARK)
    theirs = session_of(client, parts, vault_ids=[vault.id])

    for dry_run in (True, False):
        swept = sweep(client, found, dry_run=dry_run)
        assert swept.ended == ()
        assert {item.id: why for item, why in swept.left} == dict.fromkeys(
            [credential.id, vault.id, *ids(parts)], f"still used by {theirs.id}"
        )


def test_what_is_used_no_more_since_it_was_listed_goes(client):
    vault = vault_of(client, **MINE)
    theirs = session_of(client, parts_of(client), vault_ids=[vault.id])
    found = leftovers(client, MARK)
    client.beta.sessions.archive(theirs.id)
    assert ids(sweep(client, found, dry_run=False).ended) == {vault.id}


def test_a_session_at_its_budget_waits_too():
    script = going()
    with serving(script, faults=Faults("budget")) as server, strict(server) as client:
        session = session_of(client, parts_of(client), **MINE)
        assert stream_until_end_turn(client, session.id, "go").outcome == "budget_reached"
        [item] = leftovers(client, MARK)
        assert item.waits and item.state == "idle (budget_reached)"


def test_what_others_use_stays_and_their_things_are_not_touched(client):
    parts, vault = parts_of(client, **MINE), vault_of(client, **MINE)
    theirs = session_of(client, parts, vault_ids=[vault.id])
    agent, environment = parts_of(client, **MINE)
    daily = deployment_of(client, (agent, parts_of(client)[1]))

    swept = sweep(client, leftovers(client, MARK), dry_run=False)

    assert ids(swept.ended) == {environment.id}
    assert {item.id: why for item, why in swept.left} == {
        vault.id: f"still used by {theirs.id}",
        parts[1].id: f"still used by {theirs.id}",
        parts[0].id: f"still used by {theirs.id}",
        agent.id: f"still used by {daily.id}",
    }
    assert client.beta.deployments.retrieve(daily.id).archived_at is None


def test_a_marked_credential_in_somebody_elses_vault_goes_alone(client):
    vault = vault_of(client)
    mine, theirs = credential_in(client, vault, **MINE), credential_in(client, vault)
    swept = sweep(client, leftovers(client, MARK), dry_run=False)
    assert ids(swept.ended) == {mine.id}
    assert [one.id for one in client.beta.vaults.credentials.list(vault.id)] == [theirs.id]
    assert client.beta.vaults.retrieve(vault.id).archived_at is None


def test_what_has_lost_its_mark_stays_and_a_vaults_credentials_with_it(client):
    vault = vault_of(client, **MINE)
    credential = credential_in(client, vault)
    session = session_of(client, parts_of(client), **MINE)
    found = leftovers(client, MARK)
    client.beta.vaults.update(vault.id, metadata={"job": None})
    client.beta.sessions.update(session.id, metadata={"job": "weekly"})

    swept = sweep(client, found, dry_run=False)

    assert swept.ended == ()
    assert {item.id: why for item, why in swept.left} == dict.fromkeys(
        [session.id, credential.id, vault.id], "it doesn't carry the mark any more"
    )


def test_an_archived_agents_live_session_is_found_and_says_so(client):
    parts = parts_of(client)
    session = session_of(client, parts, **MINE)
    client.beta.agents.archive(parts[0].id)
    [item] = leftovers(client, MARK)
    assert (item.id, item.state) == (session.id, "idle, its agent is archived")
    assert ids(sweep(client, [item], dry_run=False).ended) == {session.id}


def test_a_running_session_is_interrupted():
    with serving(long_turn(), speed=1.0) as server, strict(server) as client:
        session = session_of(client, parts_of(client), **MINE)
        send(client, session, "go")
        [item] = leftovers(client, MARK)
        assert item.state == "running"
        assert sweep(client, [item], dry_run=False).ended == (item,)
        sent = [event.type for event in client.beta.sessions.events.list(session.id)]
        assert "user.interrupt" in sent


def test_what_is_gone_meanwhile_is_no_error_and_isnt_counted(client):
    parts = parts_of(client, **MINE)
    deleted, archived = (session_of(client, parts, **MINE) for _ in range(2))
    found = leftovers(client, MARK)
    client.beta.sessions.delete(deleted.id)
    client.beta.sessions.archive(archived.id)
    client.beta.environments.archive(parts[1].id)
    swept = sweep(client, found, dry_run=False)
    assert (ids(swept.ended), swept.left, swept.failed) == ({parts[0].id}, (), ())


def test_the_error_of_one_does_not_stop_the_rest(client):
    vaults = [vault_of(client, **MINE) for _ in range(3)]
    found = leftovers(client, MARK)

    swept = sweep(client.copy(middleware=[OutOfOrder(vaults[1].id)]), found, dry_run=False)

    assert ids(swept.ended) == {vaults[0].id, vaults[2].id}
    [(item, error)] = swept.failed
    assert item.id == vaults[1].id and isinstance(error, APIConnectionError)
    assert f"failed vault {item.id} 'trial': APIConnectionError: " in str(swept)
    assert ids(leftovers(client, MARK)) == {item.id}


def test_only_what_has_shown_no_sign_of_life_for_so_long(client):
    parts = parts_of(client)
    old = session_of(client, parts, **MINE)
    stream_until_end_turn(client, old.id, "go")
    new = session_of(client, parts, **MINE)
    stream_until_end_turn(client, new.id, "go")
    since = {item.id: item.since for item in leftovers(client, MARK)}
    assert all(isinstance(moment, datetime) for moment in since.values())

    now = max(since.values()) + timedelta(hours=1)
    assert leftovers(client, MARK, older_than=timedelta(hours=2), now=now) == []
    found = leftovers(client, MARK, older_than=now - max(since.values()), now=now)
    assert max(since.values()) not in {item.since for item in found}


def test_each_event_of_a_turn_that_is_at_work_for_long_is_a_sign_of_life():
    with serving(long_turn(), speed=1.0) as server, strict(server) as client:
        session = session_of(client, parts_of(client), **MINE)
        with client.beta.sessions.events.stream(session.id) as stream:
            send(client, session, "go")
            begun = next(event for event in stream if event.type == "agent.message")
        [item] = leftovers(client, MARK)
        assert (item.state, item.since, item.last_event) == ("running", begun.processed_at, begun.id)
