"""The lessons that run in a browser, in a Python that is as poor; Pyodide itself needs Node: `__main__`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser_python.__main__ import main
from tests.browser_python.compared import ONLY_THERE, differences
from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course.lite.parts import LESSONS
from utilities.course.running.notebooks import code_cells, read

PROGRAM = """
import asyncio, json, sys
from tests.browser_python.cells import executed
from tests.kit.browser_python import browser_python
with asyncio.Runner() as runner:
    runner.get_loop()  # it opens sockets, so before they are forbidden
    out = sys.stdout
    cells = json.load(sys.stdin)
    with browser_python():
        told = runner.run(executed(cells))
    print(json.dumps(told), file=out)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_shows_the_same_without_threads_sockets_and_processes(lesson):
    cells = [cell for _, cell in code_cells(read(NOTEBOOKS / "solutions" / f"{lesson}.ipynb"))]
    given = json.dumps([cell.source for cell in cells])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=given, capture_output=True, encoding="utf-8", cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert differences(cells, told) == []
    assert any(ONLY_THERE in one["text"] for one in told) == (lesson == LESSONS[-1])


def test_what_differs_is_said_with_its_cell():
    cells = [cell for _, cell in code_cells(read(NOTEBOOKS / "solutions" / f"{LESSONS[0]}.ipynb"))]
    told = [{"text": "another\n", "error": ""}, {"text": "", "error": "Traceback\nValueError: no"}]
    wrong = differences(cells, told)
    assert "[1] +another" in wrong
    assert "[2] ValueError: no" in wrong
    assert wrong[-1] == f"2 of {len(cells)} code cells ran"


def test_without_node_there_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "no Node on this machine" in line


def test_no_lesson_is_named_that_is_not_there():
    assert all(Path(NOTEBOOKS, f"{lesson}.ipynb").exists() for lesson in LESSONS)
