"""Quantity discounts: the table, and how it is read."""

from decimal import Decimal

TABLE = [(25, Decimal("0.20")), (10, Decimal("0.10"))]


def discount(pieces):
    """By which part a line of so many pieces costs less."""
    for least, part in TABLE:
        if pieces >= least:
            return part
    return Decimal(0)
