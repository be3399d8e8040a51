"""Mails, into an outbox."""

from ..settings import mail_from
from .wording import confirmation

outbox = []


def confirm(receipt):
    outbox.append((mail_from(), confirmation(receipt)))
