"""Who pays less."""

from decimal import Decimal

CHILD = 14  # years; from then on one pays like an adult


def part(age):
    if age < CHILD:
        return Decimal("0.5")
    return Decimal(1)
