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
from tests.postgres.brains import CONFIG, new_database, opened
from tests.postgres.cluster import cluster, programs, stoppable
from utilities import BrainError, open_brain
from utilities.memory import failures

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


# -- a store that fails ------------------------------------------------------------------------------


def test_a_table_that_is_missing_is_told(brain, database):
    retain(brain, "The cat is called Miro.")
    rows(database, "DROP TABLE astrocyte_vectors")
    with pytest.raises(BrainError, match='relation "public.astrocyte_vectors" does not exist'):
        recall(brain, "pets")
    assert "failed on our side (BrainError)" in Bank(brain, "me").refusal("recall", query="pets")


def test_a_locked_table_has_a_deadline(brain, database, monkeypatch):
    retain(brain, "The cat is called Miro.")
    monkeypatch.setattr(failures, "OPERATION_SECONDS", 0.5)
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE astrocyte_vectors")
        for ask in (recall, retain):
            with pytest.raises(BrainError, match=r"not done with .* after 0\.5 s: is a table locked"):
                ask(brain, "pets")
    assert recall(brain, "pets") == ["The cat is called Miro."]


def test_a_server_that_is_down_is_told():
    with cluster() as dsn, pytest.MonkeyPatch.context() as env, new_database(dsn):
        env.setattr(failures, "OPERATION_SECONDS", 3)
        brain = open_brain(config=CONFIG)
        retain(brain, "The cat is called Miro.")
        with psycopg.connect(dsn.format("postgres"), autocommit=True) as admin:
            ((name,),) = admin.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE 'test_%'"
            ).fetchall()
            admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        with pytest.raises(BrainError):
            recall(brain, "pets")
        with psycopg.connect(dsn.format("postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
        asyncio.run(brain._pipeline.shutdown())


def test_a_server_that_comes_back_is_found_by_the_next_operation(monkeypatch):
    """However long it was away: the pool by itself looks again later each time, here after 1, 3, 7, 15 s."""
    monkeypatch.setattr(failures, "OPERATION_SECONDS", 2)
    with stoppable() as server, new_database(server.dsn), opened() as brain:
        retain(brain, "The cat is called Miro.")
        recall(brain, "pets")
        server.stop()
        for _ in range(5):
            with pytest.raises(BrainError, match="down or out of connections"):
                recall(brain, "pets")
        server.start()
        assert recall(brain, "pets") == ["The cat is called Miro."]


def test_a_server_out_of_connections_is_told_and_loses_nothing(database, monkeypatch):
    rows(database, "CREATE EXTENSION vector")
    rows(database, "CREATE ROLE crowd LOGIN PASSWORD 'x'")
    rows(database, f"GRANT ALL ON DATABASE {database.rpartition('/')[2]} TO crowd")
    rows(database, "GRANT ALL ON SCHEMA public TO crowd")
    secret = database.split("//")[1].split("@")[0]
    crowd = database.replace(secret, "crowd:x")
    monkeypatch.setenv("BRAIN_DSN", crowd)
    monkeypatch.setattr(failures, "OPERATION_SECONDS", 3)
    with opened() as brain:
        retain(brain, "The cat is called Miro.")
        rows(database, "ALTER ROLE crowd CONNECTION LIMIT 0")
        rows(database, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'crowd'")
        for ask in (recall, retain):
            with pytest.raises(BrainError, match="out of connections"):
                ask(brain, "pets")
        assert "failed on our side (BrainError)" in Bank(brain, "me").refusal("recall", query="pets")
        told = refusal(monkeypatch, crowd)
        assert 'too many connections for role "crowd"' in told and "close some, or raise" in told
        rows(database, "ALTER ROLE crowd CONNECTION LIMIT -1")
        monkeypatch.setattr(failures, "OPERATION_SECONDS", 60)  # the pool looks again, later each time
        assert recall(brain, "pets") == ["The cat is called Miro."]
        assert retain(brain, "The dog is called Rex.")[0].stored


def test_tables_are_set_up_once(brain, database):
    """Astrocyte's statements lock the table that others write to, and so refuse their memories."""
    oid = "SELECT oid FROM pg_trigger WHERE tgname = 'astrocyte_vectors_fts_trigger'"
    before = rows(database, oid)
    with opened() as again:
        retain(again, "The cat is called Miro.")
    assert rows(database, oid) == before  # Astrocyte makes its trigger anew each time
    rows(database, "COMMENT ON INDEX astrocyte_vectors_bank_idx IS 'of another version'")
    with opened() as again:
        retain(again, "The dog is called Rex.")
    assert rows(database, oid) != before


def test_opening_does_not_refuse_what_others_retain(brain, database):
    """Also when the tables are set up, as by a new version: a retain that met a deadlock is tried again."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def remember(number: int) -> None:
        try:
            for count in range(1_000):
                if stop.is_set():
                    break
                retain(
                    brain, f"{PEOPLE[number]} saw {count} {THINGS[count % len(THINGS)]}", bank=f"u{number}"
                )
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=remember, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(6):
        rows(database, "COMMENT ON INDEX astrocyte_vectors_bank_idx IS NULL")
        with opened():
            pass
    stop.set()
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
