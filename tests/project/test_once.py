"""What the workers of one run share is made by the first of them, and by each if that goes wrong."""

import pytest

from tests.kit.once import once


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A worker's own, in which the workers share nothing yet."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    return tmp_path / "gw0"


def test_it_is_made_once_for_all_workers(folder):
    made = []
    for _ in range(3):
        assert once(folder, "x", lambda: made.append(1) or {"a": [1]}) == {"a": [1]}
    assert made == [1]


def test_what_goes_wrong_does_so_in_each(folder):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            once(folder, "x", lambda: 1 / 0)


def test_without_workers_there_is_nobody_to_share_it_with(folder, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    assert once(folder, "x", lambda: 1) == 1 and list(folder.parent.iterdir()) == []
