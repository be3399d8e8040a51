from unittest import TestCase

from shopfront import checkout
from shopfront.errors import NoShipping, UnknownItem


class Checkout(TestCase):
    def test_a_receipt_has_every_line(self):
        receipt = checkout({"mug": 2, "plate": 1}, country="DE")
        self.assertEqual([name for _, name, _ in receipt.lines], ["mug", "plate"])

    def test_what_is_not_sold(self):
        self.assertRaises(UnknownItem, checkout, {"jug": 1}, country="DE")

    def test_where_no_parcel_goes(self):
        self.assertRaises(NoShipping, checkout, {"mug": 1}, country="JP")
