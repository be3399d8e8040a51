"""The file of `Approvals`: one that can't be used is named at once, and what goes wrong says its cause."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.places import ROOT
from utilities import approvals
from utilities.approvals import Approvals

NOBODY = 65534


@pytest.mark.parametrize("name", ["no/such/folder.db", "page.html"])
def test_a_file_that_cannot_be_used_is_named(tmp_path, name):
    (tmp_path / "page.html").write_text("<p>no database, but long enough to look like one</p>" * 20)
    with pytest.raises(ValueError, match="approvals in .*name another file"):
        Approvals(tmp_path / name)


def test_an_inbox_in_memory_is_refused():
    with pytest.raises(ValueError, match="need a file"):
        Approvals(":memory:")


def test_a_table_of_another_program_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE approvals (number INTEGER)")
    with pytest.raises(ValueError, match="no such column: .*; name another file"):
        Approvals(tmp_path / "other.db")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_may_read_a_new_file_and_an_old_one_stays_as_it_is(tmp_path):
    inbox = Approvals(tmp_path / "inbox.db")
    assert stat.S_IMODE(inbox.path.stat().st_mode) == 0o600
    inbox.path.chmod(0o640)
    Approvals(inbox.path)
    assert stat.S_IMODE(inbox.path.stat().st_mode) == 0o640


def test_a_relative_path_means_the_same_file_when_the_program_moves(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    inbox = Approvals("inbox.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert inbox.ask("sesn_1", "sevt_1", {}) == inbox.open()[0]
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_locked_file_is_not_a_wrong_one(tmp_path, monkeypatch):
    inbox = Approvals(tmp_path / "inbox.db")
    monkeypatch.setattr(approvals, "BUSY", 0.05)
    with closing(sqlite3.connect(inbox.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ValueError, match="database is locked; try again"):
            Approvals(inbox.path)
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            inbox.open()
    assert inbox.open() == []


READER = """
import os, sys
from utilities.approvals import Approvals
if os.geteuid() == 0:
    os.seteuid(int(sys.argv[2]))  # for root no file is read-only
Approvals(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_file_that_can_only_be_read_is_named():
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is closed to another user
        Path(folder).chmod(0o755)
        inbox = Approvals(Path(folder) / "inbox.db")
        inbox.path.chmod(0o444)
        command = [sys.executable, "-c", READER, str(inbox.path), str(NOBODY)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60).stderr
    assert "ValueError" in said and "attempt to write a readonly database; name another file" in said


FULL = """
import resource, signal, sys
from utilities.approvals import Approvals
inbox = Approvals(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # a disk with room for so much
inbox.ask("sesn_1", "sevt_1", {"note": "short"})
inbox.ask("sesn_1", "sevt_2", {"note": "x" * 10_000_000})  # more than SQLite holds in memory
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_a_full_disk_is_what_is_said(tmp_path):
    command = [sys.executable, "-c", FULL, str(tmp_path / "inbox.db")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60).stderr
    last = said.splitlines()[-1]
    assert "sqlite3.OperationalError" in last and "rollback" not in last
    assert len(Approvals(tmp_path / "inbox.db").open()) == 1
