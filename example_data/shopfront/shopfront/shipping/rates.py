"""What a parcel costs."""

from decimal import Decimal

from ..settings import shipping_free_from
from .zones import zone

BY_ZONE = {1: Decimal("4.90"), 2: Decimal("9.90")}
HEAVY = 5000  # grams
MORE = Decimal("6.00")


def postage(basket, goods, country):
    """What a customer pays for the parcel."""
    price = BY_ZONE[zone(country)]
    if goods >= shipping_free_from():
        return Decimal("0.00")
    return price + MORE if basket.grams() > HEAVY else price
