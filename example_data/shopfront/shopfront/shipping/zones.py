"""How far away a country is."""

from ..errors import NoShipping

ZONES = {"DE": 1, "AT": 1, "DK": 1, "NO": 2, "SE": 2}


def zone(country):
    if country not in ZONES:
        raise NoShipping(country)
    return ZONES[country]
