"""The fidelity page and its list are what the tests say, and a mark that proves nothing is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.places import ROOT
from tests.project.fidelity import AGREED, SHAPES, both, changes, known_types, listed, page
from tests.project.marks import Rule, RuleError, collect, rules, survived
from utilities.replay.faults import KINDS

pytestmark = pytest.mark.slow

GOOD = '"it does", topic="sessions", evidence="seen", source="a capture"'


def runs_all(config: pytest.Config) -> bool:
    """Whether this run of pytest has all tests, as that of `make test`."""
    option, paths = config.option, {Path(argument).resolve() for argument in config.args}
    left_out = (option.keyword, option.markexpr, option.deselect, option.ignore, option.ignore_glob)
    return bool(paths & {ROOT, ROOT / "tests"}) and not any(left_out)


def test_the_committed_page_and_list_are_what_the_tests_say(request: pytest.FixtureRequest) -> None:
    """They are collected once more only where not all of them run."""
    if runs_all(request.config):
        assert changes(both(request.session.items)) == []
        return
    command = [sys.executable, "-m", "tests.project.fidelity", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, f"{AGREED}\n"), checked.stdout + checked.stderr


def test_every_captured_type_is_one_that_the_sdk_knows() -> None:
    assert set(SHAPES["events"]) < set(known_types())


def marked(folder: Path, *marks: str) -> list[pytest.Item]:
    """A test file with one test, which carries these marks."""
    decorators = "".join(f"@pytest.mark.{mark}\n" for mark in marks)
    argument = "a" if "parametrize" in decorators else ""
    path = folder / f"test_{folder.name}.py"
    path.write_text(f"import pytest\n\n{decorators}def test_it({argument}): assert False\n")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  rule: x\n  fault: x\n")
    return collect(path)


def found(folder: Path, *marks: str) -> list[Rule]:
    """The rules that this test carries."""
    return rules(marked(folder, *marks))


def test_a_rule_is_a_row_with_its_evidence_and_its_test(tmp_path: Path) -> None:
    rules = found(tmp_path, f'rule({GOOD}, note="or it | does not")', "parametrize('a', [1, 2])")
    made = page(rules, [])
    assert "| it does | seen: a capture | [test_it](" in made
    assert "1 rules, proved by 1 tests." in made and "| seen | 1 |" in made
    assert "or it \\| does not" in made
    [rule] = json.loads(listed(rules))
    assert (rule["text"], rule["evidence"], rule["note"]) == ("it does", "seen", "or it | does not")
    assert [test.partition("::")[2] for test in rule["tests"]] == ["test_it"]


def test_what_was_seen_live_stands_with_its_rule_and_in_a_section(tmp_path: Path) -> None:
    rules = found(tmp_path, f"rule({GOOD})")
    seen = {"says": "it does | so", "rule": "it does", "seen": "200", "date": "2026-12-01", "sdk": "2.14.0"}
    made = page(rules, [{**seen, "verdict": "differs"}])
    assert "| it does | seen: a capture; live: differs, 2026-12-01 | [test_it](" in made
    assert "| it does \\| so | differs | 200 | 2026-12-01, SDK 2.14.0 |" in made
    assert "live: differs (queued), " in page(rules, [{**seen, "verdict": "differs", "answer": "queued"}])
    assert "Nothing on this page has been checked" not in made
    unasked = page(rules, [{**seen, "verdict": "not asked"}])
    assert unasked == page(rules, []) and "Nothing on this page has been checked" in unasked


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        (('rule("x", topic="sessions")',), "missing 1 required"),
        (('rule("x", topic="weather", evidence="seen")',), "topic 'weather' is not one of requests"),
        (('rule("x", topic="sessions", evidence="sure")',), "evidence 'sure' is not one of sdk"),
        (('rule("x", topic="sessions", evidence="unsettled")',), "needs a note"),
        (('rule("x", topic="sessions", evidence="unsettled", note="y")',), "names its switch"),
        ((f"rule({GOOD})", "skip"), "with skip proves nothing"),
        ((f"rule({GOOD})", "xfail"), "with xfail proves nothing"),
        ((f"rule({GOOD})", f"rule({GOOD.replace('seen', 'doc')})"), "has another topic or evidence"),
    ],
)
def test_a_mark_that_proves_nothing_is_refused(tmp_path: Path, marks: tuple[str, ...], told: str) -> None:
    with pytest.raises(RuleError, match=told):
        found(tmp_path, *marks)


def test_a_fault_is_a_row_with_what_the_helpers_do_and_the_test(tmp_path: Path) -> None:
    kinds = {"repeat": KINDS["repeat"]}
    broken = survived(marked(tmp_path, 'fault("repeat", "shows each once")'), kinds)
    assert [test.partition("::")[2] for test in broken[0].tests] == ["test_it"]
    assert (
        "| `repeat` | delivers every event of the log twice; previews once | shows each once | [test_it]("
        in (page([], [], broken))
    )


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        (("fault('repeat')",), "missing 1 required"),
        (("fault('repaet', 'x')",), "there is no fault 'repaet'; there are repeat"),
        (("fault('repeat', 'x')", "skip"), "with skip proves nothing"),
        (("fault('repeat', 'x')", "fault('repeat', 'y')"), "something else is said"),
        (("parametrize('a', [1])",), "no test has the mark fault('repeat', …)"),
    ],
)
def test_a_mark_of_a_fault_that_proves_nothing_is_refused(
    tmp_path: Path, marks: tuple[str, ...], told: str
) -> None:
    with pytest.raises(RuleError, match=re.escape(told)):
        survived(marked(tmp_path, *marks), {"repeat": KINDS["repeat"]})
