"""A notebook that nbmake executes is compared with what is committed, and a difference is told."""

import os
import subprocess
import sys

import pytest
from nbformat import read, write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.kit.places import ROOT
from utilities.course.running.__main__ import main
from utilities.course.running.notebooks import dumps

pytestmark = pytest.mark.slow

DEPENDS = """
from utilities.replay.assumptions import assumed_here
assert assumed_here().of("environment-names") == "unique"
"""
CONFTEST = (ROOT / "notebooks" / "conftest.py").read_text("utf-8")


@pytest.fixture
def folder(tmp_path):
    """Notebooks as `make notebooks` leaves them, in a folder that has them compared."""
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    for name, source in {
        "depends": DEPENDS,
        "same": "import sys\nprint(sys.executable)",
        "other": "print('one')\nprint('two')",
        "opened": "print('one')\nprint('two')",
        "raises": "print('one')",
    }.items():
        cells = [new_markdown_cell("Why."), new_code_cell(source)]
        write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    assert main(["--folder", str(tmp_path), "--write"]) == 0
    return tmp_path


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def opened_and_saved(path):
    """As JupyterLab leaves a notebook that was opened, run and saved."""
    notebook = read(path, 4)
    notebook.metadata.language_info = {"name": "python", "version": "3.12.1", "pygments_lexer": "ipython3"}
    notebook.metadata.kernelspec.display_name = "My Python"
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    cell = notebook.cells[1]
    cell.metadata |= {"execution": {"iopub.status.busy": "2026-11-27T15:00:00Z"}, "scrolled": True}
    cell.execution_count, cell["id"] = 7, "another"
    cell.outputs = [new_output("stream", name="stdout", text=f"{line}\n") for line in ("one", "two")]
    write(notebook, path)


def test_each_difference_is_told_with_its_cell(folder, monkeypatch):
    change(folder / "other.ipynb", '"two\\n"', '"three\\n"')
    raises = read(folder / "raises.ipynb", 4)
    raises.cells[1].source = "1 / 0"
    (folder / "raises.ipynb").write_text(dumps(raises), "utf-8")
    opened_and_saved(folder / "opened.ipynb")
    spec = folder / "jupyter" / "kernels" / "python3"  # a user's own kernel of that name is not taken
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["false"], "display_name": "own", "language": "python"}')
    env = os.environ | {"JUPYTER_PATH": str(folder / "jupyter"), "MPLBACKEND": "no such thing"}
    before = {path: path.read_bytes() for path in folder.glob("*.ipynb")}

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "conftest",
        "-p",
        "no:xdist",
        "--nbmake",
        str(folder),
    ]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)

    assert "3 failed, 2 passed" in done.stdout, done.stdout
    assert "It depends on environment-names. This is under conflict-type=" in done.stdout
    assert 'cell [1]: committed "three\\n", executed "two\\n"' in done.stdout
    assert "`python -m utilities.course.reset ot` brings the original back" in done.stdout
    assert "ZeroDivisionError" in done.stdout
    assert before == {path: path.read_bytes() for path in folder.glob("*.ipynb")}
