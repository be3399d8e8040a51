"""What holds for each test. The network is closed one level up, in /conftest.py, for notebooks too."""

import os

import pytest

from utilities.show import acting


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or an address that one test sets never reaches the next."""
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _nobody_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it see whose moves another test's session makes: servers of two tests give the same ids."""
    monkeypatch.setattr(acting, "_noted", {})
