"""The items, as items.csv has them."""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from ..errors import UnknownItem


@dataclass(frozen=True)
class Item:
    name: str
    price: Decimal
    grams: int
    stock: int


@cache
def items():
    with (Path(__file__).parent / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: Item(row["name"], Decimal(row["price"]), int(row["grams"]), int(row["stock"]))
        for row in rows
    }


def item(name):
    if name not in items():
        raise UnknownItem(name)
    return items()[name]
