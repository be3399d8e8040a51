"""What tests of exercises share: an answer that passes its check, and one that fails it for a reason."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from tests.kit.browser_python import browser_python
from tests.kit.forked import another_forkserver
from tests.kit.forked_kernels import kernels
from utilities.course.exercises import Exercise
from utilities.course.lesson11.apart import PRELOADED


@pytest.fixture(scope="session", autouse=True)
def _kernels_start_quickly() -> Iterator[None]:
    with kernels():
        yield


@pytest.fixture(scope="module")
def _forks_of_lesson11() -> Iterator[None]:
    """What lesson 11 forks has imported what it has in a notebook."""
    with another_forkserver(PRELOADED):
        yield


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["here", "browser"])
def _python(request: pytest.FixtureRequest) -> Iterator[None]:
    """This Python, and one without threads."""
    with browser_python() if request.param else nullcontext():
        yield


@pytest.fixture
def passes(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """`passes(exercise, *answer)`: asserts that the answer is right; if not, shows what the check said."""

    def asserted(exercise: Exercise, *answer: Any) -> None:
        exercise.check(*answer)
        said = capsys.readouterr().out
        assert exercise.passed, said

    return asserted


@pytest.fixture
def fails(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """`fails(exercise, *answer, why=…)`: asserts that the answer is wrong, and that the check says why."""

    def asserted(exercise: Exercise, *answer: Any, why: str) -> None:
        exercise.check(*answer)
        said = capsys.readouterr().out
        assert exercise.passed is False, said
        assert why in said

    return asserted
