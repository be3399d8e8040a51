from __future__ import annotations

import pytest

from tests.kit.asked import _answers, pytest_generate_tests
from tests.kit.serving import HELPERS, each

__all__ = ["_answers", "pytest_generate_tests"]


@pytest.fixture(params=each(HELPERS))
def kind(request: pytest.FixtureRequest) -> str:
    """Each helper that follows a turn: what holds for one, holds for all. See `Served.follow`."""
    kind: str = request.param
    return kind
