"""The fare of all passengers of a booking."""

from decimal import ROUND_HALF_UP, Decimal

from .ages import part
from .prices import ADULT


def fare(ages):
    """What passengers of these ages pay together."""
    exact = [ADULT * part(age) for age in ages]

    # To ten cents, as the till has no smaller coins.
    return sum(exact, Decimal(0)).quantize(Decimal("0.1"), ROUND_HALF_UP)
