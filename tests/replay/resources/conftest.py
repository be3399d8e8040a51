"""Memory stores through the client: a server, and a store with a memory of each test's own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.calling import serving, strict


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with serving() as server:
        yield strict(server)


@pytest.fixture
def api(client: Any) -> Any:
    return client.beta.memory_stores


@pytest.fixture
def store(api: Any) -> Any:
    return api.create(name="Notes", description="what we know").id


@pytest.fixture
def memory(api: Any, store: str) -> Any:
    return api.memories.create(store, path="/notes/todo.md", content="milk ✓")
