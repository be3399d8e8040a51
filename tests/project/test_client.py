"""connect(): where the client leads, and that it says so."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.kit.calling import AGENT
from tests.kit.odd_answers import Hosted, OddTransport, page, refusal
from tests.kit.places import ROOT
from tests.kit.recordings import Script
from tests.kit.serving import served
from utilities import client as client_module
from utilities import connect, stream_until_end_turn, transcript
from utilities.course import doctor
from utilities.replay import Library, ReplayServer


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COOKBOOK_OFFLINE", "COOKBOOK_STRICT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("kind", [Anthropic, AsyncAnthropic])
def test_without_a_key_it_is_the_sdks_client_on_recordings(kind, capsys):
    client = connect(kind)
    assert type(client) is kind
    assert client.base_url.host == "127.0.0.1"
    said = capsys.readouterr().out
    assert said.startswith("on recordings: no key, no network, no cost")
    assert "scripted" in said  # never passes for live


def hosted(answer=None):
    """The way to a service that answers every request so; by default with a list that is empty."""
    answer = answer or page(b'{"data": [], "next_page": null}')
    return httpx2.Client(transport=OddTransport(lambda request: answer))


def test_with_a_key_it_is_live_and_says_what_that_costs_and_how_to_stay_on_recordings(monkeypatch, capsys):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    client = connect(http_client=hosted())
    assert client.base_url.host == "api.anthropic.com"
    assert client.api_key == "sk-test"
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("LIVE: connected to the hosted API with ANTHROPIC_API_KEY; what you run costs")
    assert "COOKBOOK_OFFLINE=1" in said[1] and len(said) == 2


URL = "https://api.anthropic.com"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refusal(401, "invalid x-api-key"), f"{URL} refuses the key (ANTHROPIC_API_KEY): invalid x-api-key"),
        (refusal(403, "not allowed"), f"{URL} refuses the key (ANTHROPIC_API_KEY): not allowed"),
        (page(b"<html>hello</html>", "text/html"), f"what answers at {URL} is no Managed Agents API"),
        (page(b"[]"), f"what answers at {URL} is no Managed Agents API"),
        (refusal(404, "no page"), f"what answers at {URL} is no Managed Agents API (ANTHROPIC_API_KEY): no"),
    ],
)
def test_a_key_that_does_not_work_is_two_lines(monkeypatch, capsys, answer, told):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    with pytest.raises(ConnectionError) as caught:
        connect(http_client=hosted(answer))
    first, second = caught.value._render_traceback_()
    assert first.startswith(told) and "COOKBOOK_OFFLINE=1" in second
    assert "sk-secret" not in str(caught.value) and not capsys.readouterr().out


def test_a_key_that_no_request_can_carry_is_two_lines_without_it(monkeypatch):
    """A line break that was copied with it, most often."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret\n")
    with pytest.raises(ConnectionError) as caught:
        connect()
    first, second = caught.value._render_traceback_()
    assert "line break" in first and "(ANTHROPIC_API_KEY)" in first and "COOKBOOK_OFFLINE=1" in second
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [Anthropic, AsyncAnthropic])
def test_an_address_where_nobody_answers_is_two_lines(monkeypatch, kind):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        nobody = f"http://127.0.0.1:{listening.getsockname()[1]}"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", nobody)
    with pytest.raises(ConnectionError) as caught:
        connect(kind)
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"nobody answers at {nobody} (ANTHROPIC_BASE_URL): ")
    assert "COOKBOOK_OFFLINE=1" in second


@pytest.mark.parametrize("status", [429, 529])
def test_a_service_that_is_busy_is_there(monkeypatch, capsys, status):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    connect(http_client=hosted(refusal(status, "try later")))
    assert capsys.readouterr().out.startswith("LIVE")


@pytest.mark.parametrize("kind", [Anthropic, AsyncAnthropic])
def test_a_server_that_replays_is_said_to(monkeypatch, capsys, kind):
    with ReplayServer(Library(), key="secret") as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
        assert type(connect(kind)) is kind
    said = capsys.readouterr().out
    assert said == f"connected to {server.base_url} (ANTHROPIC_BASE_URL), which replays recordings: no cost\n"


def test_offline_wins_over_a_key(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("COOKBOOK_OFFLINE", "1")
    client = connect()
    assert client.base_url.host == "127.0.0.1"
    assert client.api_key != "sk-test"


def test_the_live_path_against_a_server_that_stands_in(monkeypatch):
    """With a key and a base URL, the client is a plain one: nothing of the recordings is in its way."""
    with ReplayServer(Library(), key="secret") as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
        assert connect().beta.agents.create(**AGENT).version == 1


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_every_way_to_say_offline(monkeypatch, value):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("COOKBOOK_OFFLINE", value)
    assert connect().base_url.host == "127.0.0.1"
    assert "recordings" in doctor.key().detail


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_every_way_to_say_not_offline(monkeypatch, value):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")
    monkeypatch.setenv("COOKBOOK_OFFLINE", value)
    assert connect(http_client=hosted()).base_url.host == "api.anthropic.com"
    assert "live" in doctor.key().detail


def test_no_recordings_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(client_module, "RECORDINGS", tmp_path)
    with pytest.raises(FileNotFoundError, match="git checkout example_data"):
        connect()


def test_a_notebook_of_another_clone_is_told_whose_course_it_has(monkeypatch, tmp_path, capsys):
    (tmp_path / "utilities").mkdir()
    (tmp_path / "utilities" / "client.py").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    connect()
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(
        f"this notebook is in {tmp_path}, but this kernel has the course of {ROOT}: `make setup`"
    )
    monkeypatch.chdir(ROOT / "notebooks")
    connect()
    assert "this notebook" not in capsys.readouterr().out


def test_a_kernel_without_the_courses_packages_says_what_is_missing_and_the_command():
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from utilities import connect"
    bare = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, encoding="utf-8")
    last = bare.stderr.splitlines()[-1]
    assert last.startswith(
        f"ModuleNotFoundError: anthropic is not installed in {sys.executable}, and `connect`"
    )
    assert "`make setup`" in last and f'-m pip install -e "{ROOT}[course]"' in last


def test_options_go_to_the_client():
    assert connect(max_retries=7).max_retries == 7


def test_two_clients_share_one_server():
    first, second = connect(), connect()
    assert first.base_url == second.base_url
    agent = first.beta.agents.create(name="a", model="claude-sonnet-4-6")
    assert second.beta.agents.retrieve(agent.id).name == "a"


def test_a_message_that_was_not_recorded_is_told_in_one_line(capsys):
    recording = Library.load(client_module.RECORDINGS).recordings[0]
    client = connect()
    agent = client.beta.agents.create(name=recording.header["agent"]["name"], model="claude-sonnet-4-6")
    environment = client.beta.environments.create(name="e")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    capsys.readouterr()
    content = [{"type": "text", "text": "Please fix the tests"}]
    client.beta.sessions.events.send(session.id, events=[{"type": "user.message", "content": content}])
    acts, told = capsys.readouterr().out.splitlines()
    assert acts.startswith("agent (scripted ")
    assert told.startswith("replay: no recording has this user.message, going on with ")


def test_whoever_is_strict_has_a_server_of_its_own(monkeypatch):
    monkeypatch.setenv("COOKBOOK_STRICT", "1")
    strict = connect().base_url
    monkeypatch.delenv("COOKBOOK_STRICT")
    assert connect().base_url == connect().base_url != strict


def test_a_server_for_a_whole_room_tells_it_too(monkeypatch, capsys):
    library = Library.load(client_module.RECORDINGS)
    with ReplayServer(library) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        client = connect()
        agent = client.beta.agents.create(
            name=library.recordings[0].header["agent"]["name"], model="claude-sonnet-4-6"
        )
        environment = client.beta.environments.create(name="e")
        session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
        content = [{"type": "text", "text": "Please fix the tests"}]
        client.beta.sessions.events.send(session.id, events=[{"type": "user.message", "content": content}])
    assert "replay: no recording has this user.message, going on with " in capsys.readouterr().out


@pytest.mark.slow
def test_helpers_cost_only_what_they_need():
    code = (
        "import sys; from utilities import stream_until_end_turn, wait_for_idle_status, TurnResult;"
        "print([m for m in ('starlette', 'uvicorn', 'matplotlib', 'astrocyte') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    import utilities

    with pytest.raises(AttributeError, match="no attribute 'stream_util_end_turn'"):
        utilities.stream_util_end_turn  # noqa: B018
    assert all(getattr(utilities, name) for name in utilities.__all__)


def test_whose_moves_the_agent_makes_is_said_where_it_is_set_to_work_and_above_a_transcript(capsys):
    client = connect()
    agent = client.beta.agents.create(**AGENT | {"name": "cookbook-tests-green"})
    environment = client.beta.environments.create(name="who acts")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    capsys.readouterr()
    result = stream_until_end_turn(client, session.id, "Get the tests green", timeout=20)
    stream_until_end_turn(client, session.id, "And once more", timeout=20)
    acts = "agent (scripted 01_tests_green)"
    assert capsys.readouterr().out.splitlines().count(acts) == 1
    shown = transcript(result)
    assert str(shown).startswith(f"{acts}\n    0.0 s  ")
    assert acts in shown._repr_mimebundle_()["text/html"]
    assert "agent (" not in str(transcript(result.events))
    assert str(transcript(result.events, by=acts)) == str(shown)


def test_the_hosted_api_says_nothing_of_the_kind(monkeypatch, capsys):
    script = Script()
    script.message("go")
    script.idle()
    with served(script) as session:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", session.server.base_url)
        client = connect(http_client=httpx2.Client(transport=Hosted()))
        said = capsys.readouterr().out
        result = stream_until_end_turn(client, session.session_id, "go", timeout=20)
    assert said.startswith("LIVE") and not capsys.readouterr().out
    assert "agent (" not in str(transcript(result))
