"""Both ways in, uv and conda, install the same versions of what pyproject.toml asks for."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from tests.kit.places import ROOT


def conda_requirements() -> list[str]:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return next(entry["pip"] for entry in dependencies if isinstance(entry, dict))


def test_conda_pins_the_direct_dependencies_at_the_locks_versions():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {req.name: req.specifier for req in (Requirement(line) for line in lines if line[0] not in " #")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(each) for each in project["dependencies"] + project["optional-dependencies"]["dev"]]
    expected = [str(Requirement(f"{_with_extras(req)}{locked[req.name]}")) for req in wanted]
    assert [str(Requirement(line)) for line in conda_requirements()[:-1]] == expected


def test_conda_installs_this_package_last():
    assert conda_requirements()[-1] == "-e ."


def test_the_locked_versions_are_those_that_pyproject_allows():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {req.name: req.specifier for req in (Requirement(line) for line in lines if line[0] not in " #")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for req in map(Requirement, project["dependencies"] + project["optional-dependencies"]["dev"]):
        (pin,) = locked[req.name]
        assert pin.version in req.specifier, req


def _with_extras(req: Requirement) -> str:
    return f"{req.name}[{','.join(sorted(req.extras))}]" if req.extras else req.name


def test_the_lock_for_postgres_agrees_with_the_courses():
    """They are installed into the same .venv, so neither may change what the other put there."""

    def pins(path: Path) -> dict[str, str]:
        lines = [line for line in path.read_text().splitlines() if line[0] not in " #"]
        return {req.name: str(req.specifier) for req in map(Requirement, lines)}

    course, postgres = pins(ROOT / "requirements.lock"), pins(ROOT / "tests/postgres/requirements.lock")
    added = {"astrocyte-postgres", "pgvector", "psycopg", "psycopg-binary", "psycopg-pool"}
    assert set(postgres) - set(course) == added
    assert {name: pin for name, pin in postgres.items() if name not in added}.items() <= course.items()
