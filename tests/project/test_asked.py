"""What depends on an answer that nobody knows is noticed, and runs under each answer."""

import pytest

from tests.kit import asked
from tests.kit.suites import IMPORTS
from utilities.replay.assumptions import ASSUME_VARIABLE

pytest_plugins = ["pytester"]

ASKS = "from utilities.replay.assumptions import assumed_here as answers; answers().of('environment-names')"
HOLDS = "import os; assert os.environ.get('COOKBOOK_ASSUME', '') in ('', 'environment-names=any'), 'no'"
SUITE = """
import pytest, subprocess, sys
{mark}
@pytest.mark.parametrize("number", [1, 2])
def test_it(number):
    {body}
"""
MARK = "@pytest.mark.unsettled"


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs two tests that do this, with or without the mark."""
    monkeypatch.delenv(ASSUME_VARIABLE, raising=False)
    monkeypatch.setattr(asked, "rounds", lambda: ["environment-names=any", "conflict-type=conflict_error"])

    def run(body, mark=""):
        pytester.makepyfile(test_x=SUITE.format(mark=mark, body=body))
        options = ("-p", "no:cacheprovider", "-p", "no:xdist")
        return pytester.runpytest_inprocess(*options, plugins=[IMPORTS, asked])

    return run


def test_what_asks_for_no_answer_runs_once(run):
    run("pass").assert_outcomes(passed=2)


@pytest.mark.parametrize("body", [ASKS, f'subprocess.run([sys.executable, "-c", "{ASKS}"], check=True)'])
def test_what_asks_for_one_is_told_to_carry_the_mark(run, body):
    result = run(body)
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(["*depends on environment-names: put @pytest.mark.unsettled above it*"])


def test_with_the_mark_it_runs_under_each_answer(run):
    result = run(f"{ASKS}; {HOLDS}", MARK)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["FAILED *others1-1*", "FAILED *others1-2*"])


def test_where_answers_are_chosen_nothing_is_asked_of_tests(run, monkeypatch):
    monkeypatch.setenv(ASSUME_VARIABLE, "environment-names=any")
    run(ASKS).assert_outcomes(passed=2)
