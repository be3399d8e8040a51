"""Set-up says what it does, and from a folder of wheels it asks no network. CI begins with a real one."""

import subprocess
import sys

import pytest

from tests.kit.places import ROOT
from utilities.course import setup


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """What set-up runs, into an environment that isn't there; a command with the text in `fails` fails."""
    ran = []

    class Ran(list):
        fails = "--version"  # neither uv nor pip is there yet

    ran = Ran()

    def run(command, **_):
        ran.append([*map(str, command)])
        return subprocess.CompletedProcess(command, int(ran.fails in ran[-1]))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(setup, "VENV", tmp_path)
    return ran


def test_a_python_that_is_too_old_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert setup.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Python 3.11 or newer is needed" in line and "is 3.9.18" in line


@pytest.mark.parametrize("dev", [False, True])
def test_each_step_is_said_and_how_much_there_is_to_fetch(commands, capsys, dev, tmp_path):
    assert setup.main(["--dev"] if dev else []) == 0
    said = capsys.readouterr().err.splitlines()
    assert f"{183 if dev else 144} packages, {250 if dev else 154} MB to fetch, about" in said[0]
    assert said[1:-1] == [
        "  an environment", "  uv, which installs the rest", "  the packages", "  the course itself",
        "  Jupyter's kernel",
    ]  # fmt: skip
    assert "`make lab`" in said[-1] and "-m utilities.course.lab`" in said[-1]
    lock = str(ROOT / ("requirements-dev.lock" if dev else "requirements.lock"))
    assert sum(lock in command for command in commands) == 1
    assert (tmp_path / ".setup-stamp").exists() and (tmp_path / ".dev-stamp").exists() == dev


def test_from_a_folder_of_wheels_nothing_is_fetched(commands, tmp_path):
    wheels = tmp_path / "a stick"
    assert setup.main(["--wheels", str(wheels)]) == 0
    installs = [command for command in commands if "install" in command and "ipykernel" not in command]
    assert len(installs) == 3
    for command in installs:
        at = command.index("--no-index")
        assert command[at + 1 : at + 3] == ["--find-links", str(wheels)]
    assert "--no-build-isolation" in installs[-1]  # or a builder would be fetched


def test_a_step_that_fails_ends_it_with_what_to_do(commands, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))  # for which there are wheels
    commands.fails = "-r"
    assert setup.main(["--wheels", str(tmp_path)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"That failed: the packages. Does {tmp_path} have a wheel of each, for this Python?"
    assert not (tmp_path / ".setup-stamp").exists()


@pytest.mark.parametrize("options", [[], ["--wheels", "a"], ["--download", "a"]])
def test_where_a_package_has_to_be_built_it_says_with_what(commands, capsys, monkeypatch, options):
    monkeypatch.setattr(sys, "version_info", (3, 14, 0, "final", 0))
    commands.fails = "-r"
    assert setup.main(options) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "Wordllama has no wheel for Python 3.14" in last and "python3.12" in last


def test_a_folder_is_filled_with_wheels_only(commands, tmp_path):
    assert setup.main(["--download", str(tmp_path)]) == 0
    (command,) = commands
    assert "download" in command and command[command.index("--only-binary") + 1] == ":all:"
