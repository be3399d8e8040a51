"""A scenario that tries to leave its scratch folder, and what it gets."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from tests.kit.places import ROOT
from utilities.replay import Recording
from utilities.replay.making.confinement import SandboxWorker
from utilities.replay.making.scenario_error import ScenarioError
from utilities.replay.scenario import main

pytestmark = pytest.mark.slow

HEAD = """
start = "2026-11-21T09:00:00Z"
agent = { name = "small", model = "claude-sonnet-4-6" }
environment = { name = "small" }
"""


@pytest.fixture(scope="module")
def _can_confine():
    try:
        SandboxWorker().close()
    except ScenarioError:
        pytest.skip("this system can't confine commands")


confines = pytest.mark.usefixtures("_can_confine")


@pytest.fixture
def scenarios(tmp_path):
    """A folder of scenarios, in a data folder."""
    folder = tmp_path / "data" / "scenarios"
    folder.mkdir(parents=True)
    return folder


def turn_of(*commands):
    calls = "\n".join(
        f"[[turns.requests.calls]]\ntool = 'bash'\nseconds = 0.1\ninput.command = {json.dumps(command)}"
        for command in commands
    )
    return f"[[turns]]\nuser = 'go'\n[[turns.requests]]\nseconds = 1.0\n{calls}\n"


def results(scenarios, *commands, above=""):
    """What commands print when a scenario of them is recorded."""
    (scenarios / "small.toml").write_text(above + HEAD + turn_of(*commands))
    assert main([str(scenarios / "small.toml"), "--write"]) == 0
    recording = Recording.load(scenarios.parent / "recordings/small.jsonl")
    found = [event for event in recording.events if event["type"] == "agent.tool_result"]
    return [(event["content"][0]["text"], event["is_error"]) for event in found]


@confines
def test_the_authors_files_are_not_there_to_read(scenarios, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("of the author")
    (scenarios.parent / "beside.txt").write_text("of the author, too")
    said = results(
        scenarios, f"cat {secret}", f"cat {scenarios.parent}/beside.txt", f"ls {ROOT}/README.md",
        f"ls {os.path.expanduser('~')}/.ssh /home /var /srv /run",
        "ln -s /etc/shadow session/outputs/s; cat /etc/shadow",
    )  # fmt: skip
    assert all(is_error for _, is_error in said)
    assert all("No such file or directory" in text for text, _ in said)
    assert "of the author" not in (scenarios.parent / "recordings/small.jsonl").read_text()


@confines
def test_nothing_outside_can_be_written(scenarios, tmp_path):
    target = tmp_path / "target.txt"
    target.write_text("as it was")
    results(
        scenarios, f"mkdir -p {tmp_path}; echo mine > {target}", "echo x > /usr/bin/x; echo x > /usr/local/x",
        f"echo x > {ROOT}/written", "echo 1 > /proc/sys/vm/swappiness", "mount -t tmpfs none /usr",
        "cd /mnt/session/uploads; ln -s /usr/bin there; echo x > there/x",
    )  # fmt: skip
    assert target.read_text() == "as it was"
    assert not (ROOT / "written").exists() and not os.path.exists("/usr/bin/x")


@confines
def test_the_authors_environment_is_not_there(scenarios, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-that-nobody-sees")
    monkeypatch.setenv("SECRET_OF_MINE", "a-key-that-nobody-sees")
    said = results(scenarios, "env", "cat /proc/*/environ | tr '\\0' '\\n'; ps ax 2>/dev/null; ls /proc")
    assert "a-key-that-nobody-sees" not in str(said) and "SECRET_OF_MINE" not in str(said)


@confines
def test_there_is_no_network_not_even_to_this_machine(scenarios):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        ask = f'python3 -c "import socket; socket.create_connection({address}, 5)"'
        (text, is_error) = results(scenarios, ask)[0]
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert is_error and ("unreachable" in text or "refused" in text)


@confines
def test_what_is_left_running_ends_with_the_scenario(scenarios, tmp_path):
    mark = f"11{os.getpid()}"
    results(
        scenarios, f"setsid sleep {mark} >/dev/null 2>&1 & nohup sleep {mark} >/dev/null 2>&1 & echo started"
    )
    running = subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout
    assert f"sleep {mark}" not in running


@confines
def test_the_place_where_it_was_executed_is_in_no_recording(scenarios):
    said = results(
        scenarios,
        "pwd; realpath .; cat /proc/self/mountinfo; which python3; env; python3 -c 'import os; print(os)'",
    )
    text = (scenarios.parent / "recordings/small.jsonl").read_text()
    assert said[0][0].startswith("/mnt\n/mnt\n")
    for trace in (sys.prefix, sys.base_prefix, str(scenarios), "scenario-"):
        assert trace in ("/usr", "/usr/local") or trace not in text


# -- paths, which are confined everywhere -----------------------------------------------------------------


@pytest.mark.parametrize("path", ["../../out.txt", "/../x", "a/../../../x", "..", "", "a/"])
def test_a_mount_path_stays_in_the_uploads(scenarios, capsys, path):
    (scenarios.parent / "note.txt").write_text("n")
    files = f"files = [{{ source = 'note.txt', mount_path = '{path}' }}]\n"
    (scenarios / "small.toml").write_text(files + HEAD + "turns = [{ user = 'go', requests = [] }]\n")
    assert main([str(scenarios), "--write"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("scenario: small.toml: line 1, files[1]") and error.count("\n") == 1


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "link", "notes/../../secret.txt"])
@pytest.mark.parametrize(
    "given",
    [
        "files = [{{ source = '{}', mount_path = 'x' }}]",
        "files = [{{ zip = '{}', mount_path = 'x' }}]",
        "memory = [{{ name = 'Notes', memories = [{{ path = '/x', source = '{}' }}] }}]",
        "memory = [{{ name = 'Notes', folder = '{}' }}]",
        "repositories = [{{ url = 'https://github.com/a/b', folder = '{}' }}]",
    ],
)
def test_what_a_scenario_names_is_below_the_data_folder(scenarios, tmp_path, capsys, given, name):
    (tmp_path / "secret.txt").write_text("secret")
    (scenarios.parent / "notes").mkdir()
    (scenarios.parent / "link").symlink_to(tmp_path / "secret.txt")
    (scenarios / "small.toml").write_text(
        given.format(name) + HEAD + "turns = [{ user = 'go', requests = [] }]\n"
    )
    assert main([str(scenarios), "--write"]) == 2
    assert "is not below data: a scenario reads nothing else" in capsys.readouterr().err
    assert not (scenarios.parent / "recordings/small.jsonl").exists()


@pytest.mark.parametrize("key", ["name", "extends"])
def test_a_name_is_no_path(scenarios, capsys, key):
    text = f"{key} = '../../elsewhere'\n" + HEAD + "turns = [{ user = 'go', requests = [] }]\n"
    (scenarios / "small.toml").write_text(text)
    assert main([str(scenarios), "--write"]) == 2
    assert f"line 1, {key}" in capsys.readouterr().err


def test_a_link_in_a_mounted_folder_does_not_lead_out_of_it(scenarios, tmp_path, capsys):
    (tmp_path / "secret.txt").write_text("secret")
    (scenarios.parent / "notes").mkdir()
    (scenarios.parent / "notes/a.txt").symlink_to(tmp_path / "secret.txt")
    given = "memory = [{ name = 'Notes', folder = 'notes' }]\n"
    (scenarios / "small.toml").write_text(given + HEAD + "turns = [{ user = 'go', requests = [] }]\n")
    assert main([str(scenarios), "--write"]) == 2
    assert "'a.txt' is not below notes" in capsys.readouterr().err


# -- where a system can't confine -------------------------------------------------------------------------

UNABLE = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'


@confines
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs user namespaces to forbid them")
def test_where_a_system_cannot_confine_it_is_refused_until_the_author_says_otherwise(scenarios):
    """In a namespace that allows no further ones, which is what some containers are."""
    (scenarios / "small.toml").write_text(
        HEAD + turn_of("pwd; echo x > session/outputs/x; pwd > session/outputs/y; sleep 600 &")
    )
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", UNABLE, "sh", sys.executable]
    command += ["-m", "utilities.replay.scenario", str(scenarios), "--write"]
    refused = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert refused.returncode == 2 and "--unconfined" in refused.stderr, refused.stderr
    assert refused.stderr.startswith("scenario: small.toml: line ") and refused.stderr.count("\n") == 1
    done = subprocess.run([*command, "--unconfined"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    recording = Recording.load(scenarios.parent / "recordings/small.jsonl")
    (result,) = [event for event in recording.events if event["type"] == "agent.tool_result"]
    assert result["content"][0]["text"].strip() == "/mnt"
    assert [output.content for output in recording.outputs] == ["x\n", "/mnt\n"]


def test_help_warns(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Read a scenario from elsewhere before you say --unconfined" in text
