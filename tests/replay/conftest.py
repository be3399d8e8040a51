"""What tests of the replay server share."""

import pytest

from tests.kit.calling import Caller
from tests.kit.scripts import going


@pytest.fixture
def call() -> Caller:
    """An API without a socket; its sessions play `going()`."""
    return Caller(going())
