"""All ways in, uv and conda, a learner's and a developer's, install the same versions."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from tests.kit.places import ROOT
from utilities.course.setup import LOCKS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
COURSE = [*map(Requirement, PROJECT["dependencies"] + EXTRAS["course"])]
ALL = COURSE + [*map(Requirement, EXTRAS["setup"] + EXTRAS["dev"])]
LEARNERS, DEVELOPERS = (ROOT / name for name in LOCKS)


def locked(path: Path) -> list[Requirement]:
    lines = path.read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line[0] not in " #"]


def pins(path: Path) -> dict[str, str]:
    return {f"{req.name} {req.marker or ''}": str(req.specifier) for req in locked(path)}


def conda_requirements() -> list[str]:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    return next(entry["pip"] for entry in dependencies if isinstance(entry, dict))


def test_conda_pins_what_the_course_needs_at_the_locks_versions():
    versions = {req.name: req.specifier for req in locked(LEARNERS)}
    expected = [str(Requirement(f"{_with_extras(req)}{versions[req.name]}")) for req in COURSE]
    assert [str(Requirement(line)) for line in conda_requirements()[:-1]] == expected


def test_conda_installs_this_package_last():
    assert conda_requirements()[-1] == "-e ."


def test_the_locked_versions_are_those_that_pyproject_allows():
    for path, wanted in ((LEARNERS, COURSE), (DEVELOPERS, ALL)):
        versions = {req.name: req.specifier for req in locked(path)}
        for req in wanted:
            (pin,) = versions[req.name]
            assert pin.version in req.specifier, req


def _with_extras(req: Requirement) -> str:
    return f"{req.name}[{','.join(sorted(req.extras))}]" if req.extras else req.name


def test_a_developer_has_what_a_learner_has_and_more():
    assert pins(LEARNERS).items() <= pins(DEVELOPERS).items()
    assert {"playwright", "mypy", "ruff"} <= {req.name for req in locked(DEVELOPERS)}
    assert not {"playwright", "mypy", "ruff"} & {req.name for req in locked(LEARNERS)}


def test_set_up_says_how_many_packages_a_lock_has():
    """On Linux, where they were weighed."""
    linux = {"sys_platform": "linux", "os_name": "posix", "python_full_version": "3.11.7"}
    linux |= {"platform_machine": "x86_64", "platform_python_implementation": "CPython"}
    for name, (packages, _) in LOCKS.items():
        assert packages == sum(not req.marker or req.marker.evaluate(linux) for req in locked(ROOT / name))


def test_set_up_finds_its_tools_in_both_locks():
    """What builds and installs the course: without them a folder of the lock's wheels would not be enough."""
    (builds,) = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert re.match(r"setuptools\b", builds)
    for path in (LEARNERS, DEVELOPERS):
        assert {"uv", "setuptools"} <= {req.name for req in locked(path)}


def test_the_lock_for_postgres_agrees_with_the_courses():
    """They are installed into the same .venv, so neither may change what the other put there."""

    def by_name(path: Path) -> dict[str, str]:
        return {req.name: str(req.specifier) for req in locked(path)}

    course, postgres = by_name(DEVELOPERS), by_name(ROOT / "tests/postgres/requirements.lock")
    added = {"astrocyte-postgres", "pgvector", "psycopg", "psycopg-binary", "psycopg-pool"}
    assert set(postgres) - set(course) == added
    assert {name: pin for name, pin in postgres.items() if name not in added}.items() <= course.items()
