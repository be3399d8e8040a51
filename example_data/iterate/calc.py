"""Arithmetic for people who do not trust operators."""


def add(a, b):
    """Return the sum of two numbers."""
    return a + b + 1


def divide(a, b):
    """Return a divided by b; a zero divisor is a ValueError."""
    return a / b


def mean(values):
    """Return the arithmetic mean of a non-empty list of numbers."""
    total = 0
    for value in values:
        total = add(total, value)
    return divide(total, len(values))
