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
from importlib import import_module
from typing import Any

from astrocyte.config import AstrocyteConfig

__all__ = ["OneLoop", "PostgresError", "prepare"]

CONNECT_SECONDS = 5
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
        store: its coroutine methods may then be awaited in any loop, and in many at once.
    """

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not inspect.iscoroutinefunction(member):
            return member

        @functools.wraps(member)
        async def there(*args: Any, **options: Any) -> Any:
            return await asyncio.wrap_future(_started(member(*args, **options)))

        return there


def prepare(settings: AstrocyteConfig, store: Any) -> None:
    """Make sure that the database answers and has its tables, which Astrocyte makes.

    Raises:
        PostgresError: the server doesn't answer, refuses us, or can't be a brain with this embedding.
    """
    psycopg: Any = import_module("psycopg")  # comes with the store

    options = settings.vector_store_config or {}
    with _connected(options) as connection:
        known = "SELECT FROM pg_available_extensions WHERE name = 'vector'"
        if not connection.execute(known).fetchall():
            raise PostgresError(NO_EXTENSION)
        atexit.register(lambda: _started(store.close()).result(CONNECT_SECONDS))
        try:
            # Processes that make the tables at the same time would fail each other: one after the other.
            connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            _started(store.list_vectors("none", limit=1)).result()
        except psycopg.Error as error:
            told = "with bootstrap_schema they are made, by a role that may CREATE in this database"
            raise PostgresError(f"the tables can't be used: {_line(error)}; {told}") from error
        # pgvector keeps a column's length where other types keep theirs
        length = "SELECT atttypmod FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'embedding'"
        table = options.get("table_name", "astrocyte_vectors")
        ((kept,),) = connection.execute(length, (table,)).fetchall()
    if kept not in (-1, wanted := options.get("embedding_dimensions")):
        told = "take another database or table_name: two embeddings can't share one"
        raise PostgresError(f"{table} has embeddings of {kept} dimensions, not {wanted}; {told}")


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
