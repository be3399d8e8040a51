"""The words of mails."""


def confirmation(receipt):
    return f"Thank you for your order {receipt.number}. It is being packed."
