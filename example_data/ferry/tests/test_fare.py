from decimal import Decimal
from unittest import TestCase

from ferry import fare


class Fare(TestCase):
    def test_a_child_pays_half(self):
        self.assertEqual(fare([40, 9]), Decimal("18.6"))
