"""The tax that prices include."""

from decimal import Decimal

from ..money import to_cents

RATES = {"DE": Decimal("0.19"), "NO": Decimal("0.25"), "AT": Decimal("0.20")}


def included(amount, country):
    """How much of an amount is tax."""
    rate = RATES.get(country, Decimal(0))
    return to_cents(amount * rate / (1 + rate))
