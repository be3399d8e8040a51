"""The fixture's page about testing one's own agent, done as a reader does it: its blocks, as written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.places import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "utilities/managed_agents_pytest/README.md").read_text("utf-8")
# The name of a file just before it, if it is one; its language, if it is not a command; its text.
BLOCKS = re.findall(r"(?:`([\w/]+\.\w+)`:\n\n)?^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S)
FILES = {name: text for name, _, text in BLOCKS if name}
COMMANDS = [text for _, language, text in BLOCKS if not language]


@pytest.fixture
def project(tmp_path):
    """A folder with the files that the page shows."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return tmp_path


def done(project, commands=COMMANDS):
    """What the page's commands print, run in order until one fails; a client left open is a failure, too."""
    env = os.environ | {
        "PYTEST_ADDOPTS": "-W error",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    script = "".join(commands)
    return subprocess.run(["sh", "-e", "-c", script], cwd=project, env=env, capture_output=True, text=True)


def test_every_block_of_the_page_is_a_file_or_a_command():
    assert list(FILES) == ["orders.py", "tests/scenarios/orders.toml", "tests/test_orders.py"]
    assert len(FILES) + len(COMMANDS) == len(BLOCKS) == PAGE.count("```") / 2


def test_what_the_page_shows_works_as_written_and_a_program_that_answers_something_else_fails(project):
    run = done(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f" {FILES['tests/test_orders.py'].count('def test_')} passed in " in run.stdout
    (difference,) = re.findall(r"\(`(it has .*?)`\)", PAGE)
    program = project / "orders.py"
    program.write_text(program.read_text("utf-8").replace('{"7": ', '{"8": '), "utf-8")
    run = done(project, COMMANDS[-1:])
    assert run.returncode == 1
    assert difference in run.stdout
    assert " failed in " in run.stdout
