"""The tool `decide` of lesson 03: an agent proposes, a person clicks."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from anthropic import beta_async_tool
from anthropic.lib.tools import ToolError

from utilities.show import Buttons

from ..places import DATA

__all__ = ["OFFER", "decide_with"]

OFFER = "the chair arrives tomorrow, offer 10 percent off instead"  # what the agent hears with a no


def decide_with(approved: set[str], click: str | None = None, *, patience: float = 300.0) -> Any:
    """The tool `decide`.

    Args:
        approved: gets the number of each order for which a person says yes.
        click: "Approve" or "Deny" is clicked by code; None leaves it to you.
        patience: seconds to wait. Silence is no.
    """
    orders = json.loads((DATA / "orders/orders.json").read_text("utf-8"))
    display: Any = import_module("IPython.display").display  # only a notebook has it

    @beta_async_tool
    async def decide(order: str, proposal: str) -> str:
        """Ask a person at the shop to approve or deny what you propose.

        Args:
            order: the order's number
            proposal: what you want to do, and why, in one sentence
        """
        if order not in orders:
            raise ToolError(f"there is no order {order!r}; a number looks like {min(orders)}")
        # The sum is from our data, since that is what will be paid. The agent's words are marked as such.
        sum_paid = f"{orders[order]['paid']:.2f}"
        question = Buttons(f"Pay back {sum_paid} for {order}? The agent says: {proposal}", "Approve", "Deny")
        display(question)
        if click is not None:
            question.click(click)
        try:
            picked = await question.answer(timeout=patience)
        except TimeoutError as error:
            return f"denied: {error}"
        if picked == "Approve":
            approved.add(order)
            return "approved"
        return f"denied: {OFFER}"

    return decide
