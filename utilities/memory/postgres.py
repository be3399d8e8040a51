"""A brain on PostgreSQL: what's wrong with the database is said at once, and every event loop may use it.

Astrocyte connects at the first operation: a server that isn't there is then half a minute of silence, and
an error that doesn't say why. And its pool belongs to the event loop of that first operation, whereas a
notebook, `asyncio.run` and the tools of a session have a loop each. It needs `astrocyte[postgres]`.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import inspect
import os
import threading
from collections.abc import Coroutine
from importlib import import_module, metadata
from typing import Any

from astrocyte.config import AstrocyteConfig
from astrocyte.wiring import resolve_store

from . import failures

__all__ = ["OneLoop", "PostgresError", "passing", "prepare", "too_large"]

CONNECT_SECONDS = 5
SET_UP_SECONDS = 30  # for tables that others write to meanwhile
DROPPED = ("57P01", "57P02", "57P05", "08003", "08006")  # shut down, crashed, idle too long; no connection
# Of sqlstate 53300, which psycopg doesn't say of a connection that was refused.
CROWDED = ("too many clients", "too many connections", "connection slots are reserved")
LOCK = 0x6272_6169_6E  # "brain", a key among PostgreSQL's advisory locks
NO_EXTENSION = (
    "the server has no pgvector: install it there (Debian: postgresql-17-pgvector, for PostgreSQL 17), "
    "or name another server"
)


class PostgresError(ValueError):
    """The database can't be used as a brain, and what to do about it; `open_brain` makes it a BrainError."""


class OneLoop:
    """A store of Astrocyte's, all operations of which run on one event loop in a thread of its own.

    Args:
        store: its coroutine methods may then be awaited in any loop, and in many at once. It is closed when
            the program ends.
    """

    def __init__(self, store: Any) -> None:
        self._store = store
        atexit.register(lambda: _started(store.close()).result(CONNECT_SECONDS))

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not inspect.iscoroutinefunction(member):
            return member

        @functools.wraps(member)
        async def there(*args: Any, **options: Any) -> Any:
            if (pool := getattr(self._store, "_pool", None)) is not None:
                # Its own five minutes, in which each try comes twice as late as the last: a server that is
                # back after some of them would be looked for minutes later. Then the next operation looks.
                pool.reconnect_timeout = failures.OPERATION_SECONDS
            return await asyncio.wrap_future(_started(member(*args, **options)))

        return there


def prepare(settings: AstrocyteConfig) -> None:
    """Make sure that the database answers and has its tables, which Astrocyte makes, once.

    Astrocyte would go through all of its CREATE and ALTER in each process, at its first operation; they lock
    the table that others write to, and PostgreSQL ends those deadlocks by refusing their memories. So they
    run when the tables aren't those of this version, which the comment on an index says, and by one process
    at a time. `settings` then say that they are there.

    Raises:
        PostgresError: the server doesn't answer, refuses us, or can't be a brain with this embedding.
    """
    psycopg: Any = import_module("psycopg")  # comes with the store
    options = settings.vector_store_config = dict(settings.vector_store_config or {})
    table = str(options.get("table_name", "astrocyte_vectors"))
    with _connected(options) as connection:
        connection.execute('SET search_path = public, "$user"')  # the store's
        connection.execute("SET lock_timeout = '15s'")
        known = "SELECT FROM pg_available_extensions WHERE name = 'vector'"
        if not connection.execute(known).fetchall():
            raise PostgresError(NO_EXTENSION)
        try:
            if options.get("bootstrap_schema", True):
                _set_up(connection, settings, table)
                options["bootstrap_schema"] = False
            # pgvector keeps a column's length where other types keep theirs
            length = "SELECT atttypmod FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
            ((kept,),) = connection.execute(length, (table, "embedding")).fetchall()
        except (psycopg.Error, TimeoutError) as error:
            told = "with bootstrap_schema they are made, by a role that may CREATE in this database"
            raise PostgresError(f"the tables can't be used: {_line(error)}; {told}") from error
    if kept not in (-1, wanted := options.get("embedding_dimensions")):
        told = "take another database or table_name: two embeddings can't share one"
        raise PostgresError(f"{table} has embeddings of {kept} dimensions, not {wanted}; {told}")


def _set_up(connection: Any, settings: AstrocyteConfig, table: str) -> None:
    """Have a store of Astrocyte's make the tables, unless those of this version are there."""
    sql: Any = import_module("psycopg.sql")
    version = f"tables of astrocyte-postgres {metadata.version('astrocyte-postgres')}"
    index = f"{table}_bank_idx"
    said = "SELECT obj_description(to_regclass(%s), 'pg_class')"
    if connection.execute(said, (index,)).fetchone() == (version,):
        return
    # Processes that make the tables at the same time would fail each other: one after the other.
    connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
    if connection.execute(said, (index,)).fetchone() == (version,):
        return
    _started(_make_tables(resolve_store(settings, "vector_store"))).result()
    comment = sql.SQL("COMMENT ON INDEX {} IS {}").format(sql.Identifier(index), sql.Literal(version))
    connection.execute(comment)


async def _make_tables(store: Any) -> None:
    try:
        await asyncio.wait_for(store.list_vectors("none", limit=1), SET_UP_SECONDS)
    finally:
        await store.close()


def passing(error: Exception) -> bool:
    """Whether nothing was done and the next try may succeed: a deadlock, or a connection that is dropped.

    A pool hands out a dropped connection and notices it by the error; what is stored again is the same row.
    """
    psycopg: Any = import_module("psycopg")
    pool: Any = import_module("psycopg_pool")
    if isinstance(error, (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)):
        return True
    dropped = isinstance(error, psycopg.OperationalError) and not isinstance(error, pool.PoolTimeout)
    return dropped and error.sqlstate in (None, *DROPPED)  # type: ignore[attr-defined]


def too_large(error: Exception) -> bool:
    """Whether PostgreSQL can't take a question apart into words, as one of 200,000 characters."""
    psycopg: Any = import_module("psycopg")
    return isinstance(error, psycopg.errors.StatementTooComplex)


def _connected(options: dict[str, Any]) -> Any:
    psycopg: Any = import_module("psycopg")
    dsn = options.get("dsn") or os.environ.get("DATABASE_URL") or os.environ.get("ASTROCYTE_PG_DSN")
    try:
        return psycopg.connect(dsn or "", connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.ProgrammingError:  # libpq's words may quote the password, so ours
        told = "not a connection string; write postgresql://user:password@host:5432/database"
        raise PostgresError(f"vector_store_config.dsn: {told}") from None
    except psycopg.Error as error:
        told = "is the server up, and are user, password and database in vector_store_config.dsn right?"
        if any(words in str(error) for words in CROWDED):
            told = "close some, or raise the limit (max_connections, or that of the role or the database)"
        raise PostgresError(f"{_line(error)}; {told}") from error


def _line(error: Exception) -> str:
    """What PostgreSQL says first; it goes on in lines of context and hints."""
    return str(error).strip().partition("\n")[0]


def _started(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, _loop())


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="brain", daemon=True).start()
    return loop
