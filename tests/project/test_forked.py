"""What is forked for the tests is what would have been started: only its imports were done before."""

import json
import os

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tests.kit.forked import FORKS, can_fork
from tests.kit.forked_kernels import kernels

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FORKS, reason="nothing is forked here")]

LOOK = """
import json, os, sys, threading
ended = open("ended", "w")
import atexit; atexit.register(ended.close); ended.write("yes")
own = [name for name in sys.modules if name.partition(".")[0] in ("utilities", "tests", "notebooks")]
print(json.dumps({
    "folder": os.getcwd(), "argv": sys.argv[0], "path": sys.path, "executable": sys.executable,
    "environment": {k: v for k, v in os.environ.items() if not k.startswith(("JPY_PARENT", "PYTEST_CURR"))},
    "hash": hash("a word"), "own": own, "matplotlib": "matplotlib" in sys.modules, "main": __name__,
    "encoding": [sys.stdout.encoding, sys.getfilesystemencoding()], "leads": os.getpid() == os.getsid(0),
}))
"""


def seen(folder, *, forked):
    """What a kernel sees of itself, in a folder that it is started in."""
    folder.mkdir()
    notebook = new_notebook(cells=[new_code_cell(LOOK)])
    with kernels(forked=forked):
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    [output] = notebook.cells[0].outputs
    assert (folder / "ended").read_text() == "yes", "what waits for the process's end was left out"
    return json.loads(output.text)


def test_a_forked_kernel_is_as_one_that_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("SOMETHING", "new")
    started, forked = seen(tmp_path / "a", forked=False), seen(tmp_path / "b", forked=True)
    assert started.pop("folder") == str(tmp_path / "a") and forked.pop("folder") == str(tmp_path / "b")
    mine = [name for name in forked.pop("own") if not name.startswith("tests.kit.forked")]
    assert mine == ["tests", "tests.kit"] and started.pop("own") == []
    assert forked["environment"]["SOMETHING"] == "new" and forked["leads"] and not forked["matplotlib"]
    assert forked == started


def test_what_python_reads_when_it_starts_is_not_forked():
    ours = dict(os.environ)
    assert can_fork(ours) and can_fork({**ours, "SOMETHING": "new"})
    assert not can_fork({**ours, "PYTHONPATH": "elsewhere"}) and not can_fork({**ours, "LC_ALL": "C"})
