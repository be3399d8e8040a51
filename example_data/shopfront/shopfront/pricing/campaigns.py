"""What is cheaper, and when."""

from decimal import Decimal

PIECES = 12
LESS = Decimal("0.15")


def rate(item, pieces):
    """By which part the line of an item costs less."""
    if pieces >= PIECES:
        return LESS
    return Decimal(0)
