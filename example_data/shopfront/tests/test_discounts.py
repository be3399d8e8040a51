from decimal import Decimal
from unittest import TestCase

from shopfront.pricing.discounts import discount


class Discounts(TestCase):
    def test_from_ten_pieces(self):
        self.assertEqual(discount(9), 0)
        self.assertEqual(discount(10), Decimal("0.10"))

    def test_from_twenty_five_pieces(self):
        self.assertEqual(discount(25), Decimal("0.20"))
