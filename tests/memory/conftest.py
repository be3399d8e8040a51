"""The brains that these tests work with: SQLite files, but for `make test-postgres`, which loads
`tests.postgres.brains` as a plugin; then what works with a brain that it is given runs on PostgreSQL."""

from typing import Any

import pytest

from tests.kit.brains import FACTS, Completions, retain
from utilities import open_brain

POSTGRES = "tests.postgres.brains"
GIVEN = {"brain", "full"}


@pytest.fixture
def brain(request: pytest.FixtureRequest) -> Any:
    """A brain that knows nothing yet."""
    if request.config.pluginmanager.has_plugin(POSTGRES):
        return request.getfixturevalue("brain_on_postgres")
    return open_brain(request.getfixturevalue("tmp_path") / "brain.db", client=Completions())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A brain that knows every fact of the question set."""
    if request.config.pluginmanager.has_plugin(POSTGRES):
        brain = request.getfixturevalue("another_brain_on_postgres")
    else:
        brain = open_brain(tmp_path_factory.mktemp("brain") / "brain.db")
    assert all(result.stored for result in retain(brain, *(fact["text"] for fact in FACTS)))
    return brain


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out the tests of this folder that open a SQLite file of their own."""
    if not config.pluginmanager.has_plugin(POSTGRES):
        return
    here = [item for item in items if item.path.parent.name == "memory"]
    left_out = [item for item in here if not GIVEN & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
