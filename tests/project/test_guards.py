"""The table of guards is of today's code; that each is missed when it is gone, `make guards` shows."""

import pytest

from tests.kit.places import ROOT
from tests.project.guards import GUARDS, Guard, missing, suites

TESTS = ROOT / "tests"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.protects)
def test_the_guard_is_there_to_be_taken_away(guard):
    assert missing(guard) == ""
    assert suites(guard, TESTS)


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        (Guard("a", "turn/cellar.py", "x", "y"), "NOT FOUND: there is no utilities/turn/cellar.py"),
        (Guard("a", "turn/settle.py", "x = cellar", "y"), "NOT FOUND: turn/settle.py has no 'x = cellar'"),
    ],
)
def test_one_that_is_not_there_says_so(guard, told):
    assert missing(guard) == told


def test_its_suites_are_those_with_the_tests_that_it_names_or_all_of_its_room():
    named = Guard("a", "turn/settle.py", "x", "y", "the_guard_is_there or quick")
    assert [file.name for file in suites(named, TESTS)] == ["test_guards.py"]
    unnamed = Guard("a", "turn/settle.py", "x", "y", "quick")
    assert {file.parent.name for file in suites(unnamed, TESTS)} == {"turn"}
