"""The receipts as a learner sees them."""

from __future__ import annotations

from ..table import Table
from .policy import RECEIPTS

__all__ = ["receipts"]


def receipts() -> Table:
    """A row for each receipt, in their order."""
    columns = ("date", "vendor", "amount", "currency", "category", "note")
    rows = {id: {column: receipt[column] for column in columns} for id, receipt in RECEIPTS.items()}
    return Table("Fourteen receipts", rows)
