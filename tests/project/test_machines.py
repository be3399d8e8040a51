"""Machines that are not like ours, each imitated as far as it can be."""

import re
import signal
import subprocess
import sys
import tomllib

import pytest

from tests.kit.copied import run_with
from tests.kit.machines import C_LOCALE, COMPANY, copy_of_the_course, machine, read_only, run_on
from tests.kit.places import DATA, NOTEBOOKS, ROOT
from tests.kit.waiting import wait_for
from utilities.course.running.__main__ import notebooks
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.slow

FIRST_TURN = ROOT / "tests/kit/first_turn.py"


def turned(done, data):
    """Whether the first turn ended, and the program beside it reached the same service."""
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert lines["turn"].startswith("end_turn There are 1229 prime numbers"), done.stdout
    assert lines["beside"] == "Ağ ✓ first"
    assert lines["data"] == str(data)


def test_in_a_companys_network():
    """Proxies for everything, one of a kind that needs a package, and certificates that aren't there."""
    turned(run_on(machine(COMPANY), str(FIRST_TURN)), DATA)


def test_in_an_odd_place(tmp_path):
    """Blanks and umlauts in the path, nothing there can be written; no HOME, no UTF-8, run from elsewhere."""
    course, elsewhere = tmp_path / "Übung 1 (für Zoë)", tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy_of_the_course(course)
    environ = machine(C_LOCALE | read_only(course, tmp_path / "guard"), without=("HOME",))
    turned(run_on(environ, str(FIRST_TURN), cwd=elsewhere), course / "example_data")
    assert list(course.rglob("__pycache__")) == []  # Python itself was told that it can't


def test_without_what_only_posix_has():
    """Windows, as far as it can be imitated: all of ours imported and the first turn taken without it."""
    done = run_on(machine({}), str(ROOT / "tests/kit/without_posix.py"), str(FIRST_TURN))
    turned(done, DATA)
    assert re.search(r"^imported: \d{3} modules$", done.stdout, re.M)


FOLLOWS = """
import sys
from anthropic import Anthropic
from utilities import stream_until_end_turn

def seen(event):
    print(event.type, flush=True)

result = stream_until_end_turn(Anthropic(), sys.argv[1], "go", on_event=seen, timeout=600)
print(result.outcome, len(result.events))
"""


def test_asleep_in_the_middle_of_a_stream():
    """A laptop that is closed: the program stands still, clocks and the service go on."""
    with ManagedAgentsApi(DATA / "recordings/00_primes.jsonl", strict=False, speed=20) as api:
        session_id = api.create_session("00_primes")
        command = [sys.executable, "-c", FOLLOWS, session_id]
        with subprocess.Popen(command, env=machine(api.environment), stdout=subprocess.PIPE) as program:
            try:
                program.stdout.readline()
                program.send_signal(signal.SIGSTOP)
                (session,) = api.sessions
                wait_for(lambda: session.status == "idle")
                program.send_signal(signal.SIGCONT)
                *_, last = program.communicate(timeout=60)[0].decode().splitlines()
            finally:
                program.kill()
        assert last == f"end_turn {len(session.events)}"


SUITE = """
import sys
import pytest

TURN = '''
import pytest
from anthropic import Anthropic
from utilities import stream_until_end_turn

@pytest.mark.managed_agents(recordings={recordings!r}, strict=False)
def test_a_turn(managed_agents_api):
    client = Anthropic()
    agent = client.beta.agents.create(name="a", model="claude-sonnet-4-6")
    environment = client.beta.environments.create(name="e")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    assert stream_until_end_turn(client, session.id, "go").outcome == "end_turn"
    managed_agents_api.assert_finished()
'''

open("test_a.py", "w", encoding="utf-8").write(TURN.format(recordings=sys.argv[1]))
only = ["--disable-plugin-autoload", "-p", "managed_agents_pytest", "-p", "no:cacheprovider"]
sys.exit(pytest.main(only))
"""


def test_a_project_that_has_only_the_fixture(tmp_path):
    """pytest and this package without its extras: no Jupyter, no model, no data but the project's own."""
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (tmp_path / "suite.py").write_text(SUITE, "utf-8")
    done = run_with([*needs, "pytest"], tmp_path, "suite.py", str(DATA / "recordings/00_primes.jsonl"))
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


FIRST_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance(colors="NoColor")
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    print("##", path)
    shell.run_cell("".join(cells[0]["source"]))
"""


def test_a_kernel_without_the_course_shows_the_command(tmp_path):
    """In what Jupyter shows of the first cell's error: what is missing, and what gets it."""
    (tmp_path / "first_cells.py").write_text(FIRST_CELLS, "utf-8")
    lessons = [str(path) for path in notebooks(NOTEBOOKS)]
    done = run_with(["ipython"], tmp_path, "first_cells.py", *lessons, hidden=("utilities",))
    shown = dict(part.split("\n", 1) for part in done.stdout.split("## ")[1:])
    assert [*shown] == lessons, done.stderr
    for lesson, said in shown.items():
        assert "ModuleNotFoundError: " in said, lesson
        assert "make setup" in said and "python -m utilities.course.setup" in said, lesson
