"""The person whom lesson 03's tool `decide` asks: an agent proposes, a person clicks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from utilities.show import Buttons
from utilities.turn.timing import has_threads

__all__ = ["OFFER", "Person"]

OFFER = "the chair arrives tomorrow, offer 10 percent off instead"  # what the agent hears with a no


class Person:
    """Somebody at the shop, who answers questions by clicking a button in the page.

    Args:
        patience: seconds to wait for a click.

    Attributes:
        patience: the same.
        click: "Approve" or "Deny" is clicked by code; None leaves it to you.
    """

    def __init__(self, *, patience: float = 300.0) -> None:
        self.patience = patience
        self.click: str | None = None

    async def asked(self, question: str) -> str:
        """Show the question with two buttons, and wait for the click.

        Returns:
            "Approve"; or why not: what the shop offers instead, or that nobody answered in time.
        """
        display: Any = import_module("IPython.display").display  # only a notebook has it
        buttons = Buttons(question, "Approve", "Deny")
        display(buttons)
        if self.click is not None:
            buttons.click(self.click)
        elif not has_threads():  # JupyterLite hands a click on when the cell is over, but an input at once
            typed = input("A browser hears no click while a cell runs. Type y to approve, n to deny: ")
            buttons.click("Approve" if typed.strip().lower() in ("y", "yes", "approve") else "Deny")
        try:
            picked = await buttons.answer(timeout=self.patience)
        except TimeoutError as error:
            return str(error)
        return picked if picked == "Approve" else OFFER
