"""Settings: what the machine says, and defaults."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path

MACHINE = Path(__file__).parents[1] / "deploy" / "production.toml"


@cache
def of_machine():
    return tomllib.loads(MACHINE.read_text("utf-8")) if MACHINE.exists() else {}


def shipping_free_from():
    """The sum of goods from which shipping is free."""
    value = of_machine().get("shipping_free_from")
    if value is None:
        return Decimal("50.00")
    return Decimal(value)


def mail_from():
    """The sender of our mails."""
    return of_machine().get("mail_from", "shop@localhost")
