"""The commands, as far as they can be tried without setting everything up again."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.places import ROOT

MAKEFILE = ROOT / "Makefile"
TEXT = MAKEFILE.read_text("utf-8")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In an empty clone: a folder with just the files that `setup` depends on."""
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).touch()
    command = ["make", "--no-print-directory", "-f", str(MAKEFILE), *arguments]
    # Not the flags of the make that runs these tests: with `make -s check` this one would be silent, too.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.fixture
def old_python(tmp_path):
    """A command that says it is Python 3.9."""
    script = tmp_path / "old-python"
    script.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.version_info = (3, 9, 18)\n$2"\n'
    )
    script.chmod(0o755)
    return script


def test_help_is_the_default_and_has_a_line_for_each_target(tmp_path):
    phony = re.search(r"^\.PHONY: (.*?[^\\])$", TEXT, re.M | re.S)[1].replace("\\\n", "").split()
    lines = make(tmp_path).stdout.splitlines()
    assert [line.split()[1] for line in lines] == phony
    assert all(len(line.split()) > 2 for line in lines)


def test_a_python_that_is_too_old_gets_one_line(tmp_path, old_python):
    refused = make(tmp_path, "setup", f"PYTHON={old_python}")
    assert refused.returncode != 0 and not (tmp_path / ".venv").exists()
    (line,) = refused.stderr.splitlines()
    assert "Python 3.11 or newer is needed" in line and "is 3.9.18" in line


def test_a_python_that_is_not_there_gets_one_line(tmp_path):
    refused = make(tmp_path, "setup", "PYTHON=no-such-python")
    assert refused.returncode != 0
    (line,) = refused.stderr.splitlines()
    assert '"no-such-python" does not run' in line


def test_setup_done_once_is_not_done_again(tmp_path):
    make(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".setup-stamp").touch()
    again = make(tmp_path, "setup", "PYTHON=no-such-python")
    assert again.returncode == 0 and "Nothing to be done" in again.stdout


# -- without make --------------------------------------------------------------------------------------

SECTION = re.search(r"^## All commands$.*?(?=^## )", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)[0]
ROWS = re.findall(r"^\| .*? \| `make ([a-z-]+)(.*?)` \| `python (-m .*?)` \|$", SECTION, re.M)
# A target, and what it runs, without the variables that can be set.
TARGETS = re.findall(
    r"^([a-z-]+):[^\n]*## .*\n(?:\n?\$\(\w+\):.*\n\t@\$\(REFUSE_PYTHON\):\n)?\t@\$.*?\) (-m .*)$", TEXT, re.M
)


def test_every_target_is_one_command_of_python():
    phony = set(re.findall(r"^([a-z-]+):.*## ", TEXT, re.M)) - {"help"}
    assert {target for target, _ in TARGETS} == phony - {"setup"}  # which make needs a stamp for
    assert TEXT.count("\n\t@") == len(phony) + 1 + 2  # help's, and the look at PYTHON before both set-ups


def test_the_readme_says_every_command_with_and_without_make():
    runs = {target: re.sub(r" \$\(.*$", "", command) for target, command in TARGETS}
    runs["setup"] = "-m utilities.course.setup"
    said = {target: (given, twin) for target, given, twin in ROWS}
    assert list(said) == [*re.findall(r"^([a-z-]+):.*## ", TEXT, re.M)][1:]
    for target, (given, twin) in said.items():
        named = given.partition("=")[2]  # make run NB=01: python -m utilities.course.running 01
        assert twin.startswith(runs[target].replace("$(MINUTES)", named)), target
        assert not named or twin.endswith(named.removeprefix("--")), target
