"""The gate: the tool that lesson 08's agents approve with, for every process that pays."""

from __future__ import annotations

from typing import Any

from anthropic import beta_tool
from anthropic.lib.tools import ToolError

from .ledger import Ledger
from .policy import RECEIPTS, why_a_person

__all__ = ["approving"]


def approving(ledger: Ledger) -> Any:
    """The notebook's tool `approve`, with this ledger."""

    @beta_tool
    def approve(receipt: str) -> str:
        """Approve a receipt by its id, so that it is paid."""
        if receipt not in RECEIPTS:
            raise ToolError(f"no receipt {receipt!r}: an id looks like {min(RECEIPTS)}")
        if why := why_a_person(RECEIPTS[receipt]):
            raise ToolError(f"not approved: {why}; escalate it")
        return ledger.pay(RECEIPTS[receipt])

    return approve
