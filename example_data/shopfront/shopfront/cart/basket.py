"""A basket: a line for each item."""

from ..catalog.items import item
from .line import Line


class Basket:
    def __init__(self, lines):
        self.lines = lines

    @classmethod
    def of(cls, wanted):
        return cls([Line(item(name), pieces) for name, pieces in wanted.items()])

    def grams(self):
        return sum(line.item.grams * line.pieces for line in self.lines)
