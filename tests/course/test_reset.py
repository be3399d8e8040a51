"""The original of a lesson comes back, and what a learner made of it is kept."""

import subprocess

import pytest

from utilities.course.reset import NoOriginal, reset


def git(root, *arguments):
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", root, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path):
    """A clone with two lessons and the solution of one."""
    for name in ("01_a.ipynb", "02_b.ipynb", "solutions/01_a.ipynb"):
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the original of {name}\n", "utf-8")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "lessons")
    return tmp_path


def test_the_original_is_back_and_mine_is_kept_each_time(clone):
    lesson = clone / "notebooks" / "01_a.ipynb"
    for text, kept in (("mine", "01_a.ipynb"), ("mine again", "01_a-2.ipynb")):
        lesson.write_text(text, "utf-8")
        first, second = reset("01", clone)
        assert first.startswith(
            f"notebooks/01_a.ipynb is the original again, yours is my_notebooks/{kept}; in JupyterLab:"
        )
        assert second == "notebooks/solutions/01_a.ipynb is the original"
        assert lesson.read_text("utf-8") == "the original of 01_a.ipynb\n"
        assert (clone / "my_notebooks" / kept).read_text("utf-8") == text


def test_one_that_was_deleted_comes_back_too(clone):
    lesson = clone / "notebooks" / "02_b.ipynb"
    lesson.unlink()
    assert reset("02", clone)[0].startswith("notebooks/02_b.ipynb is the original again; in")
    assert lesson.read_text("utf-8") == "the original of 02_b.ipynb\n"


def test_where_there_is_no_original_it_is_said(clone, tmp_path_factory):
    with pytest.raises(NoOriginal, match="no notebook in .*notebooks begins with '07'"):
        reset("07", clone)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.raises(NoOriginal, match="elsewhere.* is no git clone"):
        reset("01", elsewhere)
