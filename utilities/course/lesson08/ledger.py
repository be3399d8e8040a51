"""What was paid, in a file that several processes share; each receipt once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from .policy import Receipt

__all__ = ["Ledger", "PaidOtherwise"]


class PaidOtherwise(Exception):
    """The receipt was paid before, and with another amount: a person has to look."""


class Ledger:
    """Payments by receipt.

    Args:
        path: the file, SQLite; it is made if it isn't there.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._run("CREATE TABLE IF NOT EXISTS paid (receipt TEXT PRIMARY KEY, amount TEXT, currency TEXT)")

    def pay(self, receipt: Receipt) -> str:
        """Pay a receipt, unless that was done; returns what to say, the same both times.

        Raises:
            PaidOtherwise: it was paid before, and not this amount.
        """
        id, now = receipt["id"], (receipt["amount"], receipt["currency"])
        self._run("INSERT OR IGNORE INTO paid VALUES (?, ?, ?)", id, *now)
        [paid] = self._run("SELECT amount, currency FROM paid WHERE receipt = ?", id)
        if paid != now:
            raise PaidOtherwise(f"{id}: paid {' '.join(paid)} before, and now it says {' '.join(now)}")
        return f"paid {' '.join(paid)}"

    def paid(self) -> list[str]:
        """The receipts that were paid, by id."""
        return [row[0] for row in self._run("SELECT receipt FROM paid ORDER BY receipt")]

    def _run(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self.path, timeout=30.0)) as db, db:
            return db.execute(statement, values).fetchall()
