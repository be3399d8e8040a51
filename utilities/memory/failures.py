"""A store whose failures are told: `no hits` is only ever said when the store was asked and has none.

Astrocyte's recall catches whatever its store raises and goes on with what the others found: a file that is
damaged or deleted, a table that is locked, a server that is down would all read "nothing is remembered". So
each operation of a store notes what it raised, and `Brain` raises it at the end of its own operation.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from astrocyte import Astrocyte
from astrocyte.errors import ProviderUnavailable
from astrocyte.types import HealthStatus

from .settings import BrainError

__all__ = ["Brain", "WatchedStore", "same_file"]

OPERATION_SECONDS = 15.0  # of one operation of a store, which takes milliseconds; SQLite's own for a lock: 10
BETWEEN_TRIES = 0.02  # seconds

_failures: ContextVar[list[BaseException] | None] = ContextVar("failures of the store", default=None)


class WatchedStore:
    """A store of Astrocyte's whose operations end in time, and are noted when they fail.

    After its first failure in one operation of the brain it isn't asked again in that operation.

    Args:
        store: any of Astrocyte's.
        check: raises what is wrong with the store that the store itself wouldn't notice.
        passing: whether an error of the store's passes when the operation is tried again.
        too_large: whether it's about what was asked, which Astrocyte then asks in another way.
    """

    def __init__(
        self, store: Any, check: Callable[[], None] = lambda: None,
        passing: Callable[[Exception], bool] = lambda error: False,
        too_large: Callable[[Exception], bool] = lambda error: False,
    ) -> None:  # fmt: skip
        self._store, self._check, self._passing, self._too_large = store, check, passing, too_large

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not inspect.iscoroutinefunction(member):
            return member

        @functools.wraps(member)
        async def watched(*args: Any, **options: Any) -> Any:
            noted = _failures.get()
            if noted:
                raise noted[0]
            try:
                self._check()
                return await self._in_time(name, lambda: member(*args, **options))
            except NotImplementedError:  # what a store can't do is no failure of it
                raise
            except Exception as error:
                if noted is not None and not self._too_large(error):
                    noted.append(error)
                raise

        return watched

    async def health(self) -> HealthStatus:
        """Whether the store can be used; says it, and doesn't raise it."""
        started = time.perf_counter()
        try:
            self._check()
            status: HealthStatus = await self._in_time("health", self._store.health)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            passed = (time.perf_counter() - started) * 1000
            return HealthStatus(healthy=False, message=_said(error), latency_ms=passed)
        return status

    async def _in_time(self, name: str, operation: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(OPERATION_SECONDS) as deadline:
                while True:
                    try:
                        return await operation()
                    except Exception as error:
                        if not self._passing(error):
                            raise
                    await asyncio.sleep(BETWEEN_TRIES)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            told = f"the store was not done with {name} after {OPERATION_SECONDS:g} s"
            asked = "is a table locked, or the server down or out of connections?"
            raise BrainError(f"{told}: {asked}") from error


class Brain(Astrocyte):
    """An Astrocyte that raises BrainError when its store has failed, in every operation."""


def _telling(operation: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(operation)
    async def told(self: Brain, *args: Any, **options: Any) -> Any:
        if _failures.get() is not None:  # a part of another operation, which tells
            return await operation(self, *args, **options)
        noted: list[BaseException] = []
        token = _failures.set(noted)
        try:
            result = await operation(self, *args, **options)
        except ProviderUnavailable as error:
            raise BrainError(_said(error)) from error
        except Exception as error:
            if not noted:
                raise
            raise BrainError(_said(noted[0])) from error
        finally:
            _failures.reset(token)
        if noted:
            raise BrainError(_said(noted[0])) from noted[0]
        return result

    return told


for _name, _operation in list(vars(Astrocyte).items()):
    if inspect.iscoroutinefunction(_operation) and not _name.startswith("_") and _name != "health":
        setattr(Brain, _name, _telling(_operation))


def _said(error: BaseException) -> str:
    """What the store says, in one line; it may go on in lines of context and hints."""
    if isinstance(error, BrainError):
        return str(error)
    said = str(error).strip().partition("\n")[0]
    return f"the store of this brain has failed: {said or type(error).__name__}"


def same_file(path: Path) -> Callable[[], None]:
    """A check that `path` is still the file that it is now.

    SQLite would make an empty one where it is missing, and read whatever lies there in its place.
    """

    def identity() -> tuple[int, int]:
        at = os.stat(path)
        return at.st_dev, at.st_ino

    opened = identity()

    def check() -> None:
        try:
            now = identity()
        except OSError as error:
            told = "it was deleted or moved while this brain was open; put it back, or open a brain again"
            raise BrainError(f"{path}: {error.strerror}: {told}") from error
        if now != opened:
            raise BrainError(f"{path} is another file than when this brain was opened: open a brain again")

    return check
