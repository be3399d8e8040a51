"""The sum of a basket.

Lines come in exact; the order is rounded once, here.
"""

from decimal import Decimal


def total(basket):
    """What the goods of a basket cost."""
    return sum((line.amount() for line in basket.lines), Decimal(0))
