"""Amounts of money."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def to_cents(amount):
    """Round to cents, halves up."""
    return amount.quantize(CENT, ROUND_HALF_UP)
