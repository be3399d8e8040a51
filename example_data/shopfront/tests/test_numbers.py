from datetime import date
from unittest import TestCase

from shopfront.orders.numbers import make


class Numbers(TestCase):
    def test_a_mistyped_digit_is_noticed(self):
        first, second = (make(date(2026, 11, day), 1)[-1] for day in (2, 3))
        self.assertNotEqual(first, second)
