"""From what a customer wants to a receipt: the one way through the shop."""

from datetime import date

from .cart.basket import Basket
from .catalog import stock
from .notify import mail
from .orders import numbers, store
from .orders.receipt import Receipt
from .pricing.tax import included
from .pricing.total import total
from .shipping.rates import postage


def checkout(wanted, country, day=date(2026, 11, 2)):
    """Sell what is wanted.

    wanted: pieces by the name of an item. country: two letters.
    """
    basket = Basket.of(wanted)
    stock.reserve(basket)
    goods = total(basket)
    shipping = postage(basket, goods, country)
    receipt = Receipt(
        number=numbers.make(day, store.count() + 1),
        lines=[(line.pieces, line.item.name, line.amount()) for line in basket.lines],
        goods=goods,
        shipping=shipping,
        tax=included(goods + shipping, country),
    )
    store.keep(receipt)
    mail.confirm(receipt)
    return receipt
