"""What is in a bank, read from its log of changes: what a page "what we know about you" begins with."""

from __future__ import annotations

from typing import Any

from astrocyte import Astrocyte
from astrocyte.types import AstrocyteContext

__all__ = ["memories_of"]

PAGE = 1_000  # changes read at a time


async def memories_of(
    brain: Astrocyte, bank_id: str, context: AstrocyteContext | None = None
) -> dict[str, str]:
    """The texts that a bank holds now, by memory id, in the order in which they were last changed.

    What was forgotten isn't among them. A long text is several memories, one for each chunk.

    Args:
        brain: from `open_brain`.
        bank_id: the bank.
        context: who acts, for a brain with access control.

    Raises:
        astrocyte.errors.AstrocyteError: the brain refuses, or its store keeps no such log.
    """
    return {id: memory.text for id, memory in (await held(brain, bank_id, context)).items()}


async def held(brain: Astrocyte, bank_id: str, context: AstrocyteContext | None) -> dict[str, Any]:
    """The memories that a bank holds now, by id, as Astrocyte lists them."""
    found: dict[str, Any] = {}
    cursor, more = None, True
    while more:
        page = await brain.list_changes(bank_id, cursor=cursor, limit=PAGE, context=context)
        for memory in page.changes:
            found.pop(memory.id, None)  # one that was changed again comes last
            if not memory.deleted:
                found[memory.id] = memory
        cursor, more = page.next_cursor, page.has_more
    return found
