"""What holds for every notebook of the course, solutions too: how it is committed, and that it repeats."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.kit.places import ROOT
from utilities.course.running.notebooks import differences, dumps, execute, keep_volatile, normalise, read

NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
PATHS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))


@each_notebook
def test_committed_executed_in_order_without_errors(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]


@each_notebook
def test_committed_for_any_machine(path):
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert str(ROOT) not in path.read_text() and str(Path.home()) + "/" not in path.read_text()


@each_notebook
def test_prose_comes_before_every_code_cell(path):
    cells = read(path).cells
    assert cells[0].cell_type == "markdown"
    in_a_row = [b.source for a, b in pairwise(cells) if a.cell_type == b.cell_type == "code"]
    assert not in_a_row


@each_notebook
def test_executed_again_it_is_the_same(path):
    run = execute(path)
    assert run.error is None, f"{run.error}\n{run.error and run.error.trace}"
    committed, fresh = read(path), normalise(run.notebook)
    assert differences(committed, fresh) == []
    assert dumps(keep_volatile(committed, fresh)) == path.read_text(), "make notebooks writes this file anew"
