"""The lessons hold on a server that looks like the hosted one; see tests/kit/hosted.py.

The solutions stand for the lessons: they are the same cells, with the exercises done. What `expect_move`
tells may differ there, and nothing else may.

Lesson 05 is not among them: its turn has to take as long as it would live, three minutes in all. With
LESSON_05=1 in the environment it is.
"""

import os

import pytest
from nbclient import NotebookClient

from tests.kit.forked_kernels import kernels
from tests.kit.hosted import LooksHosted
from tests.kit.places import NOTEBOOKS
from utilities.course.running.kernel import kernel_environment, kernel_manager
from utilities.course.running.notebooks import read

pytestmark = pytest.mark.slow

AT_ITS_PACE = "05_"
CONNECTED = [
    path
    for path in sorted((NOTEBOOKS / "solutions").rglob("0[0-5]*.ipynb"))
    if "connect(" in path.read_text("utf-8")
]
SOLUTIONS = [path for path in CONNECTED if os.environ.get("LESSON_05") or path.name[:3] != AT_ITS_PACE]


def shown(notebook):
    """What the cells printed."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem[:3].strip("_"))
def test_a_lesson_holds_where_nothing_says_that_it_is_on_recordings(path, tmp_path):
    notebook = read(path)
    speed = 1.0 if path.name.startswith(AT_ITS_PACE) else 0.0
    with LooksHosted(speed=speed) as server, kernels():
        client = NotebookClient(notebook, km=kernel_manager(), timeout=120)
        environment = kernel_environment(str(tmp_path)) | server.environment
        client.execute(cwd=str(path.parent), env=environment)
    assert "LIVE: connected to" in shown(notebook)
    assert "not yet:" not in shown(notebook)  # of a solution
