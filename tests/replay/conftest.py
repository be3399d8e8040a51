"""What tests of the replay server share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.kit.calling import Caller
from tests.kit.scripts import going
from tests.kit.suites import IMPORTS


@pytest.fixture
def call() -> Caller:
    """An API without a socket; its sessions play `going()`."""
    return Caller(going())


@pytest.fixture
def imports_stay() -> Iterator[None]:
    yield
    IMPORTS.stay()


@pytest.fixture
def pytester(imports_stay: None, pytester: pytest.Pytester) -> pytest.Pytester:
    """pytest's own; what its suites have imported is put back when it has forgotten it."""
    return pytester


@pytest.fixture
def run_here(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Runs the suite in pytester's folder, in this process; takes pytest's options, and plugins."""

    def run(*options: str, plugins: tuple[object, ...] = ()) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options, plugins=[IMPORTS, *plugins])

    return run
