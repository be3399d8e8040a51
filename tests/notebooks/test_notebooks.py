"""What holds for every notebook of the course, solutions too, without executing it.

That it runs, and shows again what is committed, is what `pytest --nbmake notebooks` proves: see
notebooks/conftest.py.
"""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.kit.places import ROOT
from utilities.course.running.notebooks import read

NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
PATHS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))


@each_notebook
def test_committed_executed_without_errors(path):
    """That it was in order is what the comparison shows; the numbers differ where a learner ran it again."""
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert None not in [cell.execution_count for cell in cells]
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
