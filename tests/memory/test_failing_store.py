"""A store that fails: the agent and the developer are told, and never that nothing is remembered."""

import asyncio
import os
import shutil
import sqlite3

import pytest

from tests.kit.brains import Bank, recall, retain
from utilities import BrainError, open_brain

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "brain.db"


@pytest.fixture
def opened(path):
    brain = open_brain(path)
    assert all(result.stored for result in retain(brain, *(f"Note {i}: {'nuts ' * i}" for i in range(1, 40))))
    assert recall(brain, "nuts")
    return brain


def damaged(path):
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    pages = bytearray(path.read_bytes())
    pages[4096:] = os.urandom(len(pages) - 4096)
    path.write_bytes(pages)


def deleted(path):
    for file in path.parent.iterdir():
        file.unlink()


def replaced(path):
    """Another program has begun a brain where this one was deleted."""
    os.rename(path.parent, path.parent.with_name("elsewhere"))
    assert retain(open_brain(path), "A secret of somebody else's.")[0].stored


def moved(path):
    shutil.move(path.parent, path.parent.with_name("elsewhere"))


def changed(statement):
    def change(path):
        with sqlite3.connect(path) as file:
            file.execute(statement)
        file.close()

    return change


FAILURES = {
    "damaged": (damaged, "malformed|vtable constructor failed"),  # the latter says SQLite 3.53
    "deleted": (deleted, "deleted or moved while this brain was open"),
    "moved": (moved, "deleted or moved while this brain was open"),
    "replaced": (replaced, "another file than when this brain was opened"),
    "a table is missing": (changed("DROP TABLE astrocyte_vectors"), "no such table: astrocyte_vectors"),
    "a part of it is": (changed("DROP TABLE astrocyte_vectors_fts"), "no such table: astrocyte_vectors_fts"),
    "a column is": (
        changed("ALTER TABLE astrocyte_vectors RENAME forgotten_at TO forgotten"),
        r"no such column: (v\.)?forgotten_at",  # whichever of the two searches fails first
    ),
}


@pytest.mark.parametrize(("fail", "said"), FAILURES.values(), ids=FAILURES.keys())
def test_both_are_told(opened, path, fail, said):
    fail(path)
    with pytest.raises(BrainError, match=said):
        recall(opened, "nuts")
    bank = Bank(opened, "me")
    told = bank.refusal("recall", query="nuts")
    assert told.startswith("memory_recall failed on our side (BrainError)") and "says nothing about" in told
    assert str(path) not in told


@pytest.mark.parametrize("fail", [deleted, moved, replaced])
def test_nothing_is_written_where_the_file_was(opened, path, fail):
    fail(path)
    there = sorted(path.parent.iterdir()) if path.parent.exists() else None
    assert "failed on our side" in Bank(opened, "me").refusal("retain", content="Bob drinks coffee")
    assert (sorted(path.parent.iterdir()) if path.parent.exists() else None) == there
    health = asyncio.run(opened.health())
    assert not health.healthy and str(path) in health.message


def test_it_goes_on_when_the_file_is_put_back(opened, path):
    moved(path)
    with pytest.raises(BrainError):
        recall(opened, "nuts")
    shutil.move(path.parent.with_name("elsewhere"), path.parent)
    assert recall(opened, "nuts")


def test_a_table_that_is_not_a_brains_is_said_at_opening(tmp_path):
    path = tmp_path / "brain.db"
    changed("CREATE TABLE astrocyte_vectors (id TEXT, text TEXT)")(path)
    with pytest.raises(BrainError, match=r"brain\.db: no such column"):
        open_brain(path)


# -- the working folder ------------------------------------------------------------------------------


@pytest.fixture(params=["path", "yaml"])
def open_relative(request, tmp_path):
    if request.param == "path":
        return lambda: open_brain("brain.db")
    config = tmp_path / "brain.yaml"
    config.write_text("vector_store: sqlite\nvector_store_config: {path: brain.db}\n", "utf-8")
    return lambda: open_brain(config=config)


def test_a_brain_is_the_file_that_was_opened_whatever_the_working_folder(
    open_relative, tmp_path, monkeypatch
):
    here, there = (tmp_path / name for name in ("here", "there"))
    for folder in (here, there):
        folder.mkdir()
        monkeypatch.chdir(folder)
        brain = open_relative()
        retain(brain, f"The key is kept {folder.name}.")
    monkeypatch.chdir(here)
    assert recall(brain, "key") == ["The key is kept there."]
    assert retain(brain, "The lamp is new.")[0].stored
    assert recall(open_relative(), "lamp or key") == ["The key is kept here."]


def test_a_working_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BrainError, match="name the file by its full path"):
        open_brain("brain.db")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("ask", ["recall", "retain"])
def test_a_breaker_that_is_open_is_an_error_too(tmp_path, ask):
    """Astrocyte's own would answer that there are no hits."""

    class Broken:
        def __getattr__(self, name):
            raise ConnectionError("no completions today")

    config = tmp_path / "brain.yaml"
    config.write_text(
        f"vector_store: sqlite\nvector_store_config: {{path: {tmp_path}/brain.db}}\n"
        "escalation: {circuit_breaker: {failure_threshold: 1}}\n",
        "utf-8",
    )
    brain = open_brain(config=config, client=Broken())
    retain(brain, "The cat is called Miro.")
    with pytest.raises(ConnectionError):
        asyncio.run(brain.reflect("what is the pet called?", "me"))
    with pytest.raises(BrainError, match="circuit|degraded"):
        {"recall": recall, "retain": retain}[ask](brain, "cat")
