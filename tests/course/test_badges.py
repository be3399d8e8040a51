"""What opens the course on Binder and on Colab, as far as it can be seen from here."""

import re

import nbformat
import pytest

from tests.kit.places import NOTEBOOKS, ROOT
from utilities.course import badges

LESSON = NOTEBOOKS / badges.FIRST


def test_both_badges_lead_to_the_first_lesson(capsys):
    assert badges.main(["ada/course"]) == 0
    binder, colab = re.findall(r"\]\((https://[^)]*)\)$", capsys.readouterr().out, re.M)
    assert binder == f"https://mybinder.org/v2/gh/ada/course/HEAD?urlpath=lab/tree/notebooks/{LESSON.name}"
    assert colab == f"https://colab.research.google.com/github/ada/course/blob/colab/{LESSON.name}"
    assert LESSON.is_file()


@pytest.mark.parametrize("wrong", ["course", "https://github.com/ada/course", "a/b; rm -r x"])
def test_what_is_no_repository_is_one_line(wrong, capsys):
    assert badges.main([wrong]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "OWNER/NAME" in line


def test_lessons_for_colab_get_the_course_and_lead_nowhere_that_is_not_there(tmp_path):
    assert badges.main(["ada/course", "--colab", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in NOTEBOOKS.glob("*.ipynb")}
    for path in tmp_path.iterdir():
        written, lesson = nbformat.read(path, 4), nbformat.read(NOTEBOOKS / path.name, 4)
        nbformat.validate(written)
        first, *others = written.cells
        assert "!git clone --quiet --depth 1 https://github.com/ada/course course" in first.source
        assert [cell.id for cell in others] == [cell.id for cell in lesson.cells]
        prose = "\n".join(cell.source for cell in others if cell.cell_type == "markdown")
        assert not re.findall(r"\]\((?!https://|#)[^)]*", prose)
        files = re.findall(r"https://github\.com/ada/course/blob/HEAD/([^)#]*)", prose)
        assert files and [file for file in files if not (ROOT / file).exists()] == []
        code = [cell.source for cell in others if cell.cell_type == "code"]
        assert code == [cell.source for cell in lesson.cells if cell.cell_type == "code"]


def test_binder_installs_a_learners_lock_and_the_course_with_nothing_fetched_to_build_it():
    lines = (ROOT / ".binder" / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.lock"]
    assert (ROOT / ".binder" / "runtime.txt").read_text("utf-8") == "python-3.11\n"
    build = (ROOT / ".binder" / "postBuild").read_text("utf-8")
    assert build.startswith("#!") and "pip install --quiet --no-deps --no-build-isolation -e ." in build
