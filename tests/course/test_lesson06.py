"""Lesson 06's exercises: right answers of several styles pass, wrong ones fail for their own reason."""

from __future__ import annotations

from typing import Any

import pytest

from utilities.course import lesson06
from utilities.course.lesson06.forge import Forge
from utilities.course.lesson06.material import HIDDEN

TESTS = "tests/test_slugs.py"


# -- 1: was it shipped? --------------------------------------------------------------------------------


def of_main_and_its_tests(forge: Forge, before: dict[str, str]) -> bool:
    return forge.main[TESTS] == before[TESTS] and lesson06.run_checks(forge.main, HIDDEN).green


def every_test_file(forge: Forge, before: dict[str, str]) -> bool:
    def under_tests(files: dict[str, str]) -> dict[str, str]:
        return {path: text for path, text in files.items() if path.startswith("tests/")}

    if under_tests(forge.main) != under_tests(before):
        return False
    found = lesson06.run_checks(forge.main, HIDDEN)
    return all(found.visible.values()) and all(found.hidden.values())


def with_the_old_tests(forge: Forge, before: dict[str, str]) -> bool:
    files = {**forge.main, TESTS: before[TESTS]}
    return files == forge.main and lesson06.run_checks(files, HIDDEN).green


def step_by_step(forge: Forge, before: dict[str, str]) -> Any:
    changed = [path for path in forge.main if forge.main[path] != before.get(path)]
    if not changed or any(path.startswith("tests") for path in changed):
        return 0
    return 1 if lesson06.run_checks(forge.main, HIDDEN).green else 0


@pytest.mark.parametrize("right", [of_main_and_its_tests, every_test_file, with_the_old_tests, step_by_step])
def test_a_check_of_main_passes(right, passes):
    passes(lesson06.shipping, right)


def by_state(forge: Forge, before: dict[str, str]) -> bool:
    return forge.pulls[-1].state == "merged"


def by_the_log(forge: Forge, before: dict[str, str]) -> bool:
    return forge.log[-1].what == "merged"


def main_is_another(forge: Forge, before: dict[str, str]) -> bool:
    return forge.main != before


def checks_of_the_pull(forge: Forge, before: dict[str, str]) -> bool:
    return lesson06.run_checks(forge.pulls[-1].files, HIDDEN).green


def visible_only(forge: Forge, before: dict[str, str]) -> bool:
    return forge.main[TESTS] == before[TESTS] and lesson06.run_checks(forge.main, {}).green


def by_the_forges_own_cases(forge: Forge, before: dict[str, str]) -> bool:
    return lesson06.run_checks(forge.main, forge.hidden).green


def the_same_test_names(forge: Forge, before: dict[str, str]) -> bool:
    def names(files: dict[str, str]) -> list[str]:
        return [line for line in files[TESTS].splitlines() if line.startswith("def ")]

    return names(forge.main) == names(before) and lesson06.run_checks(forge.main, HIDDEN).green


def six_of_six(forge: Forge, before: dict[str, str]) -> bool:
    found = lesson06.run_checks(forge.main, HIDDEN)
    return forge.main != before and found.green and len(found.visible) == 6


def forgets_the_tests(forge: Forge, before: dict[str, str]) -> bool:
    return lesson06.run_checks(forge.main, HIDDEN).green


def nothing_may_change(forge: Forge, before: dict[str, str]) -> bool:
    return forge.main == before


def a_wrong_path(forge: Forge, before: dict[str, str]) -> bool:
    return forge.main["test_slugs.py"] == before["test_slugs.py"]


def restores_the_tests(forge: Forge, before: dict[str, str]) -> bool:
    files = forge.main
    files[TESTS] = before[TESTS]  # main itself is written to
    return lesson06.run_checks(files, HIDDEN).green


def merges_it_first(forge: Forge, before: dict[str, str]) -> bool:
    if forge.pulls and forge.pulls[-1].approved:
        forge.merge(forge.pulls[-1].number, forge.pulls[-1].head)
    return of_main_and_its_tests(forge, before)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (by_state, "'Øystein' still becomes 'ystein'; your function says yes"),
        (by_the_log, "'Øystein' still becomes 'ystein'; your function says yes"),
        (main_is_another, "'Øystein' still becomes 'ystein'; your function says yes"),
        (visible_only, "'Øystein' still becomes 'ystein'; your function says yes"),
        (by_the_forges_own_cases, "'Øystein' still becomes 'ystein'; your function says yes"),
        (checks_of_the_pull, "green and approved, but nobody has merged it; your function says yes"),
        (forgets_the_tests, "no longer says which slug it wants; your function says yes"),
        (the_same_test_names, "no longer says which slug it wants; your function says yes"),
        (six_of_six, "no longer says which slug it wants; your function says yes"),
        (restores_the_tests, "no longer says which slug it wants; your function says yes"),
        (merges_it_first, "green and approved, but nobody has merged it; your function says yes"),
        (nothing_may_change, "in the first agent's forge the fix is on main"),
        (a_wrong_path, "your function raised KeyError: 'test_slugs.py'"),
        (lambda forge, before: None, "your function returned None"),
        (lambda forge, before: False, "in the first agent's forge the fix is on main"),
    ],
)
def test_a_check_that_believes_fails(wrong, why, fails):
    fails(lesson06.shipping, wrong, why=why)


@pytest.mark.parametrize("wrong", [restores_the_tests, merges_it_first])
def test_what_an_attempt_does_to_the_forges_is_gone_in_the_next(wrong, passes):
    lesson06.shipping.check(wrong)
    passes(lesson06.shipping, of_main_and_its_tests)


# -- 2: what nothing stops -------------------------------------------------------------------------------


@pytest.mark.parametrize("guess", ["e", "E)", ["e"]])
def test_what_nothing_stops(guess, passes):
    passes(lesson06.locks, guess)


@pytest.mark.parametrize(
    ("guess", "why"),
    [
        ("a", "a path below tests/ is protected"),
        ("b", "which cases does it not know"),
        ("c", "an approval is for one head"),
        ("d", "who reads that file"),
        ("be", "which cases does it not know"),
    ],
)
def test_what_a_lock_stops(guess, why, fails):
    fails(lesson06.locks, guess, why=why)


# -- 3: opened once --------------------------------------------------------------------------------------


def by_title_and_changes(forge: Forge, title: str, files: dict[str, str]) -> Any:
    same = next((pull for pull in forge.pulls if (pull.title, pull.changes) == (title, files)), None)
    return same or forge.open_pull(title, files)


def by_changes_in_a_loop(forge: Forge, title: str, files: dict[str, str]) -> Any:
    for pull in forge.pulls:
        if pull.title == title and pull.changes == files:
            return pull
    return forge.open_pull(title, files)


def by_a_list(forge: Forge, title: str, files: dict[str, str]) -> Any:
    same = [pull for pull in forge.pulls if pull.changes == files and pull.title == title]
    return same[0] if same else forge.open_pull(title, files)


def by_numbers(forge: Forge, title: str, files: dict[str, str]) -> Any:
    known = {pull.number: (pull.title, pull.changes) for pull in forge.pulls}
    for number, call in known.items():
        if call == (title, files):
            return forge.pulls[number - 1]
    return forge.open_pull(title, files)


@pytest.mark.parametrize("right", [by_title_and_changes, by_changes_in_a_loop, by_a_list, by_numbers])
def test_what_opens_once_passes(right, passes):
    passes(lesson06.opening, right)


def by_changes(forge: Forge, title: str, files: dict[str, str]) -> Any:
    same = (pull for pull in forge.pulls if pull.changes == files)
    return next(same, None) or forge.open_pull(title, files)


def by_head(forge: Forge, title: str, files: dict[str, str]) -> Any:
    head = lesson06.commit_of({**forge.main, **files})
    same = [pull for pull in forge.pulls if (pull.title, pull.head) == (title, head)]
    return same[0] if same else forge.open_pull(title, files)


def by_files(forge: Forge, title: str, files: dict[str, str]) -> Any:
    whole = forge.main | files
    known = {pull.number: pull for pull in forge.pulls if pull.title == title and pull.files == whole}
    return known[min(known)] if known else forge.open_pull(title, files)


def by_title(forge: Forge, title: str, files: dict[str, str]) -> Any:
    return next((pull for pull in forge.pulls if pull.title == title), None) or forge.open_pull(title, files)


def the_last_one(forge: Forge, title: str, files: dict[str, str]) -> Any:
    if forge.pulls and forge.pulls[-1].changes == files:
        return forge.pulls[-1]
    return forge.open_pull(title, files)


def by_paths(forge: Forge, title: str, files: dict[str, str]) -> Any:
    same = (pull for pull in forge.pulls if pull.changes.keys() == files.keys())
    return next(same, None) or forge.open_pull(title, files)


def a_part_is_enough(forge: Forge, title: str, files: dict[str, str]) -> Any:
    same = (pull for pull in forge.pulls if files.items() <= pull.changes.items())
    return next(same, None) or forge.open_pull(title, files)


def always_anew(forge: Forge, title: str, files: dict[str, str]) -> Any:
    return forge.open_pull(title, files)


def its_number(forge: Forge, title: str, files: dict[str, str]) -> Any:
    return by_title_and_changes(forge, title, files).number


def opens_nothing(forge: Forge, title: str, files: dict[str, str]) -> Any:
    return forge.pulls[-1]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (by_title, "the same title and other text in src/slugs.py is another change"),
        (by_paths, "the same title and other text in src/slugs.py is another change"),
        (a_part_is_enough, "the same title and one file of the two is another change"),
        (by_changes, "another title is another call, and got pull 1"),
        (the_last_one, "came once more, after others and a push, and got pull 5, not 1"),
        (by_head, "came once more, after others and a push, and got pull 6, not 1"),
        (by_files, "came once more, after others and a push, and got pull 6, not 1"),
        (always_anew, "there are two pull requests"),
        (its_number, "returned 1, not a pull request"),
        (opens_nothing, "the first call raised IndexError"),
    ],
)
def test_what_opens_twice_or_too_little_fails(wrong, why, fails):
    fails(lesson06.opening, wrong, why=why)


# -- all of them -----------------------------------------------------------------------------------------


def test_not_attempted_is_no_error(capsys):
    def as_given(forge: Forge, title: str, files: dict[str, str]) -> Any:
        same: Any = ...
        return same or forge.open_pull(title, files)

    lesson06.shipping.check(lambda forge, before: ...)
    lesson06.locks.check(...)
    lesson06.opening.check(as_given)
    assert capsys.readouterr().out.count("not attempted yet") == 3
