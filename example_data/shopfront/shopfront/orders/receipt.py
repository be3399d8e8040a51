"""What a customer gets."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Receipt:
    number: str
    lines: list
    goods: Decimal
    shipping: Decimal
    tax: Decimal

    def __str__(self):
        rows = [f"{pieces:3} {name:8}{amount:9}" for pieces, name, amount in self.lines]
        rows += [f"    shipping{self.shipping:9}", f"    in all  {self.goods + self.shipping:9}"]
        return "\n".join([f"order {self.number}", *rows])
