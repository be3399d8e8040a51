"""What a program has made is remembered and ended, whatever state it is in."""

import subprocess
import sys
from contextlib import contextmanager
from secrets import token_hex

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.asked import _answers, pytest_generate_tests  # noqa: F401 (pytest takes them from here)
from tests.kit.calling import AGENT, serving, strict
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities import Made, made_with, stream_until_end_turn
from utilities.left_behind import MadeJournal

AUTH = {"type": "static_bearer", "mcp_server_url": "https://mcp.example.com/sse", "token": "secret"}


@pytest.fixture
def client():
    """Of a service that no test has met: another server may have had the same port."""
    with serving() as server, strict(server, key=token_hex(8)) as client:
        yield client


def an_agent_and_so_on(client, made):
    agent = made(client.beta.agents.create(**AGENT))
    environment = made(client.beta.environments.create(name="e"))
    files = [made(client.beta.files.upload(file=(name, b"1", "text/plain"))) for name in ("a", "b")]
    session = made(client.beta.sessions.create(agent=agent.id, environment_id=environment.id))
    return agent, environment, files, session


def test_all_is_ended_and_said_and_a_second_time_nothing_is_left(client):
    made = made_with(client)
    agent, environment, files, session = an_agent_and_so_on(client, made)

    assert str(made.end()) == "1 session, 1 environment and 1 agent archived, 2 files deleted"

    beta = client.beta
    assert all(
        one.retrieve(it.id).archived_at
        for one, it in ((beta.agents, agent), (beta.environments, environment), (beta.sessions, session))
    )
    for file in files:
        with pytest.raises(anthropic.NotFoundError):
            beta.files.retrieve_metadata(file.id)
    assert str(made.end()) == "nothing left to end: all of it has ended already"


def test_every_kind_that_the_api_creates(client):
    made, beta = made_with(client), client.beta
    vault = made(beta.vaults.create(display_name="Alice"))
    credential = made(beta.vaults.credentials.create(vault.id, auth=AUTH))
    store = made(beta.memory_stores.create(name="notes"))
    agent, environment = an_agent_and_so_on(client, made)[:2]
    turn = {"type": "user.message", "content": [{"type": "text", "text": "go"}]}
    deployment = beta.deployments.create(
        name="daily", agent=agent.id, environment_id=environment.id, initial_events=[turn]
    )
    made(deployment)

    ended = made.end()

    assert set(ended.archived) == {
        "session", "deployment", "environment", "agent", "vault_credential", "vault"
    }  # fmt: skip
    assert sorted(ended.deleted) == ["file", "file", "memory_store"]
    assert beta.deployments.retrieve(deployment.id).archived_at
    assert beta.vaults.credentials.retrieve(credential.id, vault_id=vault.id).archived_at
    with pytest.raises(anthropic.NotFoundError):
        beta.memory_stores.retrieve(store.id)


def test_a_session_whose_turn_is_under_way_is_interrupted_and_then_archived():
    script = Script()
    script.message("go")
    script.say("working", after=3600.0)
    script.idle()
    with served(script, speed=1.0) as session:
        client = session.client()
        made = made_with(client)
        made(client.beta.sessions.retrieve(session.session_id))
        go = {"type": "user.message", "content": [{"type": "text", "text": "go"}]}
        client.beta.sessions.events.send(session.session_id, events=[go])

        assert str(made.end()) == "1 session archived"
        assert "user.interrupt" in [event.type for event in session.history()]


def test_right_after_a_turn_the_status_is_waited_for():
    script = Script()
    script.message("go")
    script.idle()
    with served(script) as session:
        client = session.client()
        made = made_with(client)
        made(client.beta.sessions.retrieve(session.session_id))
        stream_until_end_turn(client, session.session_id, "go", timeout=20)
        assert str(made.end()) == "1 session archived"


def test_what_is_gone_already_is_no_error_and_is_not_counted(client):
    made = made_with(client)
    *_, (file, _), session = an_agent_and_so_on(client, made)
    client.beta.files.delete(file.id)
    client.beta.sessions.archive(session.id)
    assert str(made.end()) == "1 environment and 1 agent archived, 1 file deleted"


def test_what_has_been_archived_already_is_not_counted(client):
    made, beta = made_with(client), client.beta
    vault = beta.vaults.create(display_name="ada")
    auth = {"type": "static_bearer", "mcp_server_url": "https://mcp.example/ada", "token": "t"}
    credential = beta.vaults.credentials.create(vault.id, auth=auth)
    agent = beta.agents.create(name="a", model="claude-sonnet-4-6")
    environment = beta.environments.create(name="e")
    for resource in (agent, environment, vault, credential):
        made(resource)
    beta.agents.archive(agent.id)
    beta.vaults.credentials.archive(credential.id, vault_id=vault.id)
    assert str(made.end()) == "1 vault and 1 environment archived"


def test_functions_are_called_in_the_same_order_the_newest_first_after_the_sessions(client):
    made, called = made_with(client), []
    made.also(called.append, "first")
    session = an_agent_and_so_on(client, made)[-1]
    made.also(lambda: called.append(client.beta.sessions.retrieve(session.id).archived_at is not None))
    assert str(made.end()) == "1 session, 1 environment and 1 agent archived, 2 files deleted"
    assert called == [True, "first"]
    made.also(called.append, "alone")
    assert str(made.end()) == "1 function called"


def test_after_an_error_the_others_are_ended_and_the_next_call_tries_again(client):
    made, broken = made_with(client), [OSError("the disk is full")]

    def stop():
        if broken:
            raise broken.pop()

    agent = made(client.beta.agents.create(**AGENT))
    made.also(stop)
    made(client.beta.environments.create(name="e"))

    with pytest.raises(ExceptionGroup, match=r"1 of 3 could not be ended.*function .*stop") as caught:
        made.end()

    whole, line = caught.value._render_traceback_()
    assert whole == caught.value.message and line.endswith("stop: OSError: the disk is full")
    (error,) = caught.value.exceptions
    assert isinstance(error, OSError) and error.__notes__[0].startswith("while ending function")
    assert client.beta.agents.retrieve(agent.id).archived_at
    assert str(made.end()) == "1 function called"


def test_a_cell_that_runs_again_gets_the_same_object_and_each_service_its_own(client):
    made = made_with(client)
    agent = made(client.beta.agents.create(**AGENT))
    assert made(client.beta.agents.retrieve(agent.id)).id == agent.id  # remembered once
    with serving() as other, strict(other) as elsewhere:
        assert made_with(elsewhere) is not made
    again = Anthropic(api_key=client.api_key, base_url=client.base_url)
    client.close()
    assert made_with(again) is made
    assert str(made.end()) == "1 agent archived"


def test_a_new_kernel_says_what_nothing_means(client):
    said = str(made_with(client).end())
    assert said.startswith("nothing to end: this process has made nothing here. If the kernel was restarted")
    assert str(client.base_url) in said and "\n" not in said


def test_what_made_does_not_take_is_told(client):
    made = made_with(client)
    event = client.beta.sessions  # no resource
    with pytest.raises(TypeError, match=r"for anything else there is made\.also\(function, \*args\)"):
        made(event)

    async def stop():
        raise AssertionError("never called")

    with pytest.raises(TypeError, match="made.also takes a plain function"):
        made.also(stop)
    with pytest.raises(TypeError, match="made_with needs Anthropic"):
        made_with(AsyncAnthropic(api_key="x"))


DYING = """
import os, sys
from pathlib import Path
from anthropic import Anthropic
from utilities import made_with

client = Anthropic(api_key=sys.argv[2], base_url=sys.argv[1])
made = made_with(client, journal=Path(sys.argv[3]))
agent = made(client.beta.agents.create(name="left", model="claude-sonnet-4-6"))
environment = made(client.beta.environments.create(name="e"))
made(client.beta.sessions.create(agent=agent.id, environment_id=environment.id))
client.beta.environments.archive(environment.id)
os._exit(9)  # as a kernel that is killed
"""


@pytest.mark.slow
def test_what_a_process_left_behind_that_died_is_found_and_ended(client, tmp_path, caplog):
    command = [sys.executable, "-c", DYING, str(client.base_url), client.api_key, str(tmp_path)]
    assert subprocess.run(command).returncode == 9
    assert len(list(tmp_path.iterdir())) == 1

    with made_anew(client, tmp_path) as made:
        assert "3 things were left behind by a process that died" in caplog.text
        with made_anew(client, tmp_path) as another:  # as a kernel beside this one
            assert str(another.end()).startswith("nothing to end: nothing was made here, and no process")
        assert str(made.end()) == "1 session and 1 agent archived"
    assert list(tmp_path.iterdir()) == []
    assert client.beta.agents.list().data == []


def test_a_journal_says_nothing_secret_and_is_gone_when_all_has_ended(client, tmp_path):
    made = made_with(client, journal=tmp_path / "new")
    agent = made(client.beta.agents.create(**AGENT))
    (path,) = (tmp_path / "new").iterdir()
    assert agent.id in path.read_text("utf-8")
    assert client.api_key not in path.read_text("utf-8") + path.name
    made.end()
    assert not path.exists()


def written_down(folder, *lines):
    """A file of a process that has died, and whose lines these are."""
    journal = MadeJournal(folder, "service")
    journal.made("agent", "agent_1", None)
    journal.made("agent", "agent_2", None)
    (path,) = folder.iterdir()
    del journal  # and its lock
    path.write_text(path.read_text("utf-8") + "".join(lines), "utf-8")
    return path


def test_a_line_that_cannot_be_read_is_told_and_the_others_count(tmp_path, caplog):
    path = written_down(
        tmp_path, "no JSON\n", '["no entry"]\n', '{"ended": "agent_1"}\n', '{"made": "cut off'
    )
    assert list(MadeJournal(tmp_path, "service").left_behind()) == [("agent", "agent_2", None)]
    assert f"line 3 of {path} can't be read" in caplog.text and f"line 4 of {path}" in caplog.text
    assert not path.exists()


def test_what_was_left_behind_stays_written_down_until_all_of_it_is_taken(tmp_path):
    path = written_down(tmp_path)
    taking = MadeJournal(tmp_path, "service").left_behind()
    assert next(taking) == ("agent", "agent_1", None)
    taking.close()  # as if this process died, too
    assert [id for _, id, _ in MadeJournal(tmp_path, "service").left_behind()] == ["agent_1", "agent_2"]
    assert not path.exists()


def test_without_a_place_to_write_it_goes_on(client, tmp_path, caplog):
    (tmp_path / "file").touch()
    made = made_with(client, journal=tmp_path / "file" / "folder")
    made(client.beta.agents.create(**AGENT))
    assert "what is made can't be written down" in caplog.text
    assert str(made.end()) == "1 agent archived"


@contextmanager
def made_anew(client, folder):
    """What another process would have, with the same journal."""
    service = (str(client.base_url), client.api_key, client.auth_token)
    yield Made(client, MadeJournal(folder, *service))
