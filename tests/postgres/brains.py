"""Brains on a PostgreSQL of our own: the plugin that `make test-postgres` loads with `-p`."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.kit.brains import Completions
from tests.kit.places import ROOT
from tests.postgres.cluster import NoPostgres, cluster
from utilities import open_brain

CONFIG = ROOT / "example_data/memory/postgres.yaml"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server's connection string, to which a database's name is to be added."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # killed like this, too, it cleans up
    try:
        with cluster() as dsn:
            yield dsn
    except NoPostgres as error:
        pytest.exit(str(error), returncode=1)  # one line, not one for each test


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """A database of nobody else's; it is what BRAIN_DSN names as long as it is there."""
    with (
        psycopg.connect(server.format("postgres"), autocommit=True) as admin,
        pytest.MonkeyPatch.context() as env,
    ):
        ((number,),) = admin.execute("SELECT count(*) FROM pg_database").fetchall()
        admin.execute(f"CREATE DATABASE test_{number}")
        dsn = server.format(f"test_{number}")
        env.setenv("BRAIN_DSN", dsn)
        yield dsn


@pytest.fixture
def database(server: str) -> Iterator[str]:
    with new_database(server) as dsn:
        yield dsn


@contextmanager
def opened(**options: Any) -> Iterator[Any]:
    brain = open_brain(config=CONFIG, **options)
    yield brain
    asyncio.run(brain._pipeline.shutdown())  # Astrocyte has no public name for it


@pytest.fixture
def brain_on_postgres(database: str) -> Iterator[Any]:
    """A brain that knows nothing yet, in `database`."""
    with opened(client=Completions()) as brain:
        yield brain


@pytest.fixture(scope="module")
def another_brain_on_postgres(server: str) -> Iterator[Any]:
    """A brain in a database of its own, for all tests of a module."""
    with new_database(server), opened() as brain:
        yield brain
