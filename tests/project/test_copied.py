"""The README's "Copy a helper", done as a reader does it: into an empty project that has only `anthropic`."""

import re
import subprocess
import sys

import pytest

from tests.kit.copied import project_of, run
from tests.kit.places import ROOT
from tests.kit.serving import served
from tests.kit.turn_scripts import one_call

pytestmark = pytest.mark.slow

SECTION = re.search(r"^## Copy a helper$.*?(?=^## )", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)[0]
ROWS = [row.split("|")[2:4] for row in re.findall(r"^\|.*\|$", SECTION, re.M)[2:]]
# What is copied in each row, and the names that are used then.
COPIED: dict[str, set[str]] = {}
for copy, then in ROWS:
    used = re.findall(r"(?<![.\w])(?=[A-Za-z])(\w+)\(|on_event=(\w+)", then)
    COPIED.setdefault(re.search(r"`utilities/([\w.]+)/?`", copy)[1], set()).update(a or b for a, b in used)
# What is copied with it, as the row says, and what it needs besides anthropic, as the section says.
WITH = {"made.py": ["left_behind.py", "turn"], "leftovers.py": ["made.py", "left_behind.py", "turn"]}
NEEDS = {
    "memory": re.search(r"`memory` needs `(.*?)` and `(.*?)`", SECTION).groups(),
    "webhook.py": re.search(r"`webhook` needs `(.*?)`", SECTION).groups(),
}

CACHE = ROOT / ".mypy_cache" / "copied"  # of what mypy finds in the SDK, which takes it ten seconds

PROGRAM = '''
import sys

from anthropic import Anthropic, beta_tool

from helpers.made import made_with
from helpers.show import LiveTranscript, transcript
from helpers.turn import (
    TurnResult,
    custom_tool_params,
    outputs_of,
    poll_until_end_turn,
    stream_until_end_turn,
    wait_for_idle_status,
)


@beta_tool
def work(name: str) -> str:
    """Work.

    Args:
        name: on what.
    """
    return f"{name} done"


def turn(url: str) -> TurnResult:
    client = Anthropic(api_key="x", base_url=url)
    agent = client.beta.agents.create(
        name="tester",
        model="claude-sonnet-4-6",
        tools=[{"type": "agent_toolset_20260401"}, *custom_tool_params([work])],
    )
    environment = client.beta.environments.create(name="test")
    session = client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    with LiveTranscript() as live:
        result = stream_until_end_turn(client, session.id, "go", tools=[work], on_event=live, timeout=20)
    assert poll_until_end_turn(client, session.id).events == result.events
    assert outputs_of(client, session.id, timeout=0.0) == []
    wait_for_idle_status(client, session.id)
    client.beta.sessions.archive(session.id)
    made = made_with(client)
    made(made(agent))
    assert str(made.end()) == "1 agent archived"
    return result.raise_for_outcome()


print(transcript(turn(sys.argv[1])))
'''


def test_the_package_is_made_as_the_readme_says():
    """Without its `__init__.py` `mypy .` finds one file under two names."""
    assert "`mkdir helpers; touch helpers/__init__.py; cp -r utilities/turn helpers/`" in SECTION


def test_each_row_is_a_folder_or_a_file_and_its_names_are_public():
    assert list(COPIED) == ["turn", "made.py", "leftovers.py", "memory", "show", "webhook.py", "approvals.py"]
    assert len(ROWS) == 8
    assert all("with `utilities/turn/`" in copy for copy, _ in ROWS if "made.py" in copy)
    turn = {"stream_until_end_turn", "poll_until_end_turn", "wait_for_idle_status", "outputs_of"}
    turn |= {"user_message", "custom_tool_result"}
    assert COPIED["turn"] == turn


@pytest.mark.parametrize("copied", COPIED)
def test_what_is_copied_needs_nothing_else_of_the_house(copied, tmp_path):
    project = project_of(tmp_path, copied, *WITH.get(copied, ()))
    files = sorted((project / "helpers").rglob("*.py"))
    modules = [".".join(path.relative_to(project).with_suffix("").parts) for path in files]
    names = ", ".join(sorted(COPIED[copied]))
    program = f"import {', '.join(modules)}\nfrom helpers.{copied.removesuffix('.py')} import {names}\n"
    (project / "program.py").write_text(program, "utf-8")
    done = run(project, "program.py", also=NEEDS.get(copied, ()))
    assert done.returncode == 0, done.stderr


@pytest.fixture
def project(tmp_path):
    """A project with all that can be copied, and a program that uses it."""
    (project_of(tmp_path, *COPIED, "left_behind.py") / "program.py").write_text(PROGRAM, "utf-8")
    return tmp_path


def test_a_turn_with_the_copies_in_a_project_that_has_only_anthropic(project):
    with served(one_call("a done")) as session:
        done = run(project, "program.py", session.server.base_url)
    assert done.returncode == 0, done.stderr
    assert "[work] for you to answer: name: a\n" in done.stdout  # of LiveTranscript
    assert re.search(r"^ +[\d.]+ s  session  idle \(end_turn\)$", done.stdout, re.M)  # of transcript


@pytest.mark.parametrize(
    "checker",
    [["mypy", "--strict", "--cache-dir", str(CACHE), "."], ["ruff", "check", "--isolated", "."]],
    ids=lambda command: command[0],
)
def test_checkers_have_nothing_to_say_about_the_copies(checker, project):
    """mypy at its strictest, and ruff as it comes out of the box."""
    done = subprocess.run([sys.executable, "-m", *checker], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
