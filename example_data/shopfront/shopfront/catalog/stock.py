"""What is there, less what was sold."""

from collections import Counter

from ..errors import OutOfStock

sold = Counter()


def reserve(basket):
    for line in basket.lines:
        left = line.item.stock - sold[line.item.name]
        if line.pieces > left:
            raise OutOfStock(f"{line.item.name}: {left} left")
    for line in basket.lines:
        sold[line.item.name] += line.pieces
