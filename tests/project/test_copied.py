"""The README's "Copy a helper", done as a reader does it: into an empty project that has only `anthropic`."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.kit.places import ROOT
from tests.kit.serving import served
from tests.kit.turn_scripts import one_call

SECTION = re.search(r"^## Copy a helper$.*?(?=^## )", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)[0]
ROWS = [row.split("|")[2] for row in re.findall(r"^\|.*\|$", SECTION, re.M)[2:]]
COPIED = [re.findall(r"`(?:utilities/)?(\w+\.py)`", row) for row in ROWS]  # the files of each row


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_by(*requirements: str) -> set[str]:
    """These distributions and what they require, all the way down, by their normalised names."""
    found: set[tuple[str, str]] = set()  # with the extra for which it is needed
    waiting = list(map(Requirement, requirements))
    while waiting:
        wanted = waiting.pop()
        for extra in {"", *wanted.extras}:
            if (normalised(wanted.name), extra) not in found:
                found.add((normalised(wanted.name), extra))
                more = map(Requirement, importlib.metadata.requires(wanted.name) or ())
                waiting += [r for r in more if not r.marker or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


# What a helper needs besides anthropic.
NEEDS = {
    "memory.py": re.search(r"memory `(.*?)` and `(.*?)`", SECTION).groups(),
    "buttons.py": re.search(r"`Buttons` (ipywidgets)", SECTION).groups(),
}

# Starts the program in sys.argv[2:] with what is not in the list of sys.argv[1] as good as uninstalled.
ONLY = """
import json, runpy, sys

class Uninstalled:
    names = set(json.loads(sys.argv[1]))
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"only anthropic is installed, not {name}", name=name)

sys.meta_path.insert(0, Uninstalled())
sys.path.insert(0, ".")
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(project: Path, *arguments: str, also: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a program of the project, without `utilities` and what anthropic (and `also`) does not need."""
    allowed = needed_by("anthropic", *also)
    installed = importlib.metadata.packages_distributions()
    missing = {name for name, owners in installed.items() if not set(map(normalised, owners)) & allowed}
    assert {"starlette", "matplotlib"} <= missing and "anthropic" not in missing
    command = [sys.executable, "-I", "-c", ONLY, json.dumps(sorted({"utilities", *missing})), *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=60)


def project_of(folder: Path, *rows: list[str]) -> Path:
    """A project with these rows' files in `helpers/`."""
    (folder / "helpers").mkdir()
    for row in rows:
        for name in row:
            shutil.copy(ROOT / "utilities" / name, folder / "helpers")
    return folder


PROGRAM = '''
import sys

from anthropic import Anthropic, beta_tool

from helpers.display import transcript
from helpers.live import LiveTranscript
from helpers.poll import poll_until_end_turn
from helpers.settle import wait_for_idle_status
from helpers.stream import stream_until_end_turn
from helpers.tools import custom_tool_params
from helpers.turn import TurnResult


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
    wait_for_idle_status(client, session.id)
    client.beta.sessions.archive(session.id)
    return result.raise_for_outcome()


print(transcript(turn(sys.argv[1])))
'''


def test_the_table_names_files_that_are_there() -> None:
    assert ["turn.py", "follow.py", "steps.py", "stream.py", "tools.py"] in COPIED
    assert ["turn.py", "follow.py", "steps.py", "poll.py", "tools.py"] in COPIED
    assert all(names and all((ROOT / "utilities" / name).is_file() for name in names) for names in COPIED)


@pytest.mark.parametrize("row", COPIED, ids=" ".join)
def test_the_files_of_a_row_need_no_other(row: list[str], tmp_path: Path) -> None:
    project = project_of(tmp_path, row)
    imports = "".join(f"import helpers.{name.removesuffix('.py')}\n" for name in row)
    (project / "program.py").write_text(imports, "utf-8")
    done = run(project, "program.py", also=next((NEEDS[name] for name in row if name in NEEDS), ()))
    assert done.returncode == 0, done.stderr


def test_a_turn_with_the_copies_in_a_project_that_has_only_anthropic(tmp_path: Path) -> None:
    project = project_of(tmp_path, *COPIED)
    (project / "program.py").write_text(PROGRAM, "utf-8")
    with served(one_call("a done")) as session:
        done = run(project, "program.py", session.server.base_url)
    assert done.returncode == 0, done.stderr
    assert "[work] for you to answer: name: a\n" in done.stdout  # of LiveTranscript
    assert re.search(r"^ +[\d.]+ s  session  idle \(end_turn\)$", done.stdout, re.M)  # of transcript


def test_a_strict_type_checker_has_nothing_to_say_about_the_copies(tmp_path: Path) -> None:
    project = project_of(tmp_path, *COPIED)
    (project / "program.py").write_text(PROGRAM, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "program.py"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
