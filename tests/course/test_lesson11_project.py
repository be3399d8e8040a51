"""Lesson 11's folder: a cell becomes a file, tests run in another process, and what they print is the same in
every run."""

from __future__ import annotations

import json
import linecache
import os
import re
import shutil
import time
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.kit.places import NOTEBOOKS, RECORDINGS, ROOT
from utilities import Made
from utilities.course import DATA, lesson11
from utilities.course.exercises import TookTooLong
from utilities.course.lesson11.apart import apart
from utilities.course.lesson11.cells import as_file
from utilities.course.lesson11.shown import short
from utilities.course.running.notebooks import code_cells, read
from utilities.replay.testing import ManagedAgentsApi

pytestmark = pytest.mark.usefixtures("_forks_of_lesson11")
LESSON = NOTEBOOKS / "11_test_your_own_agent.ipynb"


# -- a cell as a file ------------------------------------------------------------------------------------


def ran(*cells: str) -> dict[str, Any]:
    """The names that cells of a notebook define, run in order as a kernel does."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        file = f"<cell {number} of {id(names)}>"
        linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
        exec(compile(cell, file, "exec"), names)
    return names


def test_a_file_has_the_cell_and_what_it_takes_from_others():
    names = ran(
        "import json as j\nfrom pathlib import Path\nCASE = 'one'\nUNUSED = 1\n",
        "def helper():\n    return CASE\n",
        "LIMIT = 3\n\n\ndef test_one():\n    assert j.dumps(helper()) and Path(LIMIT)\n\n\nproject = 1\n",
    )
    text = as_file(names["test_one"])
    assert "import json as j\n" in text and "from pathlib import Path\n" in text and "def helper():" in text
    assert "LIMIT = 3" in text and "UNUSED" not in text and "project" not in text
    assert {"test_one", "helper", "LIMIT"} <= ran(text).keys()


def test_of_a_module_only_the_function_is_taken():
    text = as_file(test_of_a_module_only_the_function_is_taken)
    assert text.count("def test_") == 2  # in its first line, and here


# -- what is shown ---------------------------------------------------------------------------------------

PRINTED = """\
.F                                                                       [100%]
=================================== FAILURES ===================================
__________________________________ test_paid ___________________________________
tests/test_desk.py:8: in test_paid
    handle(CASE, ledger)
             ^^^^^^^^^^
wire.py:24: in send
    events.send(session_id)
E   anthropic.BadRequestError: Error code: 400 - {'e': {'message': "at http://127.0.0.1:1", 'details': {}}}
E
E     Use -v to get more diff
----------------------- Captured managed_agents_api call -----------------------
7 requests on http://127.0.0.1:38841
=========================== short test summary info ============================
FAILED tests/test_desk.py::test_paid - anthropic.BadRequestError: Error code:...
1 failed, 1 passed in 8.57s
"""


def test_what_differs_from_run_to_run_is_left_out():
    assert short(PRINTED).splitlines() == [
        ".F",
        "test_paid:",
        "tests/test_desk.py:8: in test_paid",
        "    handle(CASE, ledger)",
        "wire.py:24: in send",
        "    events.send(session_id)",
        "E   anthropic.BadRequestError: Error code: 400 - … at http://127.0.0.1:…",
        "1 failed, 1 passed",
    ]


# -- another process -------------------------------------------------------------------------------------


def divided(a: int, b: int) -> float:
    return a / b


@pytest.mark.slow
def test_a_function_runs_in_another_process_and_says_what_went_wrong():
    assert apart(divided, 1, 2) == 0.5
    with pytest.raises(RuntimeError, match="divided: ZeroDivisionError"):
        apart(divided, 1, 0)
    with pytest.raises(RuntimeError, match=r"the process of _exit died \(3\)"):
        apart(os._exit, 3)
    with pytest.raises(TookTooLong):
        apart(time.sleep, 60, seconds=0.2)


# -- the folder ------------------------------------------------------------------------------------------


@pytest.fixture
def project():
    project = lesson11.Project()
    yield project
    project.remove()


def test_the_program_is_changed_for_a_while_and_only_where_its_text_is_found_once(project):
    before = project.text("desk.py")
    with project.changed("return told\n", "return told or None\n"):
        assert project.text("desk.py").count("return told or None") == 1
    assert project.text("desk.py") == before
    with (
        pytest.raises(ValueError, match="desk.py has 'nothing like it' 0 times"),
        project.changed("nothing like it", ""),
    ):
        pass


def test_a_folder_that_the_last_section_has_removed_says_what_to_run(project):
    project.remove()
    with pytest.raises(FileNotFoundError, match="run from the first code cell again"):
        project.text("desk.py")
    with pytest.raises(FileNotFoundError, match="run from the first code cell again"):
        project.pytest()


@pytest.mark.slow
def test_a_change_for_one_run_is_taken_back_and_a_file_that_cannot_be_read_is_an_error(project):
    before = project.text("desk.py")
    broken = project.pytest(change=("def handle", "def handle("))
    assert project.text("desk.py") == before
    assert (broken.told.code, broken.passed) == (5, [])  # there is no test yet
    with pytest.raises(LookupError, match=r"no test failed:\n.*\n*no tests ran"):
        broken.reason()
    (project.folder / "tests/test_desk.py").write_text("import desk\n\n\ndef test_one(): ...\n", "utf-8")
    broken = project.pytest("test_desk.py", change=("def handle", "def handle("))
    assert broken.failed and "SyntaxError" in str(broken)
    with pytest.raises(RuntimeError, match="nothing"):
        project.python("-m nothing")


@pytest.mark.slow
def test_what_the_desk_has_made_in_its_own_process_is_found_and_ended(project):
    with ManagedAgentsApi([RECORDINGS / "11_a.jsonl"]) as api:
        made = Made(api.client)
        with pytest.raises(LookupError, match="run the program first"):
            lesson11.newest_session(made)
        case = "My order A-1001 never arrived. I want my money back."
        said = project.python("desk.py", case, client=api.client)
        assert said == "I have paid back 49.00 for order A-1001."
        session = lesson11.newest_session(made)
        assert str(made.end()) == "1 session, 1 environment and 1 agent archived"
        assert api.client.beta.sessions.retrieve(session.id).archived_at


# -- the lesson ------------------------------------------------------------------------------------------


UNMARKED = """
from desk import handle


def test_one(managed_agents_api):
    assert handle("My order A-1001 never arrived. I want my money back.", [])
"""


def last_words(name: str) -> str:
    events = map(json.loads, (RECORDINGS / f"{name}.jsonl").read_text("utf-8").splitlines()[1:])
    *_, last = (event["content"][0]["text"] for event in events if event["type"] == "agent.message")
    return last


def test_three_agents_say_the_same_and_do_something_else():
    assert last_words("11_a") == last_words("11_b") == last_words("11_c") != last_words("11_d")


def prose() -> str:
    return "\n".join(cell.source for cell in read(LESSON).cells if cell.cell_type == "markdown")


def test_the_workflow_runs_what_the_lesson_runs():
    verify, tests = re.findall(r"- run: python (-m .*)$", prose(), re.M)
    [cell] = [cell.source for _, cell in code_cells(read(LESSON)) if "--verify" in cell.source]
    assert f'project.python("{verify}")' in cell and "project.pytest(change=" in cell
    assert tests == "-m pytest -q tests"


def test_the_requirements_of_the_workflow_name_this_package():
    [text] = re.findall(r"```text\n(.*?)```", prose(), re.S)
    *others, ours = map(Requirement, text.splitlines())
    assert [each.name for each in others] == ["anthropic", "pytest"]
    assert ours.name == tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["name"]
    assert ours.url == "git+https://github.com/OWNER/REPOSITORY@COMMIT"


@pytest.mark.slow
def test_a_test_without_a_mark_plays_the_first_recording_by_name_that_agrees(project):
    for name in ("11_a", "11_b"):
        shutil.copy(RECORDINGS / f"{name}.jsonl", project.folder / "tests/recordings")
    header, *events = (RECORDINGS / "11_a.jsonl").read_text("utf-8").splitlines(keepends=True)
    mine = json.dumps(json.loads(header) | {"name": "mine"}) + "\n"
    (project.folder / "tests/recordings/mine.jsonl").write_text("".join([mine, *events]), "utf-8")
    (project.folder / "tests/test_one.py").write_text(UNMARKED, "utf-8")
    run = project.pytest("test_one.py")
    assert (run.passed, run.told.agents) == (["test_one"], ["scripted 11_a"])


def test_the_desk_needs_nothing_of_the_course():
    for file in (DATA / "desk").glob("*.py"):
        assert "utilities" not in file.read_text("utf-8")
