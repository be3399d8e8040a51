"""What can go wrong in a checkout."""


class UnknownItem(KeyError):
    """Nothing of that name is sold here."""


class OutOfStock(ValueError):
    """More is wanted than there is."""


class NoShipping(ValueError):
    """We do not send parcels to that country."""
