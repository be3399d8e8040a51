"""What holds for each test. The network is closed one level up, in /conftest.py, for notebooks too."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or an address that one test sets never reaches the next."""
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
