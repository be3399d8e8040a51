"""How an exercise on rows tries a learner's function: on scenes of its own, and not for ever."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from utilities import made_with
from utilities.replay.testing import ManagedAgentsApi

from ..exercises import TookTooLong, Wrong, require_answers, within
from .gaps import require_filled
from .row import Row
from .scene import Scene, scene

__all__ = ["require_evidence", "row_of", "try_on_scene"]

PATIENCE = 20.0  # seconds for what should take one


def try_on_scene(function: Any, gaps: int, attempt: Callable[[Scene], Awaitable[None]]) -> None:
    """Await `attempt` with a scene on a replay server of its own.

    Args:
        function: the learner's.
        gaps: how many the exercise's frame has.
        attempt: calls the function, and raises `Wrong` if a row is wrong.

    Raises:
        NotAttempted: all gaps are left.
        Wrong: some are, it is no function, it took too long, or what `attempt` raised.
    """
    if not callable(function):
        raise Wrong(f"the answer is to be a function, not {function!r:.60}")
    require_filled(function, gaps)
    with ManagedAgentsApi() as api:
        made = made_with(api.client)

        async def tried() -> None:
            await attempt(await scene(api.client, made))

        try:
            within(PATIENCE, asyncio.run, tried())
        except TookTooLong:
            raise Wrong(f"it was still at it after {PATIENCE:.0f} s") from None
        finally:
            made.end()


async def row_of(function: Callable[..., Any], here: Scene, text: str) -> Row:
    """The row that a learner's function makes of a text; it may be a coroutine function or none.

    Raises:
        NotAttempted: nothing is in it.
        Wrong: it returned something else than a row.
    """
    returned = function(here, text)
    measured = await returned if inspect.isawaitable(returned) else returned
    require_answers(function, [measured])
    if not isinstance(measured, Row):
        raise Wrong(f"it returns {measured!r:.60}; a row is lesson04.Row(…)")
    return measured


def require_evidence(measured: Row, example: str) -> None:
    """The bank's side rests on a run, the store's on a rule of the replay server.

    Args:
        measured: the row.
        example: where the learner has seen such a rule.

    Raises:
        Wrong: one of them rests on something else.
    """
    if measured.bank.rests_on != "run":
        raise Wrong(
            f"the bank's side really ran here, so it rests on 'run', not on {measured.bank.rests_on!r}"
        )
    if not measured.store.rests_on.startswith("replay:"):
        raise Wrong(
            f"the store's side rests on {measured.store.rests_on!r}, but a replay server gave it: {example}"
        )
