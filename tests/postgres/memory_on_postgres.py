"""`make test-postgres`: a brain on PostgreSQL keeps every promise of the embedded one, and some more.

The promises that both make are tested in `tests/memory`, which runs again on PostgreSQL; here are those of
PostgreSQL alone. Not part of `make test`: its name is not one that pytest looks for, because no learner needs
a PostgreSQL.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.kit.brains import Bank, recall, retain
from tests.kit.places import ROOT
from tests.postgres.brains import CONFIG, opened
from tests.postgres.cluster import cluster, programs
from utilities import BrainError, open_brain

# No two sentences of these have the same words, which would be one to the embedding.
PEOPLE = ["Ada", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi"]
THINGS = [
    "tea",
    "jazz",
    "chess",
    "rain",
    "bread",
    "cats",
    "trains",
    "maps",
    "opera",
    "snow",
    "poems",
    "bikes",
]


@pytest.fixture
def brain(brain_on_postgres: Any) -> Any:
    return brain_on_postgres


def rows(dsn: str, query: str) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        done = connection.execute(query)
        return done.fetchall() if done.description else []


def test_personal_data_is_redacted_before_it_is_stored(brain, database):
    retain(brain, "Write to ada@example.com about the engine.")
    assert recall(brain, "who is written to?") == ["Write to [EMAIL_REDACTED] about the engine."]
    assert "ada@example.com" not in str(rows(database, "SELECT v::text FROM astrocyte_vectors v"))


# -- many loops, many processes ----------------------------------------------------------------------


def test_every_event_loop_can_use_it_and_many_at_once(brain, database):
    """A notebook's loop, the loop of a session's tools, and each asyncio.run, which is what this is."""
    banks = [Bank(brain) for _ in range(4)]

    def remember(bank: Bank, number: int) -> None:
        async def at_once() -> None:
            tool = bank.by_name["memory_retain"]
            await asyncio.gather(
                *(tool.call({"content": f"{PEOPLE[number]} likes {thing}."}) for thing in THINGS)
            )

        asyncio.run(at_once())

    for round in range(2):
        loops = [threading.Thread(target=remember, args=(b, 4 * round + n)) for n, b in enumerate(banks)]
        for loop in loops:
            loop.start()
        for loop in loops:
            loop.join(20)
    kept = rows(database, "SELECT DISTINCT text FROM astrocyte_vectors")
    assert len(kept) == len(PEOPLE) * len(THINGS)


def test_a_connection_that_the_server_dropped_is_replaced(brain, database):
    retain(brain, "The cat is called Miro.")
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    dropped = len(
        rows(database, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
    )
    assert dropped
    for _ in range(dropped + 1):  # each of them is noticed by the call that gets it
        found = recall(brain, "what is the name of the pet?")
    assert found == ["The cat is called Miro."]


RETAIN = (
    "import asyncio, os, signal, sys\n"
    "from utilities import open_brain\n"
    "brain = open_brain(config=sys.argv[1])\n"
    "asyncio.run(brain.retain(sys.argv[2], 'me'))\n"
)


def run(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, str(CONFIG), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_what_one_process_retained_another_recalls_though_the_first_was_killed(database):
    killed = run(RETAIN + "os.kill(os.getpid(), signal.SIGKILL)\n", "The cat is called Miro.")
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    with opened() as brain:
        assert recall(brain, "what is the name of the pet?") == ["The cat is called Miro."]


def test_two_processes_share_a_bank_while_both_are_open(brain):
    retain(brain, "The cat is called Miro.")
    others = [run(RETAIN, text) for text in ("The dog is called Rex.", "The cat is called Miro.")]
    for other in others:
        assert (other.communicate(timeout=60)[0], other.returncode) == (b"", 0)
    assert sorted(recall(brain, "pets")) == ["The cat is called Miro.", "The dog is called Rex."]


def test_brains_that_are_opened_at_once_do_not_fail_each_other(database):
    """Astrocyte makes the tables at the first use; eight at once would be one that works and seven errors."""
    failed: list[BaseException] = []

    def open_one() -> None:
        try:
            with opened():
                pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


# -- what can't be opened ----------------------------------------------------------------------------


def refusal(monkeypatch: pytest.MonkeyPatch, dsn: str) -> str:
    monkeypatch.setenv("BRAIN_DSN", dsn)
    with pytest.raises(BrainError) as error:
        open_brain(config=CONFIG)
    said = str(error.value)
    assert said.startswith(f"{CONFIG}: ") and "\n" not in said
    return said


def test_a_server_that_does_not_answer(monkeypatch):
    said = refusal(monkeypatch, "postgresql://cook:secret@127.0.0.1:1/brain")
    assert "Connection refused" in said and "is the server up" in said and "secret" not in said


def test_a_wrong_password_and_a_wrong_database(server, monkeypatch):
    wrong = refusal(monkeypatch, server.format("postgres").replace("@", "x@"))
    assert "password authentication failed" in wrong and "vector_store_config.dsn" in wrong
    assert 'database "nope" does not exist' in refusal(monkeypatch, server.format("nope"))


def test_what_is_no_connection_string_is_not_shown(monkeypatch):
    said = refusal(monkeypatch, "postgresql:/cook:secret@host/brain")
    assert "write postgresql://user:password@host" in said and "secret" not in said


def test_a_role_that_may_not_make_tables(database, monkeypatch):
    rows(database, "CREATE ROLE reader LOGIN PASSWORD 'x'")
    secret = database.split("//")[1].split("@")[0]
    said = refusal(monkeypatch, database.replace(secret, "reader:x"))
    assert "permission denied" in said and "a role that may CREATE" in said


def test_a_table_of_another_embedding(database, monkeypatch):
    with opened():
        pass
    rows(database, "ALTER TABLE astrocyte_vectors ALTER embedding TYPE vector(128) USING NULL")
    assert "embeddings of 128 dimensions, not 256; take another database" in refusal(monkeypatch, database)


def test_a_server_without_pgvector(tmp_path_factory):
    """A real one: PostgreSQL finds its extensions from where its programs lie, so these lie elsewhere."""
    share = Path(subprocess.check_output([programs() / "pg_config", "--sharedir"], text=True).strip())
    library = Path(subprocess.check_output([programs() / "pg_config", "--pkglibdir"], text=True).strip())
    common = Path(os.path.commonpath([programs(), share, library]))
    with tempfile_for_all() as elsewhere:
        bin = elsewhere / programs().relative_to(common)
        shutil.copytree(programs(), bin)
        without = shutil.ignore_patterns("vector*")
        shutil.copytree(share, elsewhere / share.relative_to(common), ignore=without)
        (elsewhere / library.relative_to(common)).symlink_to(library)
        with pytest.MonkeyPatch.context() as env:
            env.setenv("PG_BIN", str(bin))
            with cluster() as dsn:
                assert "the server has no pgvector: install it" in refusal(env, dsn.format("postgres"))


@contextmanager
def tempfile_for_all() -> Iterator[Path]:
    """A folder that the server's account may read, too."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
