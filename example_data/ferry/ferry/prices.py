"""What an adult pays."""

from decimal import Decimal

ADULT = Decimal("12.40")
