"""What depends on answers to what nobody knows is found by running it, and then runs under all of them.

A server notes each question that it asks itself where the answer decides what it does (see
`utilities.replay.assumptions`). What makes it ask none does the same under every answer.

A folder whose `conftest.py` imports `pytest_generate_tests` and `_answers` from here, or a file of tests that
does, has its tests checked.
One that depends on an answer has to carry the mark `unsettled`, and with it runs under each.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from utilities.replay.assumptions import ASKED_VARIABLE, ASSUME_VARIABLE, rounds


@contextmanager
def asking() -> Iterator[Callable[[], list[str]]]:
    """Have the servers of this process, and of those that it starts, note what they ask in this block.

    Yields:
        The questions up to now, each once.
    """
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        noted = Path(folder, "asked")
        noted.touch()
        patch.setenv(ASKED_VARIABLE, str(noted))
        yield lambda: sorted(set(noted.read_text("utf-8").split()))


@contextmanager
def assuming(spec: str) -> Iterator[None]:
    """In this block, servers that are told nothing else give these answers; "" changes nothing."""
    with pytest.MonkeyPatch.context() as patch:
        if spec:
            patch.setenv(ASSUME_VARIABLE, spec)
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What has the mark runs under the server's own answers, and under all others."""
    if metafunc.definition.get_closest_marker("unsettled"):
        specs = {"own": "", **{f"others{number}": spec for number, spec in enumerate(rounds())}}
        metafunc.parametrize("_answers", specs.values(), ids=specs, indirect=True)


@pytest.fixture(autouse=True)
def _answers(request: pytest.FixtureRequest) -> Iterator[None]:
    """The answers that a test's servers give. A test without the mark must not depend on them."""
    spec: str | None = getattr(request, "param", None)
    chosen = os.environ.get(ASSUME_VARIABLE)  # by who runs the tests, as `make assumptions` does
    with assuming(spec or ""), asking() as asked:
        yield
        if asked() and spec is None and not chosen:
            pytest.fail(f"this depends on {', '.join(asked())}: put @pytest.mark.unsettled above it")
