"""One line of a basket."""

from dataclasses import dataclass
from decimal import Decimal

from ..catalog.items import Item
from ..money import to_cents
from ..pricing import campaigns


@dataclass(frozen=True)
class Line:
    item: Item
    pieces: int

    def amount(self):
        """What the line costs."""
        rate = campaigns.rate(self.item, self.pieces)
        exact = self.item.price * self.pieces * (Decimal(1) - rate)
        return to_cents(exact)
