"""What lesson 04's exercises on memory stores run on: a memory to work on, and a client that is watched.

Somebody else can write between two of the learner's requests, always at the same place: no race of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from anthropic import Anthropic, DefaultHttpxClient, NotFoundError

from utilities.replay.testing import ManagedAgentsApi

from ..exercises import TookTooLong, Wrong, within

MOST = 30  # requests that a function may send in one call
PATIENCE = 10.0  # seconds for a call that should take a tenth of one


def stopped(what: str, error: Exception) -> Wrong:
    """What to say if the learner's code raised something; `what` says in which case."""
    return Wrong(f"{what}: your code raised {type(error).__name__}: {error}")


class _Endless(BaseException):
    """Ends a function that goes on sending. No `Exception`, so that the function doesn't catch it."""


class Watched:
    """A client of its own, and what was sent with it.

    Args:
        base_url: the server.
        before: called before each request leaves, with its method; what it does there happens between
            the learner's last request and this one.
        options: for the client.

    Attributes:
        client: for the learner. Copies of it (`with_options`) are watched too.
        requests: the methods of the last call's requests, "GET" or "POST".
        statuses: what each of them was answered with, 200 or 409 for example.
    """

    def __init__(
        self, base_url: str, before: Callable[[str], None] = lambda method: None, **options: Any
    ) -> None:
        self.requests: list[str] = []
        self.statuses: list[int] = []
        self._before = before
        hooks: Any = {"request": [self._leaves], "response": [self._came]}
        http_client = DefaultHttpxClient(event_hooks=hooks, trust_env=False)
        self.client = Anthropic(api_key="exercise", base_url=base_url, http_client=http_client, **options)

    def _leaves(self, request: Any) -> None:
        if len(self.requests) >= MOST:
            raise _Endless
        self.requests.append(request.method)
        self._before(request.method)

    def _came(self, response: Any) -> None:
        self.statuses.append(response.status_code)

    def call(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        """What the learner's function returns, called with the client and `args`.

        Raises:
            Wrong: it doesn't end. `what` says which case it was.
        """
        self.requests.clear()
        self.statuses.clear()
        try:
            return within(PATIENCE, function, self.client, *args)
        except _Endless:
            raise Wrong(f"{what}: after {MOST} requests it was still sending") from None
        except TookTooLong:
            raise Wrong(f"{what}: it was still at it after {PATIENCE:.0f} s") from None

    def __enter__(self) -> Watched:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()


class ExerciseStore:
    """A store with the memory that an exercise is about between two others, all with a history.

    Args:
        states: what the memory was, one path and content after the other; the last is what it is.
    """

    def __init__(self, api: ManagedAgentsApi, *states: tuple[str, str]) -> None:
        self._api = api.client.with_options(max_retries=0).beta.memory_stores
        self.id = self._api.create(name="Exercise").id
        (path, content), *later = states
        before = self._api.memories.create(self.id, path="/before.md", content="eggs")
        self.memory = self._api.memories.create(self.id, path=path, content=content).id
        after = self._api.memories.create(self.id, path="/unlike.md", content="salt")
        for path, content in later:
            self._api.memories.update(self.memory, memory_store_id=self.id, path=path, content=content)
        for other in (before, after):
            self._api.memories.update(other.id, memory_store_id=self.id, content="not yours")
        self._others = self._rest()

    def _rest(self) -> list[Any]:
        listed = self._api.memories.list(self.id, view="full")
        return [memory for memory in listed if getattr(memory, "id", "") != self.memory]

    @property
    def state(self) -> tuple[str, str]:
        """The memory's path and content."""
        found = self._api.memories.retrieve(self.memory, memory_store_id=self.id)
        return found.path, found.content or ""

    def write(self, content: str) -> None:
        """What somebody else writes, whatever is there."""
        self._api.memories.update(self.memory, memory_store_id=self.id, content=content)

    def redact(self) -> None:
        """Take out of its history what the memory was before its last change."""
        _, version, *_ = self._api.memory_versions.list(self.id, memory_id=self.memory)
        self._api.memory_versions.redact(version.id, memory_store_id=self.id)

    def require(self, what: str, path: str, content: str) -> None:
        """The memory is like that, and nobody touched the others."""
        try:
            state = self.state
        except NotFoundError:
            raise Wrong(f"{what}: the memory's id is gone; change the memory, don't make it anew") from None
        if state != (path, content):
            raise Wrong(
                f"{what}: the memory is now {state[1]!r} at {state[0]}; expected {content!r} at {path}"
            )
        if self._rest() != self._others:
            raise Wrong(f"{what}: another memory of the store has changed, or there is one more")
