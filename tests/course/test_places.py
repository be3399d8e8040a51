"""Where the course's data is found."""

import subprocess
import sys

import pytest

from tests.kit.places import ROOT
from utilities import course
from utilities.course import places


@pytest.mark.slow
def test_the_data_is_found_from_any_working_directory(tmp_path):
    program = "from utilities.course import DATA; print(DATA)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT / "example_data"), done.stderr


def test_data_that_is_missing_is_one_line_that_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "DATA", tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match=r"^there is no .*gone, .*git checkout example_data.*$"):
        _ = course.DATA
