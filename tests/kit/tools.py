"""The tool `work` of the turns in `turn_scripts.py`, doing what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from anthropic import beta_async_tool, beta_tool


def make_tool(kind: str, function: Callable[[str], Any]) -> Any:
    """The tool as a sync or an async function, in a thread of its own in both."""
    if not kind.endswith("async"):

        @beta_tool
        def work(name: str) -> Any:
            """Work.

            Args:
                name: on what.
            """
            return function(name)

        return work
    return tool_that("async", lambda name: asyncio.to_thread(function, name))


def tool_that(tool_kind: str, act: Callable[[str], Any]) -> Any:
    """The tool, which does this in its own thread, or in the event loop if it is async."""
    if tool_kind == "sync":
        return make_tool("sync", act)

    @beta_async_tool(name="work")
    async def work(name: str) -> Any:
        """Work.

        Args:
            name: on what.
        """
        result = act(name)
        return await result if asyncio.iscoroutine(result) else result

    return work
