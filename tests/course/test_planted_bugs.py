"""The bugs that lesson 01's agent mends: which tests fail for which of them."""

import json
import re
import subprocess
import sys

import pytest

from tests.kit.places import DATA

FIXTURE = DATA / "iterate"


BUGS = json.loads((FIXTURE / "planted_bugs.json").read_text("utf-8"))


def failing(folder, fixed):
    """The tests that fail when only these functions are mended."""
    code = (FIXTURE / "calc.py").read_text("utf-8")
    for bug in BUGS:
        assert code.count(bug["wrong"]) == 1
        if bug["function"] in fixed:
            code = code.replace(bug["wrong"], bug["right"])
    (folder / "calc.py").write_text(code, "utf-8")
    (folder / "test_calc.py").write_text((FIXTURE / "test_calc.py").read_text("utf-8"), "utf-8")
    run = """
import test_calc
for name in [name for name in vars(test_calc) if name.startswith("test_")]:
    try:
        getattr(test_calc, name)()
    except Exception:
        print(name)
"""
    command = [sys.executable, "-B", "-c", run]
    return set(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("fixed", "failures"),
    [
        ((), {"test_add", "test_divide", "test_mean"}),
        (("add",), {"test_divide"}),
        (("divide",), {"test_add", "test_mean"}),
        (("add", "divide"), set()),
    ],
)
def test_the_planted_bugs_are_all_there_is_to_fix(tmp_path, fixed, failures):
    assert failing(tmp_path, fixed) == failures
    assert {bug["function"] for bug in BUGS} == {"add", "divide"}


def test_three_tests_with_four_checks():
    text = (FIXTURE / "test_calc.py").read_text("utf-8")
    assert (len(re.findall(r"^def test_", text, re.M)), len(re.findall(r"^    assert ", text, re.M))) == (
        3,
        4,
    )
