"""Numbers of orders."""

WEIGHTS = (3, 1)


def check_digit(day, count):
    """A digit that notices a mistyped number."""
    digits = f"{day:%y%m%d}{count:04d}"
    return sum(int(d) * WEIGHTS[i % 2] for i, d in enumerate(digits)) % 10


def make(day, count):
    """The number of a day's order."""
    return f"{day:%y%m%d}-{count:04d}-{check_digit(day, count)}"
